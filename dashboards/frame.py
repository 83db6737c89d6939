"""What every dashboard has around its panels: variables, links, annotations, places."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model

from dashboards.panels import SOURCE, Tile
from dashboards.queries import CHOSEN

TAG = "sms-exporter"
SCHEMA_VERSION = 38
"""Grafana 10.0's: a later Grafana brings it up to its own when it loads it; an earlier would not read a newer one."""

_COLUMNS = 24
_LABEL_VALUES = 1
"""The kind of a variable's query, as Grafana's editor counts them."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the panels under it; a folded one is for what many accounts don't have, and stands last."""

    title: str
    tiles: Sequence[Tile]
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """An annotation: vertical lines in every graph, where a query has a value."""

    name: str
    expr: str
    title: str
    text: str
    tags: str
    colour: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice above the dashboard, from the values of a label: several where it is `multi`, and `every` for All."""

    name: str
    query: str
    multi: bool = True
    every: str = ".+"


def targets(name: str) -> list[Variable]:
    """The choices of exporters, by the targets that show a metric; All takes in those that have no namespace."""
    return [
        Variable("job", f"label_values({name}, job)"),
        Variable("namespace", f'label_values({name}{{job=~"$job"}}, namespace)', every=".*"),
        Variable("instance", f"label_values({name}{{{CHOSEN}}}, instance)"),
    ]


@dataclass(frozen=True, slots=True)
class Page:
    """A dashboard."""

    uid: str
    title: str
    description: str
    variables: Sequence[Variable]
    marks: Sequence[Mark]
    sections: Sequence[Section]
    refresh: str
    span: str
    links: Sequence[tuple[str, str]]
    """Further links: a title and a URL."""


def document(page: Page) -> dict[str, Any]:
    """The dashboard as Grafana's classic JSON."""
    frame = build.Dashboard(page.title).uid(page.uid).description(page.description).tags([TAG]).readonly()
    frame.timezone("browser").tooltip(model.DashboardCursorSync.CROSSHAIR).refresh(page.refresh)
    frame.time(f"now-{page.span}", "now")
    frame.with_variable(build.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    for variable in page.variables:
        frame.with_variable(_variable(variable))
    siblings = build.DashboardLink("SMS dashboards").type(model.DashboardLinkType.DASHBOARDS).tags([TAG])
    frame.link(siblings.icon("external link").include_vars(False).keep_time(True))
    for title, url in page.links:
        link = build.DashboardLink(title).type(model.DashboardLinkType.LINK).url(url).icon("doc").target_blank(True)
        frame.link(link.tooltip(title))
    for mark in page.marks:
        frame.annotation(_annotation(mark))
    _place(frame, page.sections)
    made: dict[str, Any] = json.loads(json.dumps(frame.build(), cls=JSONEncoder))
    return _tidied({**made, "id": None, "schemaVersion": SCHEMA_VERSION, "version": 1})


def _variable(variable: Variable) -> build.QueryVariable:
    made = build.QueryVariable(variable.name).label(variable.name.capitalize()).datasource(SOURCE)
    made.query(
        {"qryType": _LABEL_VALUES, "query": variable.query, "refId": "PrometheusVariableQueryEditor-VariableQuery"}
    ).definition(variable.query)
    made.refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED).sort(model.VariableSort.NATURAL_ASC)
    if variable.multi:
        made.multi(True).include_all(True).all_value(variable.every)
        made.current(model.VariableOption(text="All", value="$__all", selected=True))
    return made


def _annotation(mark: Mark) -> build.AnnotationQuery:
    made = build.AnnotationQuery().name(mark.name).datasource(SOURCE).enable(mark.enabled).hide(False)
    made.expr(mark.expr).title_format(mark.title).text_format(mark.text).tag_keys(mark.tags)
    return made.icon_color(mark.colour).step("5m").use_value_for_time(False)


def _place(frame: build.Dashboard, sections: Sequence[Section]) -> None:
    number, top = 0, 0
    for section in sections:
        number += 1
        row = build.Row(section.title).id(number).collapsed(section.folded)
        row.grid_pos(model.GridPos(h=1, w=_COLUMNS, x=0, y=top))
        x, y, height = 0, top + 1, 0
        panels = []
        for tile in section.tiles:
            if x + tile.width > _COLUMNS:
                x, y, height = 0, y + height, 0
            number += 1
            panels.append(tile.panel.id(number).grid_pos(model.GridPos(h=tile.height, w=tile.width, x=x, y=y)))
            x, height = x + tile.width, max(height, tile.height)
        if section.folded:
            # The panels of a folded row lie in it, where they would be if it was open; what follows is right below it.
            for panel in panels:
                row.with_panel(panel)
            frame.with_row(row)
            top += 1
        else:
            frame.with_row(row)
            for panel in panels:
                frame.with_panel(panel)
            top = y + height


def panels_of(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel of a dashboard, those in folded rows and the rows themselves among them."""
    for panel in made["panels"]:
        yield panel
        yield from panel.get("panels", ())


def _tidied(made: dict[str, Any]) -> dict[str, Any]:
    """Without what the builders set by themselves and an older or a newer Grafana would misread."""
    for variable in made["templating"]["list"]:
        for name in ("auto", "auto_min", "auto_count", "allowCustomValue"):
            variable.pop(name, None)
    for mark in made["annotations"]["list"]:
        # These move it out of sight, into a menu; the expression belongs under the annotation and its target alike.
        mark.pop("placement", None)
        mark.pop("builtIn", None)
        mark["target"] = {"expr": mark["expr"], "interval": mark["step"], "refId": "Anno"}
    for link in made["links"]:
        link.pop("placement", None)
    for panel in panels_of(made):
        panel.pop("repeatDirection", None)
        if panel["type"] == "state-timeline":
            # No pages: a pager would stand under a single one too. The builder knows no zero.
            panel["options"]["perPage"] = 0
        for target in panel.get("targets", ()):
            target["datasource"] = panel["datasource"]
    return made
