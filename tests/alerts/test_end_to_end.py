"""The whole way: simulator, exporter, Prometheus with the rules, Alertmanager, a webhook; real, and 60 times as fast."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml

from tests.alerts.loading import ALERTS, script
from tests.conftest import program

stack = script("stack")

pytestmark = pytest.mark.end_to_end

FACTOR = 60
DEFAULTS = {"cache_ttl": "1s", "stale_for": "5s", "timeout": "2s"}


class Heard:
    """What Alertmanager posted."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, message: tuple[str, dict[str, Any]]) -> None:
        self.messages.append(message)

    def alerts(self, receiver: str, name: str, account: str, status: str = "firing") -> list[dict[str, Any]]:
        return [
            alert
            for path, document in list(self.messages)
            if path == f"/{receiver}"
            for alert in document["alerts"]
            if (alert["labels"]["alertname"], alert["labels"].get("account"), alert["status"])
            == (name, account, status)
        ]

    def wait(
        self, receiver: str, name: str, account: str, status: str = "firing", seconds: float = 60
    ) -> dict[str, Any]:
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            found = self.alerts(receiver, name, account, status)
            if found:
                return found[0]
            time.sleep(0.1)
        pytest.fail(f"{name} of {account} is not {status} at {receiver}: {self.messages}")

    def names(self) -> set[str]:
        return {alert["labels"]["alertname"] for _, d in self.messages if "alerts" in d for alert in d["alerts"]}


@contextmanager
def running(replicas: int) -> Iterator[tuple[Any, Heard]]:
    for name in ("prometheus", "amtool"):
        program(name)
    heard = Heard()
    with stack.Stack(heard, factor=FACTOR, speed=1, replicas=replicas, defaults=DEFAULTS) as made:
        yield made, heard


def answers(simulator: str, account: str, api: str, document: dict[str, Any]) -> None:
    """From now on the provider says this."""
    fault = {"account": account, "api": api, "status": 200, "body": json.dumps(document)}
    stack.ask(f"{simulator}/control/injected-faults", fault)


def fails(simulator: str, account: str, api: str, error: str) -> None:
    stack.ask(f"{simulator}/control/injected-faults", {"account": account, "api": api, "error": error})


def contacts(used: int) -> dict[str, Any]:
    return {"used": used, "total": 50000, "percentage": used / 500, "lists": 14}


def text_of(alert: dict[str, Any]) -> tuple[str, str]:
    return alert["annotations"]["summary"], alert["annotations"]["description"]


def is_quiet(name: str, account: str) -> Callable[[Heard], bool]:
    return lambda heard: (
        not any(heard.alerts(receiver, name, account) for receiver in ("mail", "chat", "pager", "quiet"))
    )


def firing(made: Any) -> list[tuple[str, str]]:
    """What Alertmanager has, each series on its own."""
    active = stack.ask(f"{made.alertmanager}/api/v2/alerts?active=true&silenced=true&inhibited=true")
    return sorted((alert["labels"]["alertname"], alert["labels"].get("account", "")) for alert in active)


def test_alerts_arrive_with_the_right_text_an_inhibited_one_does_not_and_a_top_up_resolves() -> None:
    with running(1) as (made, heard):
        (simulator,) = made.simulators
        answers(simulator, "parcel-alerts", "credit", {"credit": 40})
        answers(simulator, "crm-loyalty", "contacts", contacts(50000))

        credit = heard.wait("pager", "SMSCreditCritical", "parcel-alerts")
        summary, description = text_of(credit)
        assert summary == "The credit of parcel-alerts at agiletelecom is nearly used up."
        assert description.startswith("parcel-alerts has 40.00 EUR left; its critical threshold is 50.00 EUR.")
        assert credit["annotations"]["runbook_url"].endswith("/docs/alerts/SMSCreditCritical.md")
        assert heard.wait("chat", "SMSCreditCritical", "parcel-alerts")["labels"]["cost_center"] == "logistics"

        suspension = heard.wait("mail", "SMSSubscriptionSuspended", "gym-members")
        assert text_of(suspension)[0] == "qlara has suspended gym-members."

        quota = heard.wait("pager", "SMSContactsQuotaExhausted", "crm-loyalty")
        assert text_of(quota)[1] == (
            "crm-loyalty uses 100% of its contacts; its critical threshold is 100%. The provider may take no further"
            " ones now; sending to those that are there goes on."
        )

        key = heard.wait("mail", "SMSKeyRejected", "old-intranet")
        assert text_of(key)[0] == "gatewayapi rejects the key of old-intranet."
        assert "(credit: unauthorized)" in text_of(key)[1]

        slack = [document for path, document in heard.messages if path == "/slack"]
        titled = {text["title"]: text["text"] for document in slack for text in document["attachments"]}
        said = titled["[critical] The credit of parcel-alerts at agiletelecom is nearly used up."]
        assert said.startswith("parcel-alerts has 40.00 EUR left; its critical threshold is 50.00 EUR.")
        assert "localhost" not in str(titled)

        # Both warnings are firing in Prometheus by now, and muted.
        give_up = time.monotonic() + 30
        muted = {("SMSCreditLow", "parcel-alerts"), ("SMSContactsQuotaHigh", "crm-loyalty")}
        while not muted <= set(firing(made)):
            assert time.monotonic() < give_up, firing(made)
            time.sleep(0.2)
        time.sleep(1)
        assert is_quiet("SMSCreditLow", "parcel-alerts")(heard)
        assert is_quiet("SMSContactsQuotaHigh", "crm-loyalty")(heard)

        answers(simulator, "parcel-alerts", "credit", {"credit": 540})
        resolved = heard.wait("pager", "SMSCreditCritical", "parcel-alerts", "resolved")
        assert resolved["endsAt"] > resolved["startsAt"]
        time.sleep(2)
        assert is_quiet("SMSCreditLow", "parcel-alerts")(heard)
        assert ("SMSExporterDown", "") not in firing(made)


def test_two_exporters_with_caches_of_their_own_are_one_alert_and_right() -> None:
    with running(2) as (made, heard):
        first, second = made.simulators
        # Balances apart, on both sides of the critical threshold: neither is far from the truth.
        answers(first, "parcel-alerts", "credit", {"credit": 40})
        answers(second, "parcel-alerts", "credit", {"credit": 41})
        # The second's answer is from before the top-up, and grows stale.
        answers(first, "hotel-desk", "credit", {"credit": 500})
        answers(second, "hotel-desk", "credit", {"credit": 30})
        # The second is held back, the first hears that the account is empty.
        answers(first, "clinic-reminders", "credit", {"credit": 0})
        fails(second, "clinic-reminders", "credit", "rate_limited")
        time.sleep(2)
        fails(second, "hotel-desk", "credit", "server_error")

        heard.wait("pager", "SMSCreditCritical", "parcel-alerts")
        empty = heard.wait("pager", "SMSCreditExhausted", "clinic-reminders")
        assert text_of(empty)[0] == "The credit of clinic-reminders at agiletelecom is used up."
        heard.wait("mail", "SMSSubscriptionSuspended", "gym-members")
        heard.wait("mail", "SMSKeyRejected", "old-intranet")
        time.sleep(5)

        known = firing(made)
        assert len(known) == len(set(known)), known
        assert "hotel-desk" not in {account for _, account in known}
        assert {name for name, account in known if account == "clinic-reminders"} <= {
            "SMSCreditExhausted", "SMSCreditCritical", "SMSCreditLow",
        }  # fmt: skip
        # Balances that stay apart are no spend.
        query = 'max(increase(sms_credit_spent_total{account="parcel-alerts"}[5s]))'
        steps = stack.ask(f"{made.prometheus}/api/v1/query?{urlencode({'query': query})}")["data"]["result"]
        assert [float(one["value"][1]) for one in steps] == [0.0]

        answers(first, "parcel-alerts", "credit", {"credit": 540})
        answers(second, "parcel-alerts", "credit", {"credit": 540})
        heard.wait("pager", "SMSCreditCritical", "parcel-alerts", "resolved")


def test_the_stack_prints_where_to_look_and_ends_cleanly_with_ctrl_c() -> None:
    process = subprocess.Popen([sys.executable, ALERTS / "stack.py"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        printed: list[str] = []
        for line in process.stdout:
            printed.append(line)
            if line.startswith("Ctrl-C"):
                break
        urls = dict(line.split()[:2] for line in printed[:4])
        assert set(urls) == {"exporter", "simulator", "Prometheus", "Alertmanager"}
        assert "sms_credit_balance{" in stack.ask(urls["exporter"])
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        for url in urls.values():
            with pytest.raises(OSError, match="refused"):
                stack.ask(url)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


@pytest.mark.parametrize(
    ("duration", "shorter"), [("5m", "5000ms"), ("59m30s", "59500ms"), ("1d", "1440000ms"), ("10ms", "1ms")]
)
def test_a_duration_is_divided(duration: str, shorter: str) -> None:
    assert stack.shorter(duration, FACTOR) == shorter


def test_nothing_but_durations_is_changed() -> None:
    before = (ALERTS / "rules.yml").read_text("utf-8")
    after = stack.scaled_rules(before, FACTOR)
    duration = re.compile(r"\d+ms|(?:\d+[smhd])+(?=[]:]|$|\s|\))|\b(?:120|3600|86400|2|60|1440)\b")
    assert duration.sub("", after) == duration.sub("", before)
    assert not re.search(r"\[[^]]*\d[smhd]\]", after.replace("ms]", "]"))

    configuration = yaml.safe_load((ALERTS / "alertmanager.yml").read_text("utf-8"))
    scaled = yaml.safe_load(stack.scaled_alertmanager((ALERTS / "alertmanager.yml").read_text(), FACTOR, "http://x"))
    assert scaled["inhibit_rules"] == configuration["inhibit_rules"]
    assert scaled["route"]["group_by"] == configuration["route"]["group_by"]
    assert scaled["route"]["group_wait"] == "500ms"
    assert [one["name"] for one in scaled["receivers"]] == [one["name"] for one in configuration["receivers"]]
