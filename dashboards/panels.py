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

from dashboards.words import RED, Words

SOURCE = common.DataSourceRef(type_val="prometheus", uid="${datasource}")
MISSING_CELL = "-"
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
        return [model.DynamicConfigValue(key, value) for key, value in found]


@dataclass(frozen=True, slots=True)
class Query:
    """A query, the name of its series (`{{label}}` in it), and how they look."""

    expr: str
    legend: str = ""
    look: Look = Look()


def mapping(words: Words) -> model.ValueMap:
    """Values as words with their colours."""
    results = {
        value: model.ValueMappingResult(text=text, color=colour, index=number)
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
    is_name: bool = False,
) -> Tile:
    """The newest values, large (with `is_name` their series' names); coloured where `words` stand beside the colour."""
    panel = build_stat.Panel().unit(unit).no_value(about.short())
    panel.graph_mode(common.BigValueGraphMode.NONE).justify_mode(common.BigValueJustifyMode.AUTO)
    mode = common.BigValueTextMode.VALUE_AND_NAME if named else common.BigValueTextMode.VALUE
    panel.text_mode(common.BigValueTextMode.NAME if is_name else mode)
    panel.reduce_options(build_common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
    # A background only where every value has a colour of its own: the others would stand in white.
    coloured = words is not None or all(query.look.colour for query in queries)
    panel.color_mode(common.BigValueColorMode.BACKGROUND if coloured else common.BigValueColorMode.VALUE)
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color("text"))
    if words is not None:
        panel.mappings([mapping(words)])
    if decimals is not None:
        panel.decimals(decimals)
    _ask(panel, queries, instant=True)
    return about.of(panel)


def bars(about: About, *queries: Query, unit: str, decimals: int, words: Words) -> Tile:
    """A bar for each series, with its value as text, in its query's colour; `words` stand for some values."""
    panel = bargauge.Panel().unit(unit).decimals(decimals).no_value(about.short()).min(0)
    panel.display_mode(common.BarGaugeDisplayMode.BASIC).orientation(common.VizOrientation.HORIZONTAL)
    panel.reduce_options(build_common.ReduceDataOptions().calcs(["lastNotNull"]).fields("").values(False))
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color("blue"))
    panel.mappings([mapping(words)])
    _ask(panel, queries, instant=True)
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
    _ask(panel, queries, instant=False)
    return about.of(panel)


def states(about: About, *queries: Query, words: Words) -> Tile:
    """Bands over time, a word in each."""
    panel = statetimeline.Panel().unit("none").no_value(about.short()).interval(LEAST_STEP).mappings([mapping(words)])
    panel.show_value(common.VisibilityMode.AUTO).merge_values(True).row_height(0.8).fill_opacity(70)
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color("text"))
    # Grafana's legend would name every word of the mapping, there or not; each band has its own in it.
    legend = build_common.VizLegendOptions().show_legend(False).placement(common.LegendPlacement.BOTTOM)
    panel.legend(legend.display_mode(common.LegendDisplayMode.LIST).calcs([]))
    _ask(panel, queries, instant=False)
    return about.of(panel)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the field (a label, or `Value #A` of the first query), its head, and how it looks."""

    field: str
    head: str
    unit: str | None = None
    decimals: int | None = None
    words: Sequence[model.ValueMap | model.RangeMap] = ()
    link: tuple[str, str] | None = None
    width: int | None = None
    is_hidden: bool = False

    def properties(self) -> list[model.DynamicConfigValue]:
        """As an override's properties; a hidden column is still known to links."""
        found: list[tuple[str, object]] = [("displayName", self.head)]
        if self.is_hidden:
            found.append(("custom.hidden", True))
        if self.unit is not None:
            found.append(("unit", self.unit))
        if self.decimals is not None:
            found.append(("decimals", self.decimals))
        if self.words:
            found += [("mappings", list(self.words)), ("custom.cellOptions", {"type": "color-text"})]
        if self.link is not None:
            found.append(("links", [{"title": self.link[0], "url": self.link[1], "targetBlank": False}]))
        if self.width is not None:
            found.append(("custom.width", self.width))
        return [model.DynamicConfigValue(key, value) for key, value in found]


def table(about: About, *queries: Query, columns: Sequence[Column], hidden: Sequence[str], sort: str | None) -> Tile:
    """A row for each set of labels, the columns in the order given; the greatest of the column headed `sort` first."""
    panel = build_table.Panel().unit("none").no_value(MISSING_CELL).cell_height(common.TableCellHeight.SM)
    panel.color_scheme(build.FieldColor().mode(model.FieldColorModeId.FIXED).fixed_color("text"))
    panel.with_transformation(model.DataTransformerConfig("merge", options={}))
    options = {
        "excludeByName": dict.fromkeys(["Time", *hidden], True),
        "indexByName": {column.field: number for number, column in enumerate(columns)},
        "renameByName": {},
    }
    panel.with_transformation(model.DataTransformerConfig("organize", options=options))
    for column in columns:
        panel.override_by_name(column.field, column.properties())
    if sort is not None:
        panel.sort_by([build_common.TableSortByFieldState().display_name(sort).desc(True)])
    _ask(panel, queries, instant=True, form=PromQueryFormat.TABLE)
    return about.of(panel)


def thresholds(of: Mapping[str, str], unit: str | None = None) -> list[Query]:
    """Dashed lines of a threshold's two severities, from an expression for each."""
    colours = {"warning": "orange", "critical": RED}
    return [
        Query(expr, f"{severity} threshold", Look(unit, colour=colours[severity], dashed=True))
        for severity, expr in of.items()
    ]


def _ask(
    panel: Graph,
    queries: Sequence[Query],
    *,
    instant: bool,
    form: PromQueryFormat = PromQueryFormat.TIME_SERIES,
) -> None:
    panel.datasource(SOURCE)
    for ref, query in zip("ABCDEFGHIJ", queries, strict=False):
        target = prometheus.Dataquery().ref_id(ref).expr(query.expr).legend_format(query.legend or "__auto")
        panel.with_target((target.instant() if instant else target.range()).format(form))
        properties = query.look.properties()
        if properties:
            panel.override_by_query(ref, properties)
