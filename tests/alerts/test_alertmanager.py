"""Alertmanager's configuration and the templates of its messages."""

import json
import re
import subprocess
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml

from tests.alerts.loading import ALERTS, alerts
from tests.conftest import program

CONFIGURATION = ALERTS / "alertmanager.yml"
TEMPLATES = ALERTS / "templates"


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
    ],
)
def test_an_alert_goes_where_it_belongs(labels: dict[str, str], receivers: str) -> None:
    given = [f"{name}={value}" for name, value in labels.items()]
    amtool("config", "routes", "test", f"--config.file={CONFIGURATION}", f"--verify.receivers={receivers}", *given)


def test_messages_are_grouped_by_account_and_muted_by_the_same_account_alone() -> None:
    document = yaml.safe_load(CONFIGURATION.read_text("utf-8"))
    assert {"provider", "account"} <= set(document["route"]["group_by"])
    named = set()
    for rule in document["inhibit_rules"]:
        assert {"cluster", "job", "namespace", "provider", "account"} <= set(rule["equal"])
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
    assert render("sms.subject", MIXED) == "[critical] shop at qlara: 2 firing, 1 resolved"
    assert render("sms.subject", OVER) == "[resolved] Credit is low."


def test_the_text_says_what_to_do(render: Any) -> None:
    assert render("sms.email.text", MIXED).splitlines() == [
        "[critical] shop at qlara: 2 firing, 1 resolved",
        "",
        "warning: Credit is low.",
        'shop has 40.00 EUR left; "quoted" & <b>bold</b>.',
        "Since 2026-11-22 03:00 UTC",
        "What to do: https://runbooks/SMSCreditLow.md",
        "Dashboard:  https://grafana/d/x?var-provider=qlara&var-account=shop",
        "",
        "critical: qlara rejects the key of shop.",
        'shop has 40.00 EUR left; "quoted" & <b>bold</b>.',
        "Since 2026-11-22 03:00 UTC",
        "What to do: https://runbooks/SMSKeyRejected.md",
        "Dashboard:  https://grafana/d/x?var-provider=qlara&var-account=shop",
        "",
        "resolved: Credit is nearly used up.",
        "It was so from 2026-11-22 03:00 to 2026-11-22 04:30 UTC.",
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
    assert "resolved: Credit is nearly used up." in html


def test_chat_gets_a_colour_by_the_worst_and_a_link(render: Any) -> None:
    assert [render("sms.slack.color", data) for data in (ONE, MIXED, OVER)] == ["warning", "danger", "good"]
    assert render("sms.link", ONE) == "https://grafana/d/x?var-provider=qlara&var-account=shop"
    assert render("sms.slack.text", MIXED).splitlines() == [
        "*warning: Credit is low.*",
        'shop has 40.00 EUR left; "quoted" & <b>bold</b>.',
        "<https://runbooks/SMSCreditLow.md|What to do> · <https://grafana/d/x?var-provider=qlara&var-account=shop|Dashboard>",
        "*critical: qlara rejects the key of shop.*",
        'shop has 40.00 EUR left; "quoted" & <b>bold</b>.',
        "<https://runbooks/SMSKeyRejected.md|What to do> · <https://grafana/d/x?var-provider=qlara&var-account=shop|Dashboard>",
        "*resolved: Credit is nearly used up.*",
    ]


@pytest.mark.parametrize("data", [ONE, MIXED, OVER])
def test_the_webhook_document_is_json(render: Any, data: dict[str, Any]) -> None:
    said = json.loads(render("sms.webhook.json", data))
    assert [member["alert"] for member in said["alerts"]] == [a["labels"]["alertname"] for a in data["alerts"]]
    assert said["alerts"][0]["description"] == 'shop has 40.00 EUR left; "quoted" & <b>bold</b>.'
