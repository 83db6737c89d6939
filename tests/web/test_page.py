"""The page: every account in words, the worst first, and nothing of it that a browser could take for code."""

import asyncio
import base64
import hashlib
import json
import random
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.accounts.observation import NOT_WAITED_FOR, Observation, View
from exporter.accounts.service import Service
from exporter.documents.faults import ConfigError, Fault
from exporter.failure import Failure, Reason
from exporter.readings import ContactQuota, Credit, MessagePrice, Readings, Subscription
from exporter.secrets import redaction
from exporter.settings import AccountSettings, Pair, Settings, Thresholds
from exporter.web import page
from exporter.web.filter import Filter
from exporter.web.page import Page, render
from exporter.web.routes import WebOptions
from tests.virtual import WALL, Reply, ScriptedClient, VirtualLoop, account, agile, rng, run, settings
from tests.web.test_routes import App

DAY = 86400.0
USUAL = Thresholds(
    {"EUR": Pair(100.0, 50.0)}, contacts_used_ratio=Pair(0.8, 1.0), subscription_remaining=Pair(30 * DAY, 7 * DAY)
)
VOID = {"meta", "link", "rect", "input"}


class Text(HTMLParser):
    """What a person reads, in order; fails where tags don't fit together or an id stands twice."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)
        self.close()
        assert self.open == []
        assert len(self.ids) == len(set(self.ids))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        given = dict(attrs)
        assert not [name for name in given if name.startswith("on") or name in {"style", "src"}]
        self.ids += [given["id"] or ""] if "id" in given else []
        self.links += [given["href"] or ""] if tag == "a" else []

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag == "rect"
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in {"style", "script", "title"}:
            self.words += data.split()

    def __str__(self) -> str:
        return " ".join(self.words)


def view(name: str = "one", *observations: Observation, **changes: object) -> View:
    return View(account(name, **{"thresholds": USUAL, **changes}), observations)  # type: ignore[arg-type]


def good(api: str, age: float = 12.0, **readings: object) -> Observation:
    return Observation(api, Readings(**readings), None, WALL - age)  # type: ignore[arg-type]


def shown(*views: View, **more: object) -> Text:
    return Text(render(Page(views, WALL, "1.2.3", **more)))  # type: ignore[arg-type]


def row(one: View) -> str:
    """The words of an account's row."""
    return str(shown(one)).partition(" Plan ")[2]


def test_an_accounts_row_says_all_that_is_known_of_what_is_not_fine() -> None:
    told = view(
        "techstore",
        good("credit", 12, credits=(Credit(49.99, "EUR"), Credit(1234.0, "messages"))),
        good("contacts", 240, contacts=ContactQuota(41_000, 50_000)),
        good("subscription", 240, subscription=Subscription("active", None, "Business", None, WALL + 3 * DAY, False)),
        good("prices", 7200, prices=(MessagePrice("DK", "45", "", "EUR", 0.05),) * 2),
        labels={"cost_center": "crm", "team_mail": ""},
    )
    assert row(told) == (
        "techstore Agile Telecom, cost_center: crm"
        " critical Plan ends in 3 days and doesn't renew itself Credit below 50 EUR: 49.99 EUR left"
        " Contacts at 82 % of 50,000"
        " 49.99 EUR warning below 100, critical below 50 1,234 messages no threshold 12 s ago"
        " 41,000 of 50,000 (82 %) warning from 80 %, critical from 100 % 4 minutes ago"
        " active, Business ends 2027-01-18, in 3 days, doesn't renew itself 4 minutes ago"
    )


def test_what_is_fine_beside_a_finding_is_told_in_short() -> None:
    credit = good("credit", credits=(Credit(500.0, "EUR"), Credit(9.0, "messages", wallet="sms")))
    contacts = good("contacts", contacts=ContactQuota(41_000, 50_000))
    plan = Subscription("active", None, "Business", None, WALL + 300 * DAY, True)
    limits = Thresholds(
        {"EUR": Pair(100, 50)}, contacts_used_ratio=USUAL.contacts_used_ratio, wallets={"sms": Pair(10)}
    )
    told = row(view("one", credit, contacts, good("subscription", subscription=plan), thresholds=limits))
    assert told.endswith(
        " 500.00 EUR sms: 9 messages warning below 10 12 s ago"
        " 41,000 of 50,000 (82 %) warning from 80 %, critical from 100 % 12 s ago active"
    )
    ending = Subscription("active", None, "Business", None, WALL + 3 * DAY, False)
    told = row(view("one", good("credit", credits=(Credit(500.0, "EUR"),)), good("contacts", contacts=ContactQuota(1, 50)), good("subscription", subscription=ending)))  # fmt: skip
    assert " 500.00 EUR 1 of 50 (2 %) active, Business ends 2027-01-18, in 3 days," in told


def test_a_row_says_what_fails_with_reason_and_how_long() -> None:
    kept = Observation(
        "credit",
        Readings(credits=(Credit(500, "EUR"),)),
        Failure(Reason.TIMEOUT, "no whole answer within 10 s"),
        WALL - 90,
    )
    never = Observation("contacts", None, Failure(Reason.FORBIDDEN, "HTTP 403"))
    text = row(view("one", kept, never, Observation("subscription", None, never.failure)))
    assert "unknown Key lacks a permission (contacts, subscription) No answer in time (credit)" in text
    assert "credit: timeout , no whole answer within 10 s; last answered 1 minute ago" in text
    assert "contacts, subscription: forbidden , HTTP 403; never answered so far" in text
    assert "500.00 EUR kept from 1 minute ago not known not known" in text


def test_a_reason_leads_to_its_section_of_the_documentation() -> None:
    text = shown(view("one", Observation("credit", None, Failure(Reason.TLS, "expired"))))
    assert f"{page.DOCUMENTATION}/troubleshooting.md#tls" in text.links
    root = Path(__file__).parents[2]
    assert (root / "docs/troubleshooting.md").exists()
    assert (
        tomllib.loads((root / "pyproject.toml").read_text())["project"]["urls"]["Documentation"] == page.DOCUMENTATION
    )


def test_what_an_account_does_not_have_is_told_apart_from_what_is_not_known() -> None:
    text = row(view("one", Observation("credit")))
    assert text.endswith("not known – not part of this account – not part of this account")
    assert "Nothing known yet" in text


@pytest.mark.parametrize(
    ("subscription", "words"),
    [
        (Subscription("trial", None, None, None, WALL + DAY), "trial ends 2027-01-16, in 1 day 12 s ago"),
        (Subscription("unknown", auto_renew=True), "unknown renews itself 12 s ago"),
        (
            Subscription("active", None, None, None, WALL - 2 * DAY, True),
            "ended 2027-01-13, 2 days ago, its renewal is overdue",
        ),
        (Subscription("active", None, None, None, WALL - 0.5), "ended 2027-01-15, just now"),
        (Subscription("unknown", None, None, None, 1e18), "unknown ends, in 1"),
    ],
)
def test_a_plan_is_told_as_far_as_it_is_known(subscription: Subscription, words: str) -> None:
    assert words in row(view("one", good("subscription", subscription=subscription)))


def test_a_quota_is_a_bar_with_its_text_and_marks() -> None:
    html = render(Page([view("one", good("contacts", contacts=ContactQuota(60_000, 50_000)))], WALL, "1"))
    assert '<rect class="filled critical" width="100.0" height="6"/>' in html
    assert html.count('class="mark"') == 1
    assert 'x="80.0"' in html
    low = good("credit", credits=(Credit(1, "EUR"),))
    for used, colour in ((40_000, "warning"), (49_999, "warning"), (50_000, "critical")):
        html = render(Page([view("one", good("contacts", contacts=ContactQuota(used, 50_000)), low)], WALL, "1"))
        assert f'<rect class="filled {colour}"' in html
    for told, words in ((ContactQuota(39_999, 50_000), "39,999 of 50,000"), (ContactQuota(5), "5, no limit known")):
        html = render(Page([view("one", good("contacts", contacts=told), low)], WALL, "1"))
        assert words in html
        assert "<svg class" not in html


RUNWAY = Pair(7 * DAY, 2 * DAY)


def test_each_pot_of_credit_is_told_with_its_name_and_all_that_is_known_of_one_that_is_low() -> None:
    limits = Thresholds({"EUR": Pair(100, 50)}, runway=RUNWAY, wallets={"sms": Pair(300)})
    pots = (
        Credit(-3.0, "EUR", overdraft=100.0, auto_recharge=True),
        Credit(5000.0, "messages", None, None, {"sms": 4800.0}, "sms", None, WALL + 40 * DAY, 120.0, False),
        Credit(0.0, "emails", wallet="mail", expires_timestamp_seconds=WALL - 2 * DAY),
    )
    assert row(view("one", good("credit", credits=pots), thresholds=limits)) == (
        "one Agile Telecom"
        " warning Credit below 100 EUR: 97.00 EUR left (balance -3.00 EUR) No threshold is set for emails of mail"
        " -3.00 EUR 97.00 EUR left with an overdraft of 100.00 EUR, tops itself up warning below 100, critical below 50"
        " sms: 5,000 messages mail: 0 emails no threshold"
        " 12 s ago – not part of this account – not part of this account"
    )


def test_a_postpaid_account_is_told_to_be_one_and_has_no_threshold() -> None:
    limits = Thresholds({"EUR": Pair(100, 50)}, Pair(7), runway=RUNWAY)
    text = row(view("one", good("credit", postpaid=True), thresholds=limits))
    assert "fine postpaid –" in text
    text = row(view("one", good("credit", postpaid=True, credits=(Credit(-5, "EUR"),)), thresholds=limits))
    assert "fine -5.00 EUR no threshold –" in text
    full = good("contacts", contacts=ContactQuota(9, 9))
    text = row(view("one", good("credit", postpaid=True), full, thresholds=USUAL))
    assert "postpaid 9 of 9 (100 %)" in text


@pytest.mark.parametrize(
    ("thresholds", "units", "words"),
    [
        (Thresholds({"EUR": Pair(100, 50)}, runway=RUNWAY), ("DKK",), "fine No threshold is set for DKK 500.00 DKK"),
        (Thresholds({}, runway=RUNWAY), ("DKK", "SEK"), "fine No threshold is set for DKK and SEK 500.00 DKK"),
        (Thresholds({}, Pair(100), runway=RUNWAY), ("DKK",), "fine 500.00 DKK –"),
        (Thresholds({}), ("DKK",), "fine 500.00 DKK no threshold –"),  # postpaid, or credit: null
    ],
)
def test_a_balance_that_nothing_watches_is_told_where_it_is_an_oversight(
    thresholds: Thresholds, units: tuple[str, ...], words: str
) -> None:
    balances = tuple(Credit(500, unit) for unit in units)
    assert words in row(view("one", good("credit", credits=balances), thresholds=thresholds))


def accounts_in_order(text: Text) -> list[str]:
    return [name.removeprefix("debug-") for name in text.ids if name.startswith("debug-")]


def test_words_of_a_provider_have_no_control_and_no_bidi_characters() -> None:
    evil = "Pro\u202etxt\u2066\x1b[31m\x07"
    told = good("subscription", subscription=Subscription("active", None, evil, None, WALL + 300 * DAY, True))
    credit = good("credit", credits=(Credit(10.0, "EUR", wallet=evil),))
    failed = Observation("prices", None, Failure(Reason.SERVER_ERROR, evil))
    html = render(Page([view("one", told, credit, failed)], WALL, "1.2.3"))
    assert html.count("Pro") >= 3
    assert not {"\u202e", "\u2066", "\x1b", "\x07"} & set(html)


def test_the_worst_stands_first_then_the_most_urgent_then_by_name() -> None:
    def of(name: str, balance: float) -> View:
        return view(name, good("credit", credits=(Credit(balance, "EUR"),)))

    views = [
        of("b-fine", 500), of("a-fine", 400), of("low", 99), of("lower", 60), of("nearly-gone", 1), of("going", 45),
        view("down", Observation("credit", None, Failure(Reason.SERVER_ERROR, ""))),
        view("key", Observation("credit", None, Failure(Reason.UNAUTHORIZED, ""))),
    ]  # fmt: skip
    random.Random(7).shuffle(views)
    text = shown(*views)
    assert accounts_in_order(text) == ["nearly-gone", "going", "key", "down", "lower", "low", "a-fine", "b-fine"]
    assert "2 critical 2 unknown 2 warning 2 fine" in str(text)
    assert accounts_in_order(shown(of("a10", 500), of("a9", 500), of("a1", 500))) == ["a1", "a9", "a10"]
    assert {"critical", "unknown", "warning", "fine"} <= set(text.ids)
    assert {"?state=critical", "?state=unknown", "?state=warning", "?state=fine"} <= set(text.links)


def test_the_head_counts_what_there_is_none_of_and_names_version_and_ways_on() -> None:
    html = render(Page([view("one", good("credit"))], WALL, "1.2.3", "/my/metrics"))
    text = Text(html)
    assert "sms-exporter 1.2.3 Metrics Targets Health Documentation 0 critical 0 warning 1 fine" in str(text)
    assert text.links[:4] == ["my/metrics", "sd", "-/healthy", page.DOCUMENTATION]
    assert "<title>SMS accounts</title>" in html
    assert "As of 2027-01-15 08:00:00 UTC." in str(text)


def test_the_title_tells_what_is_wrong() -> None:
    down = view("one", Observation("credit", None, Failure(Reason.SUSPENDED, "")))
    low = view("two", good("credit", credits=(Credit(60, "EUR"),)))
    assert "<title>1 critical, 1 warning – SMS accounts</title>" in render(Page([down, low], WALL, "1"))
    assert "<title>1 critical – SMS accounts</title>" in render(Page([down], WALL, "1"))


def test_an_account_leads_to_its_details_and_they_to_its_metrics() -> None:
    assert shown(view("a.b_c-1", good("credit"))).links[-1] == "probe?target=a.b_c-1&debug=true"
    assert "probe?target=a.b_c-1" in Text(page.render_debug("a.b_c-1", "")).links


def test_an_account_where_all_is_well_is_a_line() -> None:
    fine = (
        good("credit", credits=(Credit(-3, "EUR", overdraft=200.0), Credit(5000, "messages", wallet="sms"))),
        good("contacts", contacts=ContactQuota(1, 50_000)),
        good("subscription", subscription=Subscription("active", None, "Business", None, WALL + 300 * DAY, True)),
    )
    assert row(view("one", *fine, labels={"cost_center": "crm"}, thresholds=USUAL)) == (
        "one Agile Telecom, cost_center: crm fine 197.00 EUR left (balance -3.00 EUR) , sms: 5,000 messages no threshold 1 of 50,000 (0 %) active"
    )
    kept = Observation("prices", Readings(), Failure(Reason.TIMEOUT, ""), WALL - 60)
    for word in ("price list kept from 1 minute ago", "timeout"):
        assert word in row(view("one", *fine, kept, labels={"cost_center": "crm"}))


FLEET = (
    view("crm-1", good("credit", credits=(Credit(500, "EUR"),)), labels={"team": "Ærø"}),
    view("crm-2", good("credit", credits=(Credit(1, "EUR"),))),
    view("crm-3", Observation("credit", None, Failure(Reason.TLS, "expired"))),
    view("shop", good("credit", credits=(Credit(2, "EUR"),))),
)


@pytest.mark.parametrize(
    ("wanted", "names", "counts"),
    [
        ({}, ["crm-2", "shop", "crm-3", "crm-1"], "2 critical 1 unknown 0 warning 1 fine"),
        ({"q": "crm"}, ["crm-2", "crm-3", "crm-1"], "1 critical 1 unknown 0 warning 1 fine 3 of 4 accounts are shown."),
        ({"q": " CRM ", "state": "unknown"}, ["crm-3"], "1 critical 1 unknown 0 warning 1 fine 1 of 4"),
        ({"state": "fine"}, ["crm-1"], "2 critical 1 unknown 0 warning 1 fine 1 of 4"),
        ({"q": "team: ærø"}, ["crm-1"], "0 critical 0 warning 1 fine 1 of 4"),
        ({"q": "left credit SHOP agile"}, ["shop"], "1 critical 0 warning 0 fine 1 of 4"),
        ({"q": "expired"}, ["crm-3"], "0 critical 1 unknown"),
        ({"q": "tls"}, ["crm-3"], "0 critical 1 unknown"),
        ({"q": "elsewhere"}, [], "0 critical 0 warning 0 fine 0 of 4 accounts are shown."),
    ],
)
def test_a_text_and_a_state_narrow_the_accounts(wanted: dict[str, str], names: list[str], counts: str) -> None:
    text = shown(*FLEET, filter=Filter.parse(wanted))
    assert accounts_in_order(text) == names
    assert counts in str(text)
    assert ("No account matches." in str(text)) is (names == [])
    assert ("filter-off" in text.ids) is bool(wanted)


def test_the_filter_stays_in_the_address() -> None:
    given = Filter.parse({"q": 'a&b "c"', "state": "fine"})
    html = render(Page(FLEET, WALL, "1", filter=given))
    assert 'value="a&amp;b &#34;c&#34;"' in html
    assert '<option value="fine" selected>' in html
    assert 'id="refresh" href="?q=a%26b+%22c%22&amp;state=fine"' in html
    assert "?q=crm&state=fine" in shown(*FLEET, filter=Filter.parse({"q": "crm", "state": "critical"})).links
    assert "<title>1 critical, 1 unknown – SMS accounts</title>" in render(
        Page(FLEET, WALL, "1", filter=Filter.parse({"q": "crm", "state": "fine"}))
    )


def failing(name: str, detail: str = "", balance: float = 500, reason: Reason = Reason.TIMEOUT) -> View:
    kept = Readings(credits=(Credit(balance, "EUR"),))
    return view(name, Observation("credit", kept, Failure(reason, detail), WALL - 90), labels={"team": "crm"})


def test_accounts_that_fail_alike_are_one_line_where_they_are_many() -> None:
    alike = [failing(f"a{number}", f"call {number}") for number in range(1, 6)]
    low, other = failing("b1", "x", 1), failing("b2", "x", 500, Reason.TLS)
    fine = [view(f"f{number}", good("credit", credits=(Credit(500, "EUR"),))) for number in range(9)]
    text = shown(*alike, low, other, *fine)
    assert accounts_in_order(text)[:7] == ["b1", "b2", "a1", "a2", "a3", "a4", "a5"]
    line = (
        "unknown 5 accounts of Agile Telecom: timeout No answer in time a1 team: crm 500.00 EUR kept from 1 minute ago"
    )
    assert f"{line} credit: timeout , call 1; last answered 1 minute ago a2 team: crm" in str(text)
    assert "1 critical 6 unknown 0 warning 9 fine" in str(text)
    assert sum(name.startswith("fold-") for name in text.ids) == 2  # itself, and its line
    assert "accounts of" not in str(shown(*alike[:4], low, other, *fine))
    assert accounts_in_order(shown(*alike, filter=Filter.parse({"q": "a3"}))) == ["a3"]


def test_a_fold_has_one_name_from_page_to_page_and_another_for_each_cause() -> None:
    def names(reason: Reason, detail: str) -> list[str]:
        text = shown(*(failing(f"a{number}", detail, reason=reason) for number in range(5)))
        return [name for name in text.ids if name.startswith("fold-")]

    assert names(Reason.TIMEOUT, "one") == names(Reason.TIMEOUT, "two")
    assert names(Reason.TIMEOUT, "one") != names(Reason.TLS, "one")


async def test_the_page_is_filtered_by_its_address() -> None:
    async with App(account("one"), account("two")) as app:
        assert accounts_in_order(Text(await app.text("/?q=two"))) == ["two"]
        assert accounts_in_order(Text(await app.text("/?q=&state="))) == ["one", "two"]
        answer = await app.client.get("/?state=bad")
        assert answer.status == 400
        assert "state is one of critical, unknown, warning, fine" in await answer.text()


def test_no_account_says_so_and_what_to_do() -> None:
    text = str(shown())
    for words in ("No account is configured", "api_key_file", "sms-exporter providers", "check-config", "SIGHUP"):
        assert words in text
    assert "critical" not in text


def test_a_reload_that_failed_is_told() -> None:
    assert "isn't valid" not in str(shown(view("one")))
    assert "isn't valid: the one before goes on" in str(shown(view("one"), is_loaded=False))


def test_a_page_that_left_before_the_answers_looks_again_soon() -> None:
    waiting = view("one", Observation("credit", None, Failure(Reason.TIMEOUT, NOT_WAITED_FOR)))
    html = render(Page([waiting], WALL, "1"))
    assert 'data-refresh-seconds="3"' in html
    assert "credit: timeout , the call goes on; never answered so far" in str(Text(html))
    assert 'data-refresh-seconds="30"' in render(Page([view("one")], WALL, "1"))


HOSTILE = [
    '"><script>alert(1)</script>',
    "</td></tr></table>",
    "' onload='x",
    "{{ 7 * 7 }}",
    "&lt;b&gt;&amp;",
    "<!--",
    "]]>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_others_wrote_is_markup(text: str) -> None:
    hostile = view(
        "one",
        good("credit", credits=(Credit(1, text),)),
        good("subscription", subscription=Subscription("suspended", None, text)),
        Observation("contacts", None, Failure(Reason.INTERNAL, text)),
        labels={"cost_center": text},
        expect_features=(text,),
    )
    harmless = View(account("one"), ())
    read = shown(hostile)
    assert read.tags <= {*shown(harmless).tags, "svg", "rect"}
    assert str(read).count(" ".join(text.split())) >= 4


words = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
figures = st.floats(allow_nan=False, allow_infinity=False)


@given(words, words, figures, figures, st.none() | figures, st.booleans() | st.none(), st.sampled_from(Reason))
def test_any_readings_make_a_page_that_fits_together(
    text: str, label: str, one: float, other: float, end: float | None, renews: bool | None, reason: Reason
) -> None:
    told = Readings(
        credits=(Credit(one, "EUR"), Credit(other, text)),
        subscription=Subscription("unknown", text, text, end, end, renews, {text: renews}),
        contacts=ContactQuota(one, other),
    )
    failing = Observation("contacts", told, Failure(reason, text), one)
    read = shown(view("one", Observation("credit", told, None, other), failing, labels={"x": label}))
    assert accounts_in_order(read) == ["one"]
    assert "script" in read.tags
    assert "img" not in read.tags


def test_secrets_are_taken_out_of_what_a_provider_said() -> None:
    with redaction.forgetting():
        redaction.register("hush-hush")
        leaking = view(
            "hush-hush",
            good("subscription", subscription=Subscription("suspended", None, "plan hush-hush")),
            Observation("credit", None, Failure(Reason.INTERNAL, "key hush-hush")),
            labels={"cost_center": "hush-hush"},
        )
        text = row(leaking)
    assert "plan <secret>" in text
    assert "key <secret>" in text
    assert text.startswith("hush-hush")  # what the operator wrote himself is his


def sha256(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


async def test_the_page_is_kept_to_itself_by_its_headers() -> None:
    async with App(account("one"), account("two")) as app:
        answer = await app.client.get("/")
        html = await answer.text()
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
        assert policy["default-src"] == "'none'"
        assert policy["style-src"] == sha256(re.findall(r"<style>(.*?)</style>", html, re.DOTALL)[0])
        assert policy["script-src"] == sha256(re.findall(r"<script>(.*?)</script>", html, re.DOTALL)[0])
        assert policy["form-action"] == "'self'"
        assert "unsafe" not in str(policy)
        assert accounts_in_order(Text(html)) == ["one", "two"]
        assert "10.32 EUR" in html


async def test_the_page_is_for_get_and_head_and_comes_compressed() -> None:
    async with App(account("one")) as app:
        assert (await app.client.head("/")).status == 200
        assert (await app.client.post("/")).status == 405
        answer = await app.client.get("/", headers={"Accept-Encoding": "gzip"})
        assert answer.headers["Content-Encoding"] == "gzip"
        assert "SMS accounts" in await answer.text()


async def test_the_page_tells_of_a_reload_that_failed_and_asks_no_more_than_a_scrape() -> None:
    async with App(account("one"), options=WebOptions(telemetry_path="/m")) as app:
        app.settings = ConfigError([Fault("f", 1, "", "bad")])
        await app.service.reload()
        html = await app.text("/")
        assert "isn't valid" in html
        assert 'href="m"' in html
        await app.text("/")
        await app.text("/m")
        assert app.provider.count() == 1


async def test_the_page_counts_among_the_requests_at_once() -> None:
    async with App(account("one"), options=WebOptions(max_requests=1)) as app:
        asked = asyncio.Event()

        def slow(_: object) -> Reply:
            asked.set()
            return agile(seconds=0.3)

        app.provider.script = slow
        first = asyncio.create_task(app.client.get("/"))
        await asked.wait()
        assert (await app.client.get("/")).status == 503
        assert (await first).status == 200


def test_the_page_waits_2_s_at_most_and_the_late_answer_serves_the_next_waiter() -> None:
    async def main(loop: VirtualLoop) -> tuple[float, View, View]:
        client = ScriptedClient(lambda _: agile(seconds=5.0))
        service = Service(lambda: settings(account("one")), client, loop.clock(), rng())
        began = loop.time()
        (first,) = await service.observe_all(page.WAIT_SECONDS)
        waited = loop.time() - began
        await asyncio.sleep(200)
        (second,) = await service.observe_all(page.WAIT_SECONDS)
        assert client.count() == 1
        assert service.now_timestamp_seconds() == WALL + loop.time()
        await service.aclose()
        return waited, first, second

    waited, first, second = run(main)
    assert 1.5 < waited <= 2.0
    assert first.observations[0].failure == Failure(Reason.TIMEOUT, NOT_WAITED_FOR)
    assert second.observations[0].readings is not None


async def test_a_thousand_accounts_make_one_page() -> None:
    def many() -> Iterator[AccountSettings]:
        for number in range(1000):
            yield account(f"a{number}", "qlara", labels={"cost_center": f"c{number}"})

    def answer(call: object) -> Reply:
        del call
        body = {"status": "ACTIVE", "balance": 5, "currency": "EUR", "used": 1, "limit": 2}
        return Reply(json.dumps(body).encode(), seconds=0.0)

    async with App() as app:
        app.provider.script = answer
        app.settings = Settings(tuple(many()))
        await app.service.reload()
        text = Text(await app.text("/"))
    assert sorted(accounts_in_order(text)) == sorted(f"a{number}" for number in range(1000))


def test_who_never_looks_at_the_page_never_loads_its_templates() -> None:
    code = "import sys, exporter.cli.serve; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
