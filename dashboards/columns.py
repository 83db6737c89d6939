"""Tables, column by column."""

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common as build_common
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import table as build_table
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.panels import About, Query, Tile, ask

MISSING_CELL = "-"


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
    hidden: bool = False
    """Out of sight, yet there for links."""

    def properties(self) -> list[model.DynamicConfigValue]:
        """As an override's properties."""
        found: list[tuple[str, object]] = [("displayName", self.head)]
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
        if self.hidden:
            found.append(("custom.hidden", True))
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
    ask(panel, queries, instant=True, form=PromQueryFormat.TABLE)
    return about.of(panel)
