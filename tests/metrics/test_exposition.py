"""The text of the metrics: its golden, its validity, and what is rendered once."""

import asyncio
import gc
import gzip
import random
import re
import subprocess
import tracemalloc
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.accounts.observation import Observation, View
from exporter.accounts.spending import Spent
from exporter.failure import Failure, Reason
from exporter.metrics import exposition
from exporter.metrics.exposition import Exposition
from exporter.metrics.families import ACCOUNT_FAMILIES, EXPORTER_FAMILIES, ExporterState
from exporter.providers import extract
from exporter.providers.catalogue import builtin
from exporter.readings import Credit, MessagePrice, Readings
from exporter.settings import AccountSettings, Pair, Thresholds
from tests.providers.recorded import ANSWERS
from tests.virtual import account

STATE = ExporterState("0.0.0", "3.0.0", 2, last_reload_successful=True, loaded_timestamp_seconds=1_800_000_000.0)
THRESHOLDS = Thresholds(
    credit={"EUR": Pair(100, 50)},
    spend_spike=Pair(5.0),
    runway=Pair(604800, 172800),
    contacts_used_ratio=Pair(0.8, 1),
    subscription_remaining=Pair(2592000, 604800),
)


def of_recorded_answers() -> list[View]:
    """A view for every recorded answer, as if an account asked for nothing else."""
    views = []
    for answer in ANSWERS:
        found = answer.read()
        readings, failure = (None, found) if isinstance(found, Failure) else (found, None)
        api = answer.api_name
        settings = account(
            f"{api}.{answer.situation}",
            answer.provider.id,
            apis=[api],
            thresholds=THRESHOLDS,
            expect_features=("sms", "telepathy"),
            labels={"cost_center": "crm"} if api == "credit" else {"desk": 'a "quoted" \\ one'},
        )
        success = None if readings is None else 1_800_000_000.25
        views.append(
            View(settings, (Observation(api, readings, failure, success, 0.125, 2, int(failure is not None)),))
        )
    return views


POTS = (
    Credit(-3.0, "EUR", 1_780_000_000.0, 50.0, {"sms": 1200.0}, overdraft=100.0, auto_recharge=True),
    Credit(5000.0, "messages", None, None, {"sms": 5000.0}, "sms", auto_recharge=False),
    Credit(0.0, "emails", 1_790_000_000.0, None, {"mail": 0.0}, "mail", None, 1_800_100_000.0, 0.0),
    Credit(80.0, "emails", None, None, {"mail": 80.0}, "bulk", None, 1_800_200_000.0),
)
"""Pots of one account, of which some share a unit, and some a channel."""


SPENT = ("sms_credit_spent_total", "sms_credit_recharged_total", "sms_credit_watched_seconds_total")


def of_pots(name: str = "pots", **changes: object) -> View:
    """An account that tells all that a provider may tell of credit."""
    settings = account(name, **{"thresholds": THRESHOLDS, **changes})  # type: ignore[arg-type]
    spent = tuple(Spent(pot.currency, pot.wallet, 12.5, 100, 86400) for pot in POTS)
    return View(settings, (Observation("credit", Readings(credits=POTS, postpaid=False), spent=spent),))


def render(views: list[View], labels: Iterable[str] = ("cost_center", "desk"), *, openmetrics: bool = False) -> str:
    rendering = Exposition(tuple(labels))
    text = "".join(asyncio.run(rendering.accounts(views, openmetrics=openmetrics)))
    return text + ("# EOF\n" if openmetrics else "")


def exporter_text(*, openmetrics: bool) -> str:
    return "".join(exposition.exporter(STATE, openmetrics=openmetrics))


def whole(*, openmetrics: bool) -> str:
    """The golden text: the exporter's own families and those of all recorded answers."""
    own = exporter_text(openmetrics=openmetrics)
    steady = own[: own.index("# HELP process_")]  # what follows is of this process and machine
    return steady + render(of_recorded_answers(), openmetrics=openmetrics)


def series_of(text: str) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Every series as the strict parser of OpenMetrics reads it."""
    families = parse_openmetrics(text)
    return [(sample.name, tuple(sorted(sample.labels.items()))) for family in families for sample in family.samples]


def test_promtool_finds_nothing_to_say(promtool: str) -> None:
    text = render([*of_recorded_answers(), of_pots()]) + exporter_text(openmetrics=False)
    linted = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout, linted.stderr) == (0, "", "")


def test_the_strict_parser_of_openmetrics_accepts_it_and_no_series_stands_twice() -> None:
    series = series_of(exporter_text(openmetrics=True) + render([*of_recorded_answers(), of_pots()], openmetrics=True))
    assert len(series) == len(set(series)) > 100


def test_both_formats_say_the_same() -> None:
    views = [*of_recorded_answers(), of_pots()]
    text = [sample for family in parse_text(render(views)) for sample in family.samples]
    openmetrics = [s for family in parse_openmetrics(render(views, openmetrics=True)) for s in family.samples]
    assert [(s.name, s.labels, s.value) for s in text] == [(s.name, s.labels, s.value) for s in openmetrics]


def test_every_family_of_the_table_is_seen_in_the_recorded_answers_or_in_pots() -> None:
    text = render([*of_recorded_answers(), of_pots()])
    assert [family.name for family in ACCOUNT_FAMILIES if f"# TYPE {family.name} " not in text] == []


def test_what_was_spent_is_told_however_the_newest_call_ended() -> None:
    sums = (Spent("EUR", None, 12.5, 100, 86400), Spent("messages", "sms"))
    view = View(account("one"), (Observation("credit", failure=Failure(Reason.TIMEOUT, "no"), spent=sums),))
    assert lines_of(view, *SPENT) == [
        'sms_credit_spent_total{currency="EUR"} 12.5',
        'sms_credit_spent_total{currency="messages",wallet="sms"} 0',
        'sms_credit_recharged_total{currency="EUR"} 100',
        'sms_credit_recharged_total{currency="messages",wallet="sms"} 0',
        'sms_credit_watched_seconds_total{currency="EUR"} 86400',
        'sms_credit_watched_seconds_total{currency="messages",wallet="sms"} 0',
    ]


def test_a_balance_carries_its_provider_account_and_the_operators_labels_empty_where_unset() -> None:
    line = (
        'sms_credit_balance{provider="agiletelecom",account="credit.documented",cost_center="crm",desk="",currency="EUR"}'
        " 10.324"
    )
    assert line in render(of_recorded_answers()).splitlines()


def test_a_threshold_is_there_for_the_unit_that_the_account_has_now() -> None:
    text = render(of_recorded_answers())
    assert 'account="credit.documented",cost_center="crm",desk="",currency="EUR",severity="critical"} 50' in text
    assert 'currency="DKK",severity' not in text


def lines_of(view: View, *families: str) -> list[str]:
    """An account's lines of these families, without the labels that all have."""
    own = f'provider="{view.settings.provider.id}",account="{view.settings.name}"'
    lines = [line for line in render([view], ()).splitlines() if line.partition("{")[0] in families]
    assert all(own in line for line in lines)
    return [line.replace(f"{{{own}", "{").replace("{,", "{").replace("{}", "") for line in lines]


def test_each_pot_of_credit_is_named_on_every_family_of_credit_and_one_without_a_name_has_no_label() -> None:
    credit = [family.name for family in ACCOUNT_FAMILIES if family.name.startswith("sms_credit_")]
    credit = [name for name in credit if name not in SPENT]
    assert lines_of(of_pots(thresholds=Thresholds({"EUR": Pair(100)}, wallets={"mail": Pair(9, 3)})), *credit) == [
        'sms_credit_balance{currency="EUR"} -3',
        'sms_credit_balance{currency="messages",wallet="sms"} 5000',
        'sms_credit_balance{currency="emails",wallet="mail"} 0',
        'sms_credit_balance{currency="emails",wallet="bulk"} 80',
        'sms_credit_overdraft_limit{currency="EUR"} 100',
        'sms_credit_expiry_timestamp_seconds{currency="emails",wallet="mail"} 1800100000',
        'sms_credit_expiry_timestamp_seconds{currency="emails",wallet="bulk"} 1800200000',
        'sms_credit_expiring_amount{currency="emails",wallet="mail"} 0',
        "sms_credit_auto_recharge 1",
        'sms_credit_auto_recharge{wallet="sms"} 0',
        "sms_credit_postpaid 0",
        "sms_credit_last_recharge_timestamp_seconds 1780000000",
        'sms_credit_last_recharge_timestamp_seconds{wallet="mail"} 1790000000',
        'sms_credit_last_recharge_amount{currency="EUR"} 50',
        'sms_credit_messages_remaining{channel="sms"} 1200',
        'sms_credit_messages_remaining{channel="sms",wallet="sms"} 5000',
        'sms_credit_messages_remaining{channel="mail",wallet="mail"} 0',
        'sms_credit_messages_remaining{channel="mail",wallet="bulk"} 80',
        'sms_credit_balance_threshold{currency="EUR",severity="warning"} 100',
        'sms_credit_balance_threshold{currency="emails",wallet="mail",severity="warning"} 9',
        'sms_credit_balance_threshold{currency="emails",wallet="mail",severity="critical"} 3',
    ]


def test_units_that_share_a_wallet_give_one_sample_of_what_has_no_unit() -> None:
    shared = (
        Credit(1.0, "EUR", 1_780_000_000.0, None, {"sms": 10.0}, auto_recharge=True),
        Credit(2.0, "messages", 1_790_000_000.0, None, {"sms": 2.0}, auto_recharge=False),
    )
    families = (
        "sms_credit_auto_recharge",
        "sms_credit_last_recharge_timestamp_seconds",
        "sms_credit_messages_remaining",
    )
    assert lines_of(view_of(Readings(credits=shared)), *families) == [
        "sms_credit_auto_recharge 0",
        "sms_credit_last_recharge_timestamp_seconds 1790000000",
        'sms_credit_messages_remaining{channel="sms"} 2',
    ]


@given(
    pots=st.lists(
        st.builds(
            Credit,
            balance=st.just(1.0),
            currency=st.sampled_from(["EUR", "USD", "emails"]),
            last_recharge_timestamp_seconds=st.none() | st.just(1.0),
            last_recharge_amount=st.none() | st.just(2.0),
            messages_remaining=st.dictionaries(st.sampled_from(["sms", "rcs"]), st.just(3.0)),
            wallet=st.sampled_from([None, "a", "b"]),
            overdraft=st.none() | st.just(4.0),
            expires_timestamp_seconds=st.none() | st.just(5.0),
            expiring=st.none() | st.just(6.0),
            auto_recharge=st.none() | st.booleans(),
        ),
        unique_by=lambda pot: (pot.currency, pot.wallet),
    )
)
def test_no_series_stands_twice_whatever_pots_there_are(pots: list[Credit]) -> None:
    view = View(account(thresholds=THRESHOLDS), (Observation("credit", Readings(credits=tuple(pots))),))
    series = series_of(render([view], openmetrics=True))
    assert len(series) == len(set(series))


def test_the_threshold_of_the_spike_is_shown_unless_it_is_removed() -> None:
    family = "sms_credit_spend_spike_threshold_ratio"
    spike = View(account(thresholds=Thresholds(spend_spike=Pair(5.0))), (Observation("credit", BALANCE),))
    assert lines_of(spike, family) == [family + '{severity="warning"} 5']
    assert lines_of(View(account(thresholds=Thresholds()), (Observation("credit", BALANCE),)), family) == []


def test_a_postpaid_account_has_neither_a_threshold_of_credit_nor_one_of_runway() -> None:
    families = ("sms_credit_postpaid", "sms_credit_balance_threshold", "sms_credit_runway_threshold_seconds")
    prepaid = [
        "sms_credit_postpaid 0",
        'sms_credit_balance_threshold{currency="EUR",severity="warning"} 100',
        'sms_credit_balance_threshold{currency="EUR",severity="critical"} 50',
        'sms_credit_runway_threshold_seconds{severity="warning"} 604800',
        'sms_credit_runway_threshold_seconds{severity="critical"} 172800',
    ]
    told = {True: ["sms_credit_postpaid 1"], False: prepaid, None: prepaid[1:]}
    for postpaid, lines in told.items():
        readings = Readings(credits=BALANCE.credits, postpaid=postpaid)
        view = View(account(thresholds=THRESHOLDS), (Observation("credit", readings),))
        assert lines_of(view, *families) == lines
    nothing = View(account(thresholds=THRESHOLDS), (Observation("credit", Readings(postpaid=True)),))
    assert lines_of(nothing, *families) == told[True]


def view_of(readings: Readings | None, failure: Failure | None = None, requests: int = 1, name: str = "a") -> View:
    return View(account(name), (Observation("credit", readings, failure, 1.5, 0.5, requests, 0),))


BALANCE = Readings(credits=(Credit(5.0, "EUR"),))


@given(label=st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_label_value_round_trips(label: str) -> None:
    view = View(account("a", labels={"note": label}), (Observation("credit", BALANCE),))
    for parse, openmetrics in ((parse_text, False), (parse_openmetrics, True)):
        families = parse(render([view], ["note"], openmetrics=openmetrics))
        labels = {sample.labels["note"] for family in families for sample in family.samples}
        assert labels == {label}


@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_any_value_round_trips(value: float) -> None:
    assert float(exposition.number(value)) == value


def test_help_is_the_same_whatever_is_configured_and_tells_of_the_cache() -> None:
    """A textfile collector drops a family of which two files tell a different help."""
    helps: dict[str, set[str]] = {}
    for view in (view_of(BALANCE), *of_recorded_answers()):
        for line in render([view]).splitlines():
            if line.startswith("# HELP"):
                helps.setdefault(line.split()[2], set()).add(line)
    assert {len(lines) for lines in helps.values()} == {1}
    assert "label currency. May come from the cache." in str(helps["sms_credit_balance"])
    assert "cache" not in str(helps["sms_api_up"])
    assert [provider for provider in builtin().values() if provider.name in str(helps)] == []


def test_nothing_is_shown_of_an_account_that_never_answered_but_that_it_is_down() -> None:
    text = render([view_of(None, Failure(Reason.TIMEOUT, "?"))])
    assert "sms_credit_balance{" not in text
    assert 'sms_account_up{provider="agiletelecom",account="a"' in text
    assert ',api="credit",reason="timeout"} 1\n' in text


@pytest.mark.parametrize(
    "told", ["", '"features": null,', '"features": [],', '"features": ["sms"],', '"features": "sms",']
)
def test_without_a_list_of_features_no_series_is_there_that_an_alert_could_fire_on(told: str) -> None:
    qlara = builtin()["qlara"]
    body = f'{{{told} "status": "ACTIVE", "plan": "Team"}}'.encode()
    readings = extract.answer(200, body, qlara, qlara.apis["subscription"])
    settings = account("a", "qlara", apis=["subscription"], expect_features=("sms", "rcs"))
    text = render([View(settings, (Observation("subscription", readings),))])
    assert 'sms_subscription_status{provider="qlara",account="a"' in text
    assert "sms_subscription_feature" not in re.sub("^#.*", "", text, flags=re.MULTILINE)


def test_what_has_not_changed_is_rendered_once() -> None:
    async def main() -> None:
        rendering = Exposition(())
        settings = account("a")
        kept = Observation("credit", BALANCE, None, 1.5, 0.5, 1, 0)
        first = await rendering.accounts([View(settings, (kept,))], openmetrics=False)
        again = await rendering.accounts([View(settings, (kept,))], openmetrics=False)
        assert [old is new for old, new in zip(first, again, strict=True)] == [True] * len(first)
        changed = Observation("credit", BALANCE, None, 2.5, 0.5, 2, 0)
        anew = await rendering.accounts([View(settings, (changed,))], openmetrics=False)
        assert "".join(anew) != "".join(first)
        relabelled = await rendering.accounts(
            [View(account("a", thresholds=THRESHOLDS), (changed,))], openmetrics=False
        )
        assert "threshold" in "".join(relabelled)

    asyncio.run(main())


def test_of_two_apis_only_the_changed_one_is_rendered_anew() -> None:
    async def main() -> None:
        rendering = Exposition(())
        settings = account("a", "qlara", apis=["credit", "contacts"])
        contacts = Observation("contacts", requests=1)
        first = View(settings, (Observation("credit", BALANCE, requests=1), contacts))
        second = View(settings, (Observation("credit", BALANCE, requests=2), contacts))
        texts = ["".join(await rendering.accounts([view], openmetrics=False)) for view in (first, second)]
        assert texts[0].replace('api="credit"} 1\n', "") == texts[1].replace('api="credit"} 2\n', "").replace(
            'api="credit"} 1\n', ""
        )

    asyncio.run(main())


def price_list(count: int) -> Readings:
    return Readings(prices=tuple(MessagePrice("DK", str(n), f"tier {n % 2}", "EUR", n + 0.5) for n in range(count)))


def shop(number: int, countries: frozenset[str] | None = None) -> AccountSettings:
    return replace(account(f"shop-{number}", "gatewayapi", apis=["prices"]), price_countries=countries)


async def rendered_prices(rendering: Exposition, shops: Iterable[AccountSettings], readings: Readings) -> list[str]:
    views = [View(each, (Observation("prices", readings),)) for each in shops]
    return await rendering.accounts(views, openmetrics=False)


async def test_accounts_that_read_one_price_list_share_its_lines() -> None:
    readings = price_list(2000)
    shops = [shop(number) for number in range(50)]
    rendering = Exposition(())
    tracemalloc.start()
    try:
        await rendered_prices(rendering, shops[:1], readings)
        one = tracemalloc.get_traced_memory()[0]
        parts = await rendered_prices(rendering, shops, readings)
        text = "".join(parts)
        length = len(text)
        del parts, text
        gc.collect()
        more = tracemalloc.get_traced_memory()[0] - one
    finally:
        tracemalloc.stop()
    assert length > 50 * 200_000
    assert more < 49 * 50_000  # two pointers a line, where a line has a hundred characters


async def test_each_account_shows_of_a_shared_price_list_what_it_asks_for() -> None:
    readings = Readings(prices=tuple(MessagePrice(country, "1", "t", "EUR", 0.5) for country in ("DK", "IT")))
    rendering = Exposition(())
    shops = [shop(0), shop(1, frozenset({"DK"})), shop(2, frozenset({"FR"})), shop(3, frozenset({"DK"}))]
    text = "".join(await rendered_prices(rendering, shops, readings))
    shown = re.findall(
        r'^sms_message_price\{provider="gatewayapi",account="shop-(.)",country="(..)".*\} 0.5$', text, re.MULTILINE
    )
    assert shown == [("0", "DK"), ("0", "IT"), ("1", "DK"), ("3", "DK")]
    # A list that is read anew is another one, also where it lies at the same place in memory.
    for price in range(20):
        anew = Readings(prices=(MessagePrice("DK", "1", "t", "EUR", price),))
        text = "".join(await rendered_prices(rendering, shops, anew))
        assert re.findall(r"^sms_message_price.*\} (.+)$", text, re.MULTILINE) == [str(price)] * 3


def test_a_price_list_is_no_series_of_an_account_that_has_none() -> None:
    assert "sms_message_price" not in render([View(shop(0), (Observation("prices", Readings()),))])


@pytest.mark.parametrize("openmetrics", [False, True])
@pytest.mark.parametrize("wide", ["", "\N{GRINNING FACE} é"])
def test_the_body_is_the_parts_in_utf_8_however_many(openmetrics: bool, wide: str) -> None:
    parts = [f"{number} {wide}\n" for number in range(25_001)]
    text = exposition.Text(parts, openmetrics=openmetrics)
    body = b"".join(text)
    assert body.decode() == "".join(parts) + ("# EOF\n" if openmetrics else "")
    assert text.size == len(body)
    assert max(map(len, text)) < 20_000


@pytest.mark.parametrize("openmetrics", [False, True])
def test_a_scrape_that_follows_on_another_is_as_if_it_were_the_first(openmetrics: bool) -> None:
    other = replace(BALANCE, credits=(Credit(7.5, "EUR"),))
    before, views = ([view_of(BALANCE, name=f"a{number}") for number in range(3)] for _ in range(2))
    views = [replace(view, settings=old.settings) for view, old in zip(views, before, strict=True)]
    changed = replace(before[1], observations=(replace(before[1].observations[0], readings=other),))
    rendering = Exposition(())

    def text(shown: list[View], of: Exposition, *, is_openmetrics: bool = openmetrics) -> str:
        return "".join(asyncio.run(of.accounts(shown, openmetrics=is_openmetrics)))

    for shown in (
        before,
        before,
        views,
        [before[0], changed, before[2]],
        [changed],
        before,
        [changed],
        [before[0], changed, before[2]],
        before[:2],
        before[::-1],
        [],
        before,
    ):
        assert text(shown, rendering) == text(shown, Exposition(()))
        assert text(shown, rendering, is_openmetrics=True) == text(shown, Exposition(()), is_openmetrics=True)


def test_parts_are_made_once_for_scrapes_that_show_the_same() -> None:
    views = [view_of(BALANCE, name=f"a{number}") for number in range(3)]
    rendering = Exposition(())
    first, again = (asyncio.run(rendering.accounts(views, openmetrics=False)) for _ in range(2))
    probed = asyncio.run(rendering.accounts(views[:1], openmetrics=False))
    assert first is again is asyncio.run(rendering.accounts(views, openmetrics=False))
    assert probed != first


def test_rendering_many_accounts_lets_others_run_in_between() -> None:
    async def main() -> None:
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(other())
        rendering = Exposition(())
        views = [view_of(BALANCE, name=f"a{number}") for number in range(500)]
        await rendering.accounts(views, openmetrics=False)
        task.cancel()
        assert turns >= 9

    asyncio.run(main())


def test_compressed_text_is_the_text() -> None:
    body = random.Random(1).randbytes(1000) * 100
    assert gzip.decompress(exposition.compress([body])) == body


def test_the_exporters_own_families_carry_no_account_labels() -> None:
    names = {family.name for family in EXPORTER_FAMILIES}
    for family in parse_text(exporter_text(openmetrics=False)):
        for sample in family.samples:
            assert not {"provider", "account"} & set(sample.labels)
            names.discard(sample.name)
    assert names == set()
