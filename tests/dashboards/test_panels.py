"""What stands in the panels' JSON so that one can read them: widths at 1280 pixels, folded rows, units, quiet colours."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from dashboards import words
from exporter.providers.catalogue import builtin
from tests.dashboards.frames import Shown, config, empty, figures
from tests.dashboards.reading import DASHBOARDS, graphs
from tests.dashboards.test_lint import EVERY_PANEL

COLUMN_PIXELS = (1280 - 32) / 24
"""One of the grid's 24 in a window of 1280 pixels: the margins are 16 on each side."""

LETTER_PIXELS = 6.7
LEAST_COLUMN_PIXELS = 150
"""What Grafana gives a column of a table at least that has no width."""

PANELS = [(uid, panel) for uid, one in DASHBOARDS.items() for panel in graphs(one)]
WHERE_THERE_ARE_SEVERAL = {"in_namespace", "in_job", "wallet"}
"""Columns that most tables don't have."""


def panel_of(uid: str, title: str) -> Any:
    (panel,) = (panel for its, panel in PANELS if (its, panel["title"]) == (uid, title))
    return panel


def columns(panel: Any) -> Mapping[str, Mapping[str, Any]]:
    """The columns in sight, by their fields."""
    order = panel["transformations"][1]["options"]["indexByName"]
    found = {name: config(panel, name) for name in order}
    return {name: of for name, of in found.items() if not of.get("custom.hidden")}


@EVERY_PANEL
def test_all_columns_of_a_table_are_in_sight_at_1280_pixels(panel: Any) -> None:
    if panel["type"] == "table":
        shown = {name: of for name, of in columns(panel).items() if name not in WHERE_THERE_ARE_SEVERAL}
        needed = sum(of.get("custom.width", LEAST_COLUMN_PIXELS) for of in shown.values())
        assert needed <= panel["gridPos"]["w"] * COLUMN_PIXELS - 16
        for name, of in shown.items():
            longest = max(len(text) for text in texts(of))
            assert longest * LETTER_PIXELS + 12 <= of.get("custom.width", LEAST_COLUMN_PIXELS), name


def texts(of: Mapping[str, Any]) -> Iterator[str]:
    """A column's head, and the words that it may have."""
    yield of["displayName"]
    if of["displayName"] == "Age of data":
        yield "a few seconds ago"
    for mapping in of.get("mappings", ()):
        results = mapping["options"].values() if mapping["type"] == "value" else [mapping["options"]["result"]]
        yield from (result["text"] for result in results)


@EVERY_PANEL
def test_a_title_has_room(panel: Any) -> None:
    assert len(panel["title"]) * 7.5 <= panel["gridPos"]["w"] * COLUMN_PIXELS - 8


def test_tiles_beside_each_other_begin_differently() -> None:
    first = [(uid, panel["gridPos"]["y"], panel["title"][:8]) for uid, panel in PANELS if panel["type"] == "stat"]
    assert len(first) == len(set(first))


def test_rows_of_what_many_accounts_lack_are_folded_and_stand_last() -> None:
    rows = [panel for panel in DASHBOARDS["sms-account"]["panels"] if panel["type"] == "row"]
    folded = [row["collapsed"] for row in rows]
    assert folded == sorted(folded)
    assert [row["title"] for row in rows if not row["collapsed"]] == ["Now", "Credit", "Can it be asked?"]
    inside = {panel["title"] for row in rows for panel in row["panels"]}
    assert inside >= {"Features", "Contacts", "Prices by country", "Terms of the credit", "Messages left by channel"}
    assert all(bool(row["panels"]) == row["collapsed"] for row in rows)
    after = [row["gridPos"]["y"] for row in rows if row["collapsed"]]
    assert after == list(range(after[0], after[0] + len(after)))
    assert all(panel["gridPos"]["y"] > row["gridPos"]["y"] for row in rows for panel in row["panels"])


@EVERY_PANEL
def test_a_tile_with_nothing_in_it_is_quiet(panel: Any) -> None:
    if panel["type"] == "stat":
        (shown,) = figures(panel, empty(panel), 0)
        assert shown.text
        assert shown.colour == (words.QUIET if panel["options"]["colorMode"] == "background" else words.GREY)
    if panel["title"] == "Plan":
        assert shown == Shown("", "the provider tells no plan", words.QUIET)


MONEY = re.compile(
    r"(?:min|max|sum) by \([^()]*currency[^()]*\) \("
    r"(?:last_over_time\()?(?:account:)?sms_credit_(?:balance|spend|habit|last|overdraft|expiring)"
)


def test_money_has_its_cents_always() -> None:
    found = []
    for _, panel in PANELS:
        for target in panel["targets"]:
            if MONEY.match(target["expr"]):
                of = config(panel, f"Value #{target['refId']}" if panel["type"] == "table" else target["refId"])
                # Grafana's `locale` would write 12.5.
                assert (of["unit"], of["decimals"]) == ("none", 2), panel["title"]
                found.append(panel["title"])
    assert set(found) >= {"Balance", "Accounts", "Spend an hour", "Spend a day", "Spend in the last day"}


def test_a_runway_is_drawn_to_sixty_days_and_that_says_more() -> None:
    long = {"60": "more than 60 days"}
    for uid, title in (
        ("sms-account", "Runway"),
        ("sms-account", "Runway over time"),
        ("sms-overview", "Next to run dry"),
    ):
        panel = panel_of(uid, title)
        runways = [target for target in panel["targets"] if "runway:seconds" in target["expr"]]
        assert runways
        for target in runways:
            of = config(panel, target["refId"])
            (mapping,) = of["mappings"]
            assert {value: result["text"] for value, result in mapping["options"].items()} == long
            assert not any(result.get("color") for result in mapping["options"].values())
            assert "clamp_max(" in target["expr"]
            assert of["unit"] == "suffix: days"
    limits = panel_of("sms-account", "Runway over time")
    assert [config(limits, ref)["color"]["fixedColor"] for ref in "BC"] == [words.ORANGE, words.RED]
    assert [config(limits, ref)["unit"] for ref in "BC"] == ["suffix: days"] * 2


def test_ticks_of_ages_are_whole_and_calls_are_counted_by_the_minute() -> None:
    for uid, title in (("sms-account", "Age of data"), ("sms-exporter", "Oldest data")):
        panel = panel_of(uid, title)
        assert [config(panel, target["refId"])["unit"] for target in panel["targets"]] == ["suffix: min"]
        assert all(target["expr"].endswith(" / 60") for target in panel["targets"])
    for uid, title in (("sms-account", "Calls and failures"), ("sms-exporter", "Calls")):
        panel = panel_of(uid, title)
        assert {config(panel, target["refId"])["unit"] for target in panel["targets"]} == {"reqpm"}
        assert all(target["expr"].startswith("60 * sum by") for target in panel["targets"])


def test_the_version_is_its_name_and_lists_have_an_axis_of_their_own() -> None:
    assert panel_of("sms-exporter", "Version")["options"]["textMode"] == "name"
    contacts = panel_of("sms-account", "Contacts")
    placed = {target["legendFormat"]: config(contacts, target["refId"]) for target in contacts["targets"]}
    assert [name for name, of in placed.items() if of.get("custom.axisPlacement") == "right"] == ["lists (right)"]


def test_marks_of_all_accounts_are_off_until_one_asks_for_them() -> None:
    enabled = {uid: [mark["enable"] for mark in one["annotations"]["list"]] for uid, one in DASHBOARDS.items()}
    assert not any(enabled["sms-overview"])
    assert all(enabled["sms-account"])


def test_providers_have_their_names_and_pots_their_column() -> None:
    names = {provider.id: provider.name for provider in builtin().values()}
    assert len(names) >= 39
    for title in ("Accounts", "Alerts that fire, worst first"):
        (mapping,) = columns(panel_of("sms-overview", title))["provider"]["mappings"]
        assert {value: result["text"] for value, result in mapping["options"].items()} == names
    assert columns(panel_of("sms-overview", "Accounts"))["wallet"]["displayName"] == "Pot"
    for title in ("Balance", "Runway", "Credit"):
        assert "{{wallet}}" in panel_of("sms-account", title)["targets"][0]["legendFormat"]
