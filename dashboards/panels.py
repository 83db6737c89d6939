"""The kinds of panel that the dashboards are made of; each says what it answers and what to do."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import bargauge, prometheus, statetimeline, timeseries
from grafana_foundation_sdk.builders import common as build_common
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import stat as build_stat
from grafana_foundation_sdk.builders import table as build_table
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.words import ORANGE, QUIET, RED, Words

SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
DAYS, MINUTES = "suffix: days", "suffix: min"
"""Grafana's own units of time change with the value: 9 days would be 1.29 weeks, and a tick 16.7 minutes."""
LEAST_STEP = "1m"
"""The rules' interval: Grafana takes it for the scrape interval too, so that `$__rate_interval` spans four scrapes."""

Graph = build_stat.Panel | build_table.Panel | timeseries.Panel | bargauge.Panel | statetimeline.Panel


@dataclass(frozen=True, slots=True)
class Tile:
    """A panel and its size; `question`, `bad` and `none` are what its description and the documentation say."""

    title: str
    question: str
    bad: str
    none: str
    width: int
    height: int
    panel: Graph


@dataclass(frozen=True, slots=True)
class About:
    """What a panel answers, what to do when it looks bad, and what it means that it shows nothing."""

    title: str
    question: str
    bad: str
    none: str
    width: int
    height: int

    def description(self) -> str:
        """The text behind the panel's (i)."""
        return f"{self.question}\n\n**When it looks bad:** {self.bad}\n\n**No data:** {self.none}"

    def short(self) -> str:
        """What stands in the panel that shows nothing: the beginning of `none`."""
        return re.split(r"[:;.,]", self.none)[0]

    def of(self, panel: Graph) -> Tile:
        """The panel with its title and description."""
        panel.title(self.title).description(self.description())
        return Tile(self.title, self.question, self.bad, self.none, self.width, self.height, panel)


@dataclass(frozen=True, slots=True)
class Look:
    """How a query's values look, where they differ from the panel's."""

    unit: str | None = None
    words: Words | None = None
    colour: str | None = None
    dashed: bool = False
    points: bool = False
    right: str | None = None
    """The label of an axis of its own, on the right."""

    def properties(self) -> list[model.DynamicConfigValue]:
        """As an override's properties."""
        found: list[tuple[str, object]] = []
        if self.unit is not None:
            found.append(("unit", self.unit))
        if self.words is not None:
            found.append(("mappings", [mapping(self.words)]))
        if self.colour is not None:
            found.append(("color", {"mode": "fixed", "fixedColor": self.colour}))
        if self.dashed:
            found += [("custom.lineStyle", {"fill": "dash", "dash": [10, 10]}), ("custom.fillOpacity", 0)]
        if self.points:
            found += [("custom.drawStyle", "points"), ("custom.pointSize", 12)]
        if self.right is not None:
            found += [("custom.axisPlacement", "right"), ("custom.axisLabel", self.right)]
        return [model.DynamicConfigValue(key, value) for key, value in found]


@dataclass(frozen=True, slots=True)
class Query:
    """A query, the name of its series (`{{label}}` in it), and how they look."""

    expr: str
    legend: str = ""
    look: Look = Look()


def mapping(words: Words) -> model.ValueMap:
    """Values as words with their colours; without a colour the value keeps the one that it has."""
    results = {
        value: model.ValueMappingResult(text=text, color=colour or None, index=number)
        for number, (value, (text, colour)) in enumerate(words.items())
    }
    return model.ValueMap(results)


def stat(
    about: About,
    *queries: Query,
    unit: str,
    words: Words | None = None,
    decimals: int | None = None,
    named: bool = False,
    mode: common.BigValueTextMode | None = None,
) -> Tile:
    """The newest values, large; coloured only where `words` or their names stand beside the colour."""
    panel = build_stat.Panel().unit(unit).no_value(about.short())
    panel.graph_mode(common.BigValueGraphMode.NONE).justify_mode(common.BigValueJustifyMode.AUTO)
    plain = common.BigValueTextMode.VALUE_AND_NAME if named else common.BigValueTextMode.VALUE
    panel.text_mode(mode or plain)
    panel.reduce_options(build_common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
    # A background only where every value has a colour of its own: the others would stand in white.
    coloured = words is not None or all(query.look.colour for query in queries)
    panel.color_mode(common.BigValueColorMode.BACKGROUND if coloured else common.BigValueColorMode.VALUE)
    # Behind "the provider tells no plan" too: in the text's colour it would be the loudest tile of all.
    behind = QUIET if coloured else "text"
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color(behind))
    if words is not None:
        panel.mappings([mapping(words)])
    if decimals is not None:
        panel.decimals(decimals)
    ask(panel, queries, instant=True)
    return about.of(panel)


def bars(about: About, *queries: Query, unit: str, decimals: int) -> Tile:
    """A bar for each series, with its value as text; each query has its colour, and the names say what it means."""
    panel = bargauge.Panel().unit(unit).decimals(decimals).no_value(about.short()).min(0)
    panel.display_mode(common.BarGaugeDisplayMode.BASIC).orientation(common.VizOrientation.HORIZONTAL)
    panel.reduce_options(build_common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color("blue"))
    ask(panel, queries, instant=True)
    return about.of(panel)


def lines(about: About, *queries: Query, unit: str, decimals: int | None = None, least: float | None = None) -> Tile:
    """Lines over time, never stacked."""
    panel = timeseries.Panel().unit(unit).no_value(about.short()).interval(LEAST_STEP)
    panel.line_width(2).fill_opacity(0).show_points(common.VisibilityMode.AUTO).span_nulls(False)
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
    legend = build_common.VizLegendOptions().show_legend(True).placement(common.LegendPlacement.BOTTOM)
    panel.legend(legend.display_mode(common.LegendDisplayMode.TABLE).calcs(["lastNotNull"]))
    panel.tooltip(
        build_common.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI).sort(common.SortOrder.DESCENDING)
    )
    if decimals is not None:
        panel.decimals(decimals)
    if least is not None:
        panel.axis_soft_min(least)
    ask(panel, queries, instant=False)
    return about.of(panel)


def states(about: About, *queries: Query, words: Words) -> Tile:
    """Bands over time, a word in each."""
    panel = statetimeline.Panel().unit("none").no_value(about.short()).interval(LEAST_STEP).mappings([mapping(words)])
    panel.show_value(common.VisibilityMode.AUTO).merge_values(True).row_height(0.8).fill_opacity(70)
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color("text"))
    # Grafana's legend would name every word of the mapping, there or not; each band has its own in it.
    legend = build_common.VizLegendOptions().show_legend(False).placement(common.LegendPlacement.BOTTOM)
    panel.legend(legend.display_mode(common.LegendDisplayMode.LIST).calcs([]))
    ask(panel, queries, instant=False)
    return about.of(panel)


def thresholds(of: Mapping[str, str], unit: str | None = None) -> list[Query]:
    """Dashed lines of a threshold's two severities, from an expression for each."""
    colours = {"warning": ORANGE, "critical": RED}
    return [
        Query(expr, f"{severity} threshold", Look(unit, colour=colours[severity], dashed=True))
        for severity, expr in of.items()
    ]


def ask(
    panel: Graph,
    queries: Sequence[Query],
    *,
    instant: bool,
    form: PromQueryFormat = PromQueryFormat.TIME_SERIES,
) -> None:
    """Give a panel its queries, each with its looks."""
    panel.datasource(SOURCE)
    for ref, query in zip("ABCDEFGHIJKLM", queries, strict=False):
        target = prometheus.Dataquery().ref_id(ref).expr(query.expr).legend_format(query.legend or "__auto")
        panel.with_target((target.instant() if instant else target.range()).format(form))
        properties = query.look.properties()
        if properties:
            panel.override_by_query(ref, properties)
