"""Answers that are composed, read again: every definition and api, the built-in and the invented."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.failure import FailureError, Reason
from exporter.providers import compose, extract, values
from exporter.providers.blocks import Value
from exporter.providers.catalogue import builtin
from exporter.providers.definition import Definition
from exporter.providers.spellings import instant, number
from exporter.providers.texts import Wanted, text_for
from exporter.readings import Credit, MessagePrice, Readings, Subscription
from tests.providers.invented import INVENTED
from tests.providers.readings import comparable, readings

DEFINITIONS = [*builtin().values(), *INVENTED.values()]
APIS = [(definition, name) for definition in DEFINITIONS for name in definition.apis]
every_api = pytest.mark.parametrize(("definition", "name"), APIS, ids=lambda part: getattr(part, "id", part))


def failure(composed: compose.Composed, definition: Definition, name: str) -> Reason:
    with pytest.raises(FailureError) as error:
        extract.answer(composed.status, composed.body, definition, definition.apis[name])
    return error.value.failure.reason


def told(provider: str, wanted: Readings, api: str = "credit") -> Any:
    """What is composed of one of the invented, as a text; JSON as it is read."""
    definition = INVENTED[provider]
    text = compose.answer(wanted, definition, definition.apis[api]).body.decode()
    return json.loads(text) if definition.apis[api].format == "json" else text


@every_api
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=st.data())
def test_what_is_composed_is_read_again(data: st.DataObject, definition: Definition, name: str) -> None:
    api = definition.apis[name]
    wanted = data.draw(readings(api))
    composed = compose.answer(wanted, definition, api)
    found = extract.answer(composed.status, composed.body, definition, api)
    assert comparable(found) == comparable(wanted), composed.body


@every_api
def test_every_reason_that_a_definition_names_can_be_told(definition: Definition, name: str) -> None:
    errors = definition.errors
    named = {*errors.codes.values(), *errors.statuses.values(), *(each.reason for each in errors.bodies)}
    usual = {Reason.UNAUTHORIZED, Reason.FORBIDDEN}
    if 403 in errors.statuses and errors.code is None:
        usual.remove(Reason.FORBIDDEN)  # its own meaning of that status
    for reason in {Reason(word) for word in named if word not in (None, "ok")} | usual:
        assert failure(compose.failure(reason, definition, definition.apis[name]), definition, name) is reason


@every_api
def test_a_rate_limit_says_how_long_where_the_definition_has_it(definition: Definition, name: str) -> None:
    api = definition.apis[name]
    composed = compose.failure(Reason.RATE_LIMITED, definition, api, 12)
    with pytest.raises(FailureError) as error:
        extract.answer(composed.status, composed.body, definition, api)
    place = definition.errors.retry_after
    if place is None or place.pointer is None:
        assert composed.headers == {"Retry-After" if place is None else place.header: "12"}
    else:
        assert (error.value.failure.retry_after_seconds, composed.headers) == (12, {})


EUR = Credit(1785.5, "EUR")


@pytest.mark.parametrize(
    ("provider", "pots", "body"),
    [
        (
            "clicksend",
            [Credit(5, "AUD", auto_recharge=True)],
            {
                "data": {"balance": 5, "_currency": {"currency_name_short": "AUD"}, "auto_recharge": True},
                "response_code": "SUCCESS",
            },
        ),
        (
            "brevo",
            [Credit(300, "emails", wallet="free"), Credit(20, "messages", wallet="sms")],
            {"plan": [{"type": "free", "credits": 300}, {"type": "sms", "credits": 20}]},
        ),
        ("africastalking", [Credit(1785.5, "KES")], {"UserData": {"balance": "KES 1,785.5"}}),
        ("scaled", [Credit(967.05, "SEK", overdraft=12.5)], {"balance": 9670500, "currency": "SEK", "creditlimit": "1 250"}),
        (
            "pointed",
            [EUR],
            {"data": [None, {"a/b": {"value": 1785.5}, "c~d": "EUR"}]},
        ),
        (
            "named",
            [Credit(1, "messages", wallet="gold"), EUR],
            {"pots": {"gold": {"left": 1, "unit": "text"}}, "money": {"EUR": 1785.5}},
        ),
        (
            "paired",
            [Credit(1, "messages", wallet="a"), Credit(2, "EUR", wallet="a")],
            {"accounts": [{"name": "a", "sms": 1, "money": 2}]},
        ),
        ("later", [EUR], {"prepaid": {"amount": 1785.5, "currency": "EUR"}, "meta": {"code": 200}}),
        ("zoned", [EUR], {"art": 1, "guthaben": "1.785,5", "waehrung": "Euro", "status": True}),
    ],
)  # fmt: skip
def test_an_answer_has_the_definitions_form(provider: str, pots: list[Credit], body: object) -> None:
    assert told(provider, Readings(credits=tuple(pots), postpaid=False if provider == "later" else None)) == body


def test_an_answer_may_be_a_line_of_text() -> None:
    pot = Credit(1785.5, "EUR", expires_timestamp_seconds=1_798_761_600)
    assert told("bare", Readings("4711", (pot,))) == "OK;4711;1785.50 euros;2026-12-31"


def test_an_answer_may_be_xml() -> None:
    pots = (Credit(1500, "messages", wallet="EX1 & <2>"), Credit(2, "messages", wallet="EX2"))
    assert told("elements", Readings(credits=pots)).partition("\n")[2] == (
        "<accounts><account><messagesremaining>1500</messagesremaining><reference>EX1 &amp; &lt;2&gt;</reference>"
        "</account><account><messagesremaining>2</messagesremaining><reference>EX2</reference></account></accounts>\n"
    )


def test_a_postpaid_account_is_told_as_such() -> None:
    assert told("later", Readings(postpaid=True)) == {"kind": "postpaid", "meta": {"code": 200}}


def test_an_unknown_status_is_a_word_that_the_definition_does_not_have() -> None:
    body = told("planned", Readings(subscription=Subscription("unknown")), "subscription")
    definition = INVENTED["planned"]
    found = extract.answer(200, json.dumps(body).encode(), definition, definition.apis["subscription"])
    assert (found.subscription, len(found.remarks)) == (Subscription("unknown"), 1)


@pytest.mark.parametrize(
    ("provider", "wanted"),
    [
        ("scaled", Readings(credits=(Credit(1, "EUR", wallet="none has a name"),))),
        ("scaled", Readings(credits=(Credit(1, "EUR"), Credit(1, "USD")))),
        ("scaled", Readings()),
        ("scaled", Readings(credits=(Credit(1, "EUR"),), subscription=Subscription("active"))),
        ("scaled", Readings(credits=(Credit(1, "EUR", messages_remaining={"sms": 1}),))),
        ("scaled", Readings(credits=(Credit(1, "EUR"),), prices=(MessagePrice("DK", "45", "a", "DKK", 1),))),
        ("brevo", Readings(credits=(Credit(1, "messages", wallet="mail"),))),
        ("ovh", Readings(credits=(Credit(1, "EUR"),))),
        ("later", Readings(credits=(Credit(-1, "EUR"),), postpaid=False)),
        ("elements", Readings(credits=(Credit(1, "messages", wallet="\x01"),))),
    ],
)
def test_what_a_provider_does_not_tell_is_not_composed(provider: str, wanted: Readings) -> None:
    with pytest.raises(compose.ComposeError):
        told(provider, wanted)


def test_a_reason_that_no_answer_tells_is_not_composed() -> None:
    definition = INVENTED["scaled"]
    with pytest.raises(compose.ComposeError):
        compose.failure(Reason.SUSPENDED, definition, definition.apis["credit"])


def test_a_session_answers_what_is_kept_of_it() -> None:
    session = INVENTED["skebby"].sign_in["basic"].session
    assert session is not None
    composed = compose.session(session, {"user_key": "u1", "session_key": "s2"})
    assert (composed.status, composed.body, composed.content_type) == (200, b"u1;s2", "text/plain")


@pytest.mark.parametrize(
    ("patterns", "text"),
    [
        ({"[A-Z]{3} (.+)": "1,785.50", "([A-Z]{3}) .+": "KES"}, "KES 1,785.50"),
        ({"[^;]+;([0-9]+);.*": "5", "[^;]+;[^;]+;([A-Z]+)": "EUR"}, "EUR;5;EUR"),
        ({r"(?i)saldo(?:: |=)(\d+)\.?$": "5"}, "saldo: 5"),
        ({r"\x41[[:digit:]]{2}\pL(?P<sum>-?\d+)( left)?": "-5"}, "A00x-5"),
        ({r"a(\d+)|b(?:c(\d+))+": "5"}, "a5"),
        ({r"(?:only (\d+))?left": "5"}, "only 5left"),
        ({r"(\d{2}) ([^ ]*)": "15"}, "15 "),
    ],
)  # fmt: skip
def test_a_text_is_made_from_plain_patterns(patterns: dict[str, str], text: str) -> None:
    assert text_for([Wanted(pattern, (value,)) for pattern, value in patterns.items()]) == text


@pytest.mark.parametrize("pattern", [r"\Qa.b\E(\d+)", r"x{17}(\d+)", r"[a-c]+(\d)", r"(?:(\d+) )?left"])
def test_a_text_that_is_not_plain_or_does_not_exist_is_not_made(pattern: str) -> None:
    assert text_for([Wanted(pattern, ("x",))]) is None


@pytest.mark.parametrize(
    ("value", "wanted", "nearest"),
    [
        (Value(pointer=("/x",), time="date"), 1_798_700_000.5, 1_798_761_600.0),
        (Value(pointer=("/x",), time="date"), 1_798_761_600.0, 1_798_761_600.0),
        (Value(pointer=("/x",), time="unix"), 1_798_700_000.5, 1_798_700_000.5),
        (Value(pointer=("/x",), time="utc"), 1_798_700_000.5, 1_798_700_000.5),
    ],
)
def test_a_moment_is_told_as_exactly_as_the_notation_can(value: Value, wanted: float, nearest: float) -> None:
    for spelling in instant(value, wanted):
        found = values.instant(value, {"x": spelling}, {})
        assert found is not None
        assert found.timestamp_seconds == nearest


def test_a_number_without_decimals_is_rounded() -> None:
    value = Value(pointer=("/x",), written="1.234")
    assert {values.number(value, {"x": spelling}, {}) for spelling in number(value, -1234.6)} == {-1235}
