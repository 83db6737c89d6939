"""Alertmanager's configuration and the templates of its messages."""

import json
import queue
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml

from tests.alerts.loading import ALERTS, alerts, script
from tests.conftest import program

stack = script("stack")

CONFIGURATION = ALERTS / "alertmanager.yml"
TEMPLATES = ALERTS / "templates"


APART = ("env", "environment", "region", "cluster", "prometheus", "team")
"""Labels that keep environments apart."""


def amtool(*arguments: object) -> str:
    done = subprocess.run([program("amtool"), *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def alert(status: str, severity: str, name: str = "SMSCreditLow", text: str = "Credit is low.") -> dict[str, Any]:
    return {
        "status": status,
        "labels": {"alertname": name, "severity": severity, "provider": "qlara", "account": "shop"},
        "annotations": {
            "summary": text,
            "description": 'shop has 40.00 EUR left; "quoted" & <b>bold</b>.',
            "runbook_url": f"https://runbooks/{name}.md",
            "dashboard_url": "https://grafana/d/x?var-provider=qlara&var-account=shop",
        },
        "startsAt": "2026-11-22T03:00:00Z",
        "endsAt": "2026-11-22T04:30:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
    }


def message(*members: dict[str, Any]) -> dict[str, Any]:
    firing = any(member["status"] == "firing" for member in members)
    return {
        "receiver": "mail",
        "status": "firing" if firing else "resolved",
        "alerts": list(members),
        "groupLabels": {"provider": "qlara", "account": "shop"},
        "commonLabels": {"provider": "qlara", "account": "shop"},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager",
    }


ONE = message(alert("firing", "warning"))
MIXED = message(
    alert("firing", "warning"),
    alert("firing", "critical", "SMSKeyRejected", "qlara rejects the key of shop."),
    alert("resolved", "critical", "SMSCreditCritical", "Credit is nearly used up."),
)
OVER = message(alert("resolved", "critical"))
ENDED = (
    "It fired from 2026-11-22 03:00 to 2026-11-22 04:30 UTC. An alert ends as well when the account is no longer"
    " watched: removed, or exporter or Prometheus down."
)


@pytest.fixture
def render(tmp_path: Any) -> Any:
    def rendered(template: str, data: dict[str, Any]) -> str:
        file = tmp_path / "data.json"
        file.write_text(json.dumps(data))
        text = f'{{{{ template "{template}" . }}}}'
        return amtool(
            "template", "render", f"--template.glob={TEMPLATES}/*.tmpl", f"--template.data={file}",
            f"--template.text={text}",
        ).removesuffix("\n")  # fmt: skip

    return rendered


def test_amtool_accepts_the_configuration() -> None:
    assert "SUCCESS" in amtool("check-config", CONFIGURATION)


@pytest.mark.parametrize(
    ("labels", "receivers"),
    [
        ({"severity": "info"}, "quiet"),
        ({"severity": "info", "importance": "high"}, "quiet"),
        ({"severity": "critical", "importance": "high"}, "pager,chat"),
        ({"severity": "warning", "importance": "high"}, "chat"),
        ({"severity": "critical", "importance": "low"}, "mail"),
        ({"severity": "warning", "importance": "low"}, "quiet"),
        ({"severity": "critical", "importance": ""}, "mail"),
        ({"severity": "critical"}, "mail"),
        ({"severity": "warning"}, "mail"),
        ({"alertname": "SMSExporterDown", "severity": "critical"}, "pager,mail"),
        ({"alertname": "SMSExporterDown", "severity": "critical", "importance": "high"}, "pager,chat"),
        ({"alertname": "SMSExporterReloadFailed", "severity": "warning"}, "mail"),
        ({"alertname": "SMSSubscriptionEndingCritical", "severity": "critical"}, "mail"),
        ({"alertname": "SMSSubscriptionEndingCritical", "severity": "critical", "importance": "high"}, "pager,chat"),
        ({"alertname": "SMSCreditExhausted", "severity": "critical", "importance": "high"}, "pager,chat"),
        ({"alertname": "SMSProviderFailing", "severity": "warning"}, "mail"),
        ({"alertname": "SMSProviderFailing", "severity": "warning", "importance": "high"}, "chat"),
        ({"alertname": "SMSProviderFailing", "severity": "warning", "importance": "low"}, "quiet"),
        ({"alertname": "SMSAddressNotAllowed", "severity": "critical", "importance": "high"}, "pager,chat"),
    ],
)
def test_an_alert_goes_where_it_belongs(labels: dict[str, str], receivers: str) -> None:
    given = [f"{name}={value}" for name, value in labels.items()]
    amtool("config", "routes", "test", f"--config.file={CONFIGURATION}", f"--verify.receivers={receivers}", *given)


def test_messages_are_grouped_by_account_and_muted_by_the_same_account_alone() -> None:
    document = yaml.safe_load(CONFIGURATION.read_text("utf-8"))
    assert set(APART) | {"job", "namespace", "provider", "account"} == set(document["route"]["group_by"])
    by_provider = [route["group_by"] for route in document["route"]["routes"] if "group_by" in route]
    assert [set(names) for names in by_provider] == [set(APART) | {"job", "namespace", "provider"}]
    named = set()
    for rule in document["inhibit_rules"]:
        assert set(APART) | {"job", "namespace", "provider", "account"} <= set(rule["equal"])
        sources, targets = (re.findall(r"SMS\w+", str(rule[f"{side}_matchers"])) for side in ("source", "target"))
        assert {alerts()[name]["labels"]["severity"] for name in sources} == {"critical"}
        assert {name for name in targets if alerts()[name]["labels"]["severity"] == "critical"} <= (
            {"SMSCreditCritical", "SMSCreditRunwayCritical"} if sources == ["SMSCreditExhausted"] else set()
        )
        named |= {*sources, *targets}
    assert named <= set(alerts())
    assert named.isdisjoint({"SMSKeyRejected", "SMSProviderFailing", "SMSExporterDown"})


def test_every_template_that_the_configuration_names_is_there() -> None:
    defined = set(re.findall(r'define "([\w.]+)"', "".join(p.read_text("utf-8") for p in TEMPLATES.glob("*.tmpl"))))
    assert set(re.findall(r'template "([\w.]+)"', CONFIGURATION.read_text("utf-8"))) <= defined


def test_the_subject_says_the_worst_and_what(render: Any) -> None:
    assert render("sms.subject", ONE) == "[warning] Credit is low."
    assert render("sms.subject", MIXED) == (
        "[critical] qlara rejects the key of shop. (1 more firing, 1 no longer firing)"
    )
    assert render("sms.subject", OVER) == "[resolved] no longer firing: Credit is low."


def test_the_subject_says_what_it_is_without_an_account_too(render: Any) -> None:
    down = message(
        alert("firing", "warning", "SMSExporterReloadFailed", "The exporter of job sms refused its configuration."),
        alert("firing", "critical", "SMSExporterDown", "The exporter of job sms is down."),
    )
    for member in down["alerts"]:
        del member["labels"]["account"], member["labels"]["provider"]
    down["commonLabels"] = {"env": "staging", "region": "eu"}
    assert render("sms.subject", down) == "[critical] staging, eu, The exporter of job sms is down. (1 more firing)"
    assert json.loads(render("sms.webhook.subject", down)) == (
        "The exporter of job sms refused its configuration. (and 1 more)"
    )


def test_a_message_names_the_pot_and_the_environment(render: Any) -> None:
    pot = alert("firing", "warning")
    pot["labels"] |= {"currency": "EUR", "wallet": "whatsapp", "env": "staging"}
    for template in ("sms.email.text", "sms.email.html"):
        assert "Of shop at qlara, wallet whatsapp, currency EUR, env staging" in render(template, message(pot))


@pytest.mark.parametrize("template", ["sms.email.text", "sms.email.html", "sms.slack.text"])
def test_what_is_over_does_not_read_like_a_top_up(render: Any, template: str) -> None:
    said = render(template, OVER)
    assert "It fired from 2026-11-22 03:00 to 2026-11-22 04:30 UTC." in said
    assert "An alert ends as well when the account is no longer watched" in said


def outage(accounts: int, *, over: int = 0, **labels: str) -> dict[str, Any]:
    """A message of many accounts of a provider, some of which can be asked again."""
    members = []
    for number in range(accounts):
        status = "resolved" if number < over else "firing"
        one = alert(status, "warning", "SMSProviderFailing", f"qlara can't be asked about shop.{number}.")
        one["labels"] |= {"account": f"shop.{number}", **labels}
        members.append(one)
    return {**message(*members), "commonLabels": {"provider": "qlara", **labels}}


def test_an_outage_of_many_accounts_stays_readable(render: Any) -> None:
    assert render("sms.subject", outage(200)) == "[warning] qlara can't be asked about 200 accounts"
    assert render("sms.subject", outage(200, env="production")) == (
        "[warning] production, qlara can't be asked about 200 accounts"
    )
    assert render("sms.subject", outage(200, over=3)) == (
        "[warning] qlara can't be asked about 197 accounts (3 no longer firing)"
    )
    assert render("sms.subject", outage(2, over=2)) == (
        "[resolved] no longer firing: qlara can't be asked about 2 accounts"
    )
    for template in ("sms.email.text", "sms.email.html", "sms.slack.text"):
        said = render(template, outage(200, over=3))
        assert "Accounts: shop.3, shop.4, shop.5, shop.6, shop.7 and 192 more" in said
        assert "No longer firing: shop.0, shop.1, shop.2" in said
        assert len(said) < 1500
        assert said.count("https://runbooks/SMSProviderFailing.md") == 1
        assert "shop.199" not in said
    assert render("sms.link", outage(200)) == "https://runbooks/SMSProviderFailing.md"
    assert json.loads(render("sms.webhook.subject", outage(200))) == "200 alerts on accounts at qlara"


def test_an_outage_of_two_kinds_counts_each(render: Any) -> None:
    both = outage(3)
    both["alerts"][1]["labels"]["alertname"] = "SMSAnswerNotUnderstood"
    assert render("sms.subject", both) == (
        "[warning] qlara can't be asked about 2 accounts; the answers of qlara make no sense for 1 account"
    )
    both["alerts"][2]["labels"] |= {"alertname": "SMSAddressNotAllowed", "severity": "critical"}
    assert render("sms.subject", both) == (
        "[critical] qlara refuses the exporter's address for 1 account; qlara can't be asked about 1 account;"
        " the answers of qlara make no sense for 1 account"
    )


def test_chat_says_nothing_twice(render: Any) -> None:
    for data in (ONE, MIXED, OVER, outage(200), outage(3, over=1)):
        title, text = render("sms.subject", data), render("sms.slack.text", data)
        assert text
        for member in data["alerts"]:
            assert not (member["annotations"]["summary"] in title and member["annotations"]["summary"] in text)


def test_the_text_says_what_to_do(render: Any) -> None:
    assert render("sms.email.text", MIXED).splitlines() == [
        "[critical] qlara rejects the key of shop. (1 more firing, 1 no longer firing)",
        "",
        "warning: Credit is low.",
        'shop has 40.00 EUR left; "quoted" & <b>bold</b>.',
        "Of shop at qlara",
        "Since 2026-11-22 03:00 UTC",
        "What to do: https://runbooks/SMSCreditLow.md",
        "Dashboard:  https://grafana/d/x?var-provider=qlara&var-account=shop",
        "",
        "critical: qlara rejects the key of shop.",
        'shop has 40.00 EUR left; "quoted" & <b>bold</b>.',
        "Of shop at qlara",
        "Since 2026-11-22 03:00 UTC",
        "What to do: https://runbooks/SMSKeyRejected.md",
        "Dashboard:  https://grafana/d/x?var-provider=qlara&var-account=shop",
        "",
        "no longer firing: Credit is nearly used up.",
        ENDED,
    ]


def test_no_message_has_a_link_where_no_address_was_set(render: Any) -> None:
    one = alert("firing", "warning")
    del one["annotations"]["dashboard_url"]
    for template in ("sms.email.text", "sms.email.html", "sms.slack.text"):
        text = render(template, message(one))
        assert "https://runbooks/SMSCreditLow.md" in text
        assert not re.search(r'Dashboard|href=""|<\|| · ?$', text, re.MULTILINE)
    assert render("sms.link", message(one)) == "https://runbooks/SMSCreditLow.md"
    del one["annotations"]["runbook_url"]
    for template in ("sms.email.text", "sms.email.html", "sms.slack.text"):
        assert not re.search(r'What to do|href=""|<\|', render(template, message(one)))


def test_the_mail_is_a_page_with_links_that_lead_there(render: Any) -> None:
    class Links(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.found: list[str | None] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "a":
                self.found.append(dict(attrs)["href"])

    html = render("sms.email.html", MIXED)
    links = Links()
    links.feed(html)
    assert links.found[:2] == [
        "https://runbooks/SMSCreditLow.md",
        "https://grafana/d/x?var-provider=qlara&var-account=shop",
    ]
    assert "no longer firing: Credit is nearly used up." in html


def test_chat_gets_a_colour_by_the_worst_and_a_link(render: Any) -> None:
    assert [render("sms.slack.color", data) for data in (ONE, MIXED, OVER)] == ["warning", "danger", "good"]
    assert render("sms.link", ONE) == "https://grafana/d/x?var-provider=qlara&var-account=shop"
    assert render("sms.slack.text", MIXED).splitlines() == [
        'warning (SMSCreditLow): shop has 40.00 EUR left; "quoted" & <b>bold</b>.',
        "<https://runbooks/SMSCreditLow.md|What to do> · <https://grafana/d/x?var-provider=qlara&var-account=shop|Dashboard>",
        'critical (SMSKeyRejected): shop has 40.00 EUR left; "quoted" & <b>bold</b>.',
        "<https://runbooks/SMSKeyRejected.md|What to do> · <https://grafana/d/x?var-provider=qlara&var-account=shop|Dashboard>",
        f"no longer firing (SMSCreditCritical): {ENDED}",
    ]


@pytest.mark.parametrize("data", [ONE, MIXED, OVER])
def test_the_webhook_document_is_json(render: Any, data: dict[str, Any]) -> None:
    said = json.loads(render("sms.webhook.json", data))
    assert [member["alert"] for member in said["alerts"]] == [a["labels"]["alertname"] for a in data["alerts"]]
    assert said["alerts"][0]["description"] == 'shop has 40.00 EUR left; "quoted" & <b>bold</b>.'


class Received:
    """What a real Alertmanager posts, as it comes."""

    def __init__(self, url: str, posted: "queue.Queue[tuple[str, dict[str, Any]]]") -> None:
        self._url = url
        self._posted = posted

    def fire(self, *fired: dict[str, str]) -> None:
        """Give alerts to Alertmanager, by their labels."""
        texts = {"summary": "S.", "description": "D.", "runbook_url": "https://runbooks/x"}
        document = [{"labels": labels, "annotations": texts, "endsAt": "2099-01-01T00:00:00Z"} for labels in fired]
        stack.ask(f"{self._url}/api/v2/alerts", document)

    def next(self) -> tuple[str, dict[str, Any]]:
        return self._posted.get(timeout=60)


@contextmanager
def alertmanager(factor: float) -> Iterator[Received]:
    posted: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue()
    program("prometheus")
    with stack.Stack(posted.put, factor=factor, replicas=0) as made:
        yield Received(made.alertmanager, posted)


def of(name: str, **labels: str) -> dict[str, str]:
    account = {"job": "sms", "provider": "qlara", "account": "main"}
    return {"alertname": name, "severity": alerts()[name]["labels"]["severity"], **account, **labels}


@pytest.mark.end_to_end
def test_an_environment_mutes_no_other() -> None:
    with alertmanager(60) as received:
        muting = [
            of("SMSCreditExhausted", currency="EUR"),
            of("SMSCreditExhausted", currency="EUR", account="fast"),
            of("SMSCreditExhausted", account="refused"),
            of("SMSSubscriptionSuspended"),
            of("SMSContactsQuotaExhausted"),
        ]
        muted = [
            of("SMSCreditLow", currency="EUR"),
            of("SMSCreditRunwayCritical", currency="EUR", account="fast"),
            of("SMSCreditCritical", currency="EUR", account="refused"),
            of("SMSSubscriptionEndingSoon"),
            of("SMSContactsQuotaHigh"),
        ]
        received.fire(*({**one, label: "staging"} for label in APART for one in (*muting, *muted)))
        received.fire(*({**one, label: "production"} for label in APART for one in muted))
        got: set[tuple[str, ...]] = set()
        expected = {
            (one["alertname"], one["account"], label, value)
            for value, sent in (("staging", muting), ("production", muted))
            for label in APART
            for one in sent
        }
        while not expected <= got:
            _, document = received.next()
            apart = {
                (label, one["labels"][label]) for one in document["alerts"] for label in APART if label in one["labels"]
            }
            assert len(apart) == 1, document
            got |= {
                (one["labels"]["alertname"], one["labels"]["account"], *apart.copy().pop())
                for one in document["alerts"]
            }
        assert got == expected


@pytest.mark.end_to_end
def test_an_outage_of_a_provider_with_200_accounts_is_one_message(render: Any) -> None:
    with alertmanager(60) as received:
        many = [of("SMSProviderFailing", account=f"a{number:03}", importance="high") for number in range(200)]
        received.fire(
            *many, *(of("SMSProviderFailing", account=f"b{number}", provider="agiletelecom") for number in (1, 2))
        )
        # The last that comes; one provider's outage is in no other's message.
        got: dict[str, dict[str, Any]] = {}
        while set(got) != {"/chat", "/slack", "/mail"}:
            path, document = received.next()
            assert path not in got, document
            got[path] = document
        assert len(got["/chat"]["alerts"]) == 200
        assert {one["labels"]["account"] for one in got["/mail"]["alerts"]} == {"b1", "b2"}
        (slack,) = got["/slack"]["attachments"]
        assert slack["title"] == "[warning] qlara can't be asked about 200 accounts"
        assert slack["text"].startswith("Accounts: a000, a001, a002, a003, a004 and 195 more")
        assert slack["title_link"] == "https://runbooks/x"
        assert "localhost" not in str(slack)
        assert render("sms.subject", got["/chat"]) == slack["title"]


@pytest.mark.end_to_end
def test_the_pager_repeats_hourly_only_where_sending_has_stopped() -> None:
    # An hour is a second.
    with alertmanager(3600) as received:
        received.fire(
            of("SMSCreditExhausted", importance="high", account="empty"),
            of("SMSCreditCritical", importance="high", account="low", currency="EUR"),
            of("SMSSubscriptionEndingCritical", importance="high", account="ending"),
        )
        paged: dict[str, int] = {}
        while paged.get("low", 0) < 3:
            path, document = received.next()
            if path == "/pager":
                account = document["commonLabels"]["account"]
                paged[account] = paged.get(account, 0) + 1
        assert paged["ending"] == 1
        assert paged["empty"] > paged["low"]
