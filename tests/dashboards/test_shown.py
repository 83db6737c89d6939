"""What one sees on the dashboards of the scenario's accounts: texts and colours, as a panel makes them of its frames."""

from typing import Any

import pytest

from dashboards import words
from exporter.simulator import accounts
from tests.dashboards import history
from tests.dashboards.frames import Shown, figures, frames, rows
from tests.dashboards.reading import DASHBOARDS, graphs

pytestmark = pytest.mark.end_to_end

PROVIDERS = {account.name: account.provider for account in accounts.ACCOUNTS}


def panel_of(uid: str, title: str) -> Any:
    (panel,) = (panel for panel in graphs(DASHBOARDS[uid]) if panel["title"] == title)
    return panel


def tile(url: str, account: str, title: str) -> list[Shown]:
    """What a tile of an account's page shows."""
    panel = panel_of("sms-account", title)
    chosen = {"provider": PROVIDERS[account], "account": account}
    return figures(panel, frames(url, "sms-account", panel, history.END, **chosen), history.END)


def table(url: str, uid: str, title: str, **chosen: str) -> list[dict[str, str]]:
    panel = panel_of(uid, title)
    return rows(panel, frames(url, uid, panel, history.END, **chosen), history.END)


def test_what_a_rejected_key_hides_is_grey_and_says_since_when(scenario: str) -> None:
    for title, api_has in (("Credit", "Was: "), ("Balance", ""), ("Runway", "")):
        *values, seen = tile(scenario, "old-intranet", title)
        assert values, title
        assert {shown.colour for shown in (*values, seen)} == {words.PALE}, title
        assert all(shown.text.startswith(api_has) for shown in values)
        assert all("not current" in shown.name or api_has for shown in values)
        assert (seen.name, seen.text) in {("last seen", "5 hours ago"), ("last seen", "6 hours ago")}


def test_what_is_current_says_nothing_of_its_age(scenario: str) -> None:
    for title in ("Credit", "Balance", "Runway", "Plan", "Plan ends"):
        shown = tile(scenario, "crm-loyalty", title)
        assert shown, title
        assert not [one for one in shown if one.colour == words.PALE or one.name == "last seen"], title


@pytest.mark.parametrize(
    ("account", "says", "colour"),
    [
        ("crm-loyalty", "Renews itself", words.GREEN),
        ("school-board", "Ends: nobody renews it", words.ORANGE),
        ("tour-office", "Renewal is OVERDUE", words.ORANGE),
        ("gym-members", "Is OVER", words.RED),
    ],
)
def test_a_renewal_is_what_became_of_it(scenario: str, account: str, says: str, colour: str) -> None:
    renewal, end = tile(scenario, account, "Plan ends")
    assert (renewal.text, renewal.colour) == (says, colour)
    assert end.text.endswith("ago") == (account in {"tour-office", "gym-members"})


def test_an_account_without_a_plan_says_so_quietly(scenario: str) -> None:
    assert tile(scenario, "bank-otp", "Plan") == [Shown("", "the provider tells no plan", words.QUIET)]


def test_the_runway_has_the_colour_of_its_alert(scenario: str) -> None:
    said = {account: tile(scenario, account, "Runway")[0] for account in PROVIDERS}
    alerts = table(scenario, "sms-overview", "Alerts that fire, worst first")
    red, short = (
        {row["Account"] for row in alerts if row["What"] == words.ALERTS[what]}
        for what in ("SMSCreditRunwayCritical", "SMSCreditRunwayShort")
    )
    assert red
    assert {account for account in red if said[account].colour == words.RED} == red
    # Both may fire: the worse gives the colour.
    assert short - red
    assert {account for account in short - red if said[account].colour == words.ORANGE} == short - red
    assert all(
        one.text.endswith("days") for one in said.values() if one.colour in {words.RED, words.ORANGE, words.BLUE}
    )


def test_next_to_run_dry_counts_days_and_has_the_colours_of_the_thresholds(scenario: str) -> None:
    panel = panel_of("sms-overview", "Next to run dry")
    shown = figures(panel, frames(scenario, "sms-overview", panel, history.END), history.END)
    assert len(shown) == 10
    assert all(one.text.endswith("days") for one in shown)
    assert {one.colour for one in shown} >= {words.RED, words.ORANGE}
    for one in shown:
        assert (": critical" in one.name) == (one.colour == words.RED)
        assert (": warning" in one.name) == (one.colour == words.ORANGE)
        assert (": not current" in one.name) == (one.colour == words.PALE)


def test_no_alert_is_a_row_that_says_so_and_leads_to_the_list_of_runbooks(scenario: str) -> None:
    chosen = {"provider": PROVIDERS["bank-otp"], "account": "bank-otp"}
    for uid in ("sms-account", "sms-overview"):
        (row,) = table(scenario, uid, "Alerts that fire, worst first", **chosen)
        assert row == {"Severity": "All is well", "What": "No alert fires"}


def test_alerts_stand_in_words_without_job_and_namespace(scenario: str) -> None:
    found = table(scenario, "sms-overview", "Alerts that fire, worst first")
    assert {row["What"] for row in found} <= set(words.ALERTS.values())
    assert {head for row in found for head in row} == {"Severity", "What", "Since", "Account", "Provider"}
    assert {row["Provider"] for row in found} <= {name for name, _ in words.PROVIDERS.values()}


def test_the_table_of_accounts_has_what_each_needs_and_no_more(scenario: str) -> None:
    found = table(scenario, "sms-overview", "Accounts")
    assert {row["Account"] for row in found} == set(PROVIDERS)
    heads = {head for row in found for head in row}
    assert {"Urgency", "Balance", "Runway", "Plan ends", "Age of data", "Alerts"} <= heads
    assert not {"Job", "Namespace"} & heads
    assert all(row["Balance"][-3] == "." for row in found if "Balance" in row)
    runways = {row["Account"]: row["Runway"] for row in found if "Runway" in row}
    assert runways.pop("old-intranet") == "not current"
    assert all(runway.endswith("days") for runway in runways.values())
    ages = {row["Account"]: row["Age of data"] for row in found}
    assert ages["old-intranet"] in {"5 hours ago", "6 hours ago"}
