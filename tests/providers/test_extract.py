"""Extraction: what a provider may send, and the unusual shapes that a definition can express."""

import itertools
import json
import math
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.documents import reader
from exporter.documents.faults import ConfigError
from exporter.documents.model import Model
from exporter.documents.report import Report
from exporter.documents.validate import validate
from exporter.failure import FailureError, Reason
from exporter.providers import extract
from exporter.providers.catalogue import builtin, read
from exporter.providers.currencies import CODES
from exporter.providers.definition import Api, Definition
from exporter.providers.values import steps
from exporter.readings import ContactQuota, Readings

AGILE = builtin()["agiletelecom"]
GATEWAY = builtin()["gatewayapi"]
QLARA = builtin()["qlara"]


def credit_of(body: bytes | str, status: int = 200) -> float | Reason:
    raw = body if isinstance(body, bytes) else body.encode()
    try:
        return extract.answer(status, raw, AGILE, AGILE.apis["credit"]).credits[0].balance
    except FailureError as error:
        return error.failure.reason


def reason_of(definition: Definition, api: str, status: int, document: Any) -> Reason:
    with pytest.raises(FailureError) as error:
        extract.answer(status, json.dumps(document).encode(), definition, definition.apis[api])
    return error.value.failure.reason


@pytest.mark.parametrize(
    ("body", "balance"),
    [
        ('{"credit": 10.324}', 10.324),
        ('{"credit": "10.324"}', 10.324),
        ('{"credit": "-3.50"}', -3.5),
        ('{"credit": "0E-10"}', 0.0),
        ('{"credit": 0}', 0.0),
        ('{"credit": " 10.32 "}', 10.32),
        ('{"credit": "\\t10.32\\r\\n"}', 10.32),
        ('{"credit": ".5"}', 0.5),
        ('{"credit": "-.5"}', -0.5),
        ('{"credit": "5."}', 5.0),
        ('{"credit": "+5"}', 5.0),
        (b'\xef\xbb\xbf{"credit": 10.324}', 10.324),
    ],
    ids=[
        "number",
        "decimal string",
        "negative",
        "decimal zero with exponent",
        "zero",
        "spaces",
        "line's end",
        "no zero before the point",
        "negative without zero",
        "nothing after the point",
        "plus",
        "byte order mark",
    ],
)
def test_credit_is_a_number_or_a_decimal_string(body: bytes | str, balance: float) -> None:
    assert credit_of(body) == balance


@pytest.mark.parametrize(
    "body",
    [
        '{"credit": true}',
        '{"credit": null}',
        '{"credit": NaN}',
        '{"credit": Infinity}',
        '{"credit": 1e999}',
        '{"credit": "1e999"}',
        '{"credit": "NaN"}',
        '{"credit": "1_000"}',
        '{"credit": "1,000.50"}',
        '{"credit": "10.324 EUR"}',
        '{"credit": "٣"}',
        '{"credit": ""}',
        '{"credit": {"amount": 5}}',
        '{"credit": [5]}',
        '{"credit": ' + "9" * 400 + "}",
        '{"credit": ' + "9" * 5000 + "}",
        "{}",
        "900",
        "[]",
        "null",
        '"900"',
        "",
        "<html><body>900</body></html>",
        '{"credit": 10',
        b'{"credit": 10, "x": "\xff"}',
        "[" * 200_000,
    ],
)
def test_anything_else_is_an_invalid_response_and_never_a_value(body: bytes | str) -> None:
    assert credit_of(body) is Reason.INVALID_RESPONSE


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, Reason.BAD_REQUEST),
        (401, Reason.UNAUTHORIZED),
        (403, Reason.FORBIDDEN),
        (404, Reason.BAD_REQUEST),
        (429, Reason.RATE_LIMITED),
        (500, Reason.SERVER_ERROR),
        (503, Reason.SERVER_ERROR),
        (302, Reason.REDIRECT),
        (304, Reason.REDIRECT),
        (999, Reason.INVALID_RESPONSE),
    ],
)
def test_without_a_known_error_in_the_body_the_status_tells_the_reason(status: int, reason: Reason) -> None:
    assert credit_of("<html>", status) is reason
    assert credit_of('{"credit": 10.324}', status) is reason


@pytest.mark.parametrize("status", [200, 401, 404, 500])
@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1, Reason.UNAUTHORIZED),
        ("1", Reason.UNAUTHORIZED),
        (1.0, Reason.UNAUTHORIZED),
        (2, Reason.INSUFFICIENT_CREDIT),
        (8, Reason.SERVER_ERROR),
        (9, Reason.TIMEOUT),
        (100, Reason.IP_NOT_ALLOWED),
    ],
)
def test_a_code_beats_the_status(status: int, code: object, reason: Reason) -> None:
    assert reason_of(AGILE, "credit", status, {"status": "error", "message": "?", "code": code}) is reason
    assert reason_of(AGILE, "credit", status, {"credit": 5, "code": code}) is reason


@pytest.mark.parametrize("code", [77, True, [1], {"x": 1}, 1.5, "one"])
def test_with_an_unknown_code_the_status_decides_and_success_is_an_invalid_response(code: object) -> None:
    body = {"status": "error", "code": code}
    assert reason_of(AGILE, "credit", 500, body) is Reason.SERVER_ERROR
    assert reason_of(AGILE, "credit", 403, body) is Reason.FORBIDDEN
    assert reason_of(AGILE, "credit", 200, body) is Reason.INVALID_RESPONSE


def test_a_code_that_is_null_or_empty_is_none() -> None:
    assert reason_of(GATEWAY, "credit", 403, {"code": None}) is Reason.IP_NOT_ALLOWED
    assert reason_of(GATEWAY, "credit", 403, {"code": ""}) is Reason.IP_NOT_ALLOWED


@pytest.mark.parametrize("word", [False, "false", "False", 0, "0"])
@pytest.mark.parametrize("name", ["success", "Success", "ok"])
def test_an_answer_that_says_of_itself_that_it_failed_holds_no_value(name: str, word: object) -> None:
    assert credit_of(json.dumps({name: word, "credit": 0})) is Reason.INVALID_RESPONSE
    assert credit_of(json.dumps({"status": "success", "data": {name: word, "credit": 0}})) is Reason.INVALID_RESPONSE
    assert credit_of(json.dumps({name: word, "credit": 0}), 503) is Reason.SERVER_ERROR


@pytest.mark.parametrize("word", [True, "true", "TRUE", 1, "1"])
@pytest.mark.parametrize("name", ["error", "Error", "hasError"])
def test_an_answer_that_says_of_itself_that_it_is_an_error_holds_no_value(name: str, word: object) -> None:
    assert credit_of(json.dumps({name: word, "credit": 0})) is Reason.INVALID_RESPONSE
    assert credit_of(json.dumps({"status": "success", "data": {name: word, "credit": 0}})) is Reason.INVALID_RESPONSE


@pytest.mark.parametrize("word", [False, 0, "false", None, "", "no error", [], {}])
def test_an_answer_that_names_no_error_holds_its_value(word: object) -> None:
    assert credit_of(json.dumps({"error": word, "credit": 7})) == 7


@pytest.mark.parametrize("word", ["error", "Error", "ERROR", " error "])
def test_an_errors_word_counts_however_it_is_written(word: str) -> None:
    assert credit_of(json.dumps({"status": word, "credit": 0})) is Reason.INVALID_RESPONSE
    assert credit_of(json.dumps({"status": word, "credit": 0}), 503) is Reason.SERVER_ERROR
    assert credit_of(json.dumps({"status": f"no {word}", "credit": 7})) == 7


def test_a_jsend_failure_in_capitals_tells_its_reason() -> None:
    assert reason_of(QLARA, "credit", 200, {"status": "FAIL", "data": {"authentication": "?"}}) is Reason.UNAUTHORIZED


@pytest.mark.parametrize("word", [True, "true", 1, "yes", None, {}, 17])
def test_an_answer_that_does_not_say_so_holds_its_value(word: object) -> None:
    assert credit_of(json.dumps({"success": word, "credit": 7})) == 7


@pytest.mark.parametrize("status", [200, 402, 500])
def test_a_code_beside_letters_of_another_charset_is_read_and_a_value_is_not(status: int) -> None:
    """Old back ends write their messages in ISO-8859-1 and don't say so."""
    said = '{"status": "error", "code": 2, "message": "il credito non è sufficiente"}'.encode("latin-1")
    assert credit_of(said, status) is Reason.INSUFFICIENT_CREDIT
    assert credit_of(b"\xef\xbb\xbf" + said, status) is Reason.INSUFFICIENT_CREDIT
    value = '{"credit": 7, "note": "è"}'.encode("latin-1")
    assert credit_of(value, status) is (Reason.INVALID_RESPONSE if status == 200 else credit_of(b"{}", status))
    assert credit_of(said[:-2], 500) is Reason.SERVER_ERROR


@pytest.mark.parametrize("code", [0, "0", 0.0, " 0 ", "000"])
def test_a_code_of_nothing_beside_a_value_is_no_error(code: object) -> None:
    assert credit_of(json.dumps({"code": code, "credit": 10.3})) == 10.3
    assert reason_of(AGILE, "credit", 200, {"code": code}) is Reason.INVALID_RESPONSE
    assert reason_of(AGILE, "credit", 503, {"code": code, "credit": 10.3}) is Reason.SERVER_ERROR


def test_codes_are_compared_without_case() -> None:
    assert reason_of(GATEWAY, "credit", 403, {"code": "0X022a"}) is Reason.SUSPENDED


@pytest.mark.parametrize("status", [200, 401, 403, 500])
def test_a_jsend_failure_tells_its_reason_under_any_status(status: int) -> None:
    refused = {"status": "fail", "data": {"authentication": "?"}}
    forbidden = {"status": "fail", "data": {"authorization": "?"}}
    for api in ("credit", "subscription", "contacts"):
        assert reason_of(QLARA, api, status, refused) is Reason.UNAUTHORIZED
        assert reason_of(QLARA, api, status, forbidden) is Reason.FORBIDDEN


@pytest.mark.parametrize("status", [None, 5, True, ["ACTIVE"], {}])
def test_a_plan_without_a_status_is_an_invalid_response(status: object) -> None:
    assert reason_of(QLARA, "subscription", 200, {"plan": "x", "status": status}) is Reason.INVALID_RESPONSE


def subscription(**fields: Any) -> Readings:
    body = json.dumps({"status": "ACTIVE", **fields}).encode()
    return extract.answer(200, body, QLARA, QLARA.apis["subscription"])


def test_statuses_are_translated_without_case_and_unknown_ones_are_remarked() -> None:
    for word, status in {"active": "active", " Suspended ": "suspended", "CANCELED": "cancelled"}.items():
        plan = subscription(status=word).subscription
        assert plan is not None
        assert plan.status == status
    unknown = subscription(status="HIBERNATING")
    assert unknown.subscription is not None
    assert unknown.subscription.status == "unknown"
    assert unknown.remarks == ("status 'HIBERNATING' is not known",)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("plan", 1.5),
        ("plan", "x" * 300),
        ("plan", "\ud800"),
        ("startDate", "2026-13-01"),
        ("endDate", "2026-02-31T00:00:00Z"),
        ("endDate", "2026-W01-1T00:00:00Z"),
        ("endDate", 1767222000),
        ("endDate", "9999-12-31T23:59:59Z"),
        ("autoRenew", "yes"),
        ("autoRenew", 2),
        ("features", ["sms"]),
    ],
)
def test_an_optional_value_of_the_wrong_type_is_left_out_with_a_remark(field: str, wrong: object) -> None:
    readings = subscription(**{field: wrong})
    assert readings.subscription == subscription().subscription
    assert len(readings.remarks) == 1
    assert field in readings.remarks[0]


def test_an_optional_value_that_is_null_is_absent_without_a_remark() -> None:
    names = ("plan", "subscriptionId", "startDate", "endDate", "autoRenew", "features")
    assert subscription(**dict.fromkeys(names)) == subscription()


@pytest.mark.parametrize(
    "date",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01t00:00:00.000z",
        "2026-01-01T01:00:00+01:00",
        "2026-01-01T00:00:00.000+0000",
        "2026-01-01T01:00+01:00",
        "2026-01-01T01:00:00+01",
        "2025-12-31T20:00:00-0400",
        "2026-01-01 00:00:00.000000Z",
        "2026-01-01T01:00:00+01:00[Europe/Rome]",
        " 2026-01-01T00:00:00Z ",
        "20260101T000000Z",
        "20260101T013000.000+0130",
        "20260101T01+01",
        "2025-12-31T24:00:00Z",
        "2025-12-31T24:00Z",
        "20251231T240000Z",
        "2026-01-01T05:30:00+0530",
        "2026-01-01 00:00z",
        "2026-01-01 00:00:00 UTC",
        "2026-01-01 01:00:00 +0100",
        "2026-01-01 00:00:00.000000000 +0000 UTC",
        "2026-01-01 01:00:00 +0100 CET",
        "2026-01-01T00:00:00.0000000Z",
        "2026-01-01T00:00:00,000Z",
    ],
)
def test_dates_are_iso_8601_as_back_ends_write_it(date: str) -> None:
    readings = subscription(endDate=date)
    assert readings.subscription is not None
    assert readings.subscription.end_timestamp_seconds == 1767225600.0
    assert readings.remarks == ()


@pytest.mark.parametrize(
    ("date", "timestamp", "remark"),
    [
        ("2026-01-01T00:00:00", 1767225600.0, "endDate has no zone: UTC is taken"),
        ("2026-01-01 00:00", 1767225600.0, "endDate has no zone: UTC is taken"),
        ("20260101T000000", 1767225600.0, "endDate has no zone: UTC is taken"),
        ("2025-12-31T24:00:00", 1767225600.0, "endDate has no zone: UTC is taken"),
        ("2025-12-31", 1767225600.0, "endDate has no time: its end in UTC is taken"),
        ("20251231", 1767225600.0, "endDate has no time: its end in UTC is taken"),
    ],
)
def test_a_date_that_lacks_something_is_read_with_a_remark(date: str, timestamp: float, remark: str) -> None:
    readings = subscription(endDate=date)
    assert readings.subscription is not None
    assert readings.subscription.end_timestamp_seconds == timestamp
    assert readings.remarks == (remark,)


@pytest.mark.parametrize(
    "date",
    [
        "2026-01-01T24:00:01Z",
        "2026-01-01T25:00:00Z",
        "2026-01-01T12:60:00Z",
        "2026-01-01T12:00:61Z",
        "2026-01-01T12:00:00+99",
        "20260230T000000Z",
        "20261301",
        "202601",
        "2026",
        "20260101000000",
    ],
)
def test_what_no_calendar_or_clock_has_is_left_out(date: str) -> None:
    readings = subscription(endDate=date)
    assert readings.subscription == subscription().subscription
    assert readings.remarks == ("endDate is left out: it is not a date and time of ISO 8601",)


def test_a_leap_second_is_the_next_minutes_start() -> None:
    plan = subscription(endDate="2016-12-31T23:59:60Z").subscription
    assert plan is not None
    assert plan.end_timestamp_seconds == 1483228800.0


ZEROS = ["0001-01-01", "1970-01-01", "0001-01-01T00:00:00", "1970-01-01T01:00:00+01:00", "0001-01-01T00:00:00-05:00"]
ZEROS += ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000+0000", "1899-12-30", "19700101"]
ZEROS += ["00010101T000000Z", "19700101T000000Z", "1970-01-01 00:00:00 UTC", "1999-12-30T00:00:00Z"]


@pytest.mark.parametrize("date", ZEROS)
def test_zero_values_of_programs_are_no_dates(date: str) -> None:
    assert subscription(endDate=date) == subscription(endDate=None)


@pytest.mark.parametrize("number", [0, "0", 0.0, -1, 3600, -62135596800])
@pytest.mark.parametrize("time", ["unix", "unix_ms"])
def test_a_number_of_no_seconds_is_no_date(time: str, number: object) -> None:
    expiring = api(
        credit={"balance": "/b", "currency": {"constant": "EUR"}, "expires": {"pointer": "/t", "time": time}}
    )
    found = extract.answer(200, json.dumps({"b": 5, "t": number}).encode(), AGILE, expiring)
    assert (found.credits[0].expires_timestamp_seconds, found.remarks) == (None, ())
    later = {"b": 5, "t": 1767225600 * (1000 if time == "unix_ms" else 1)}
    found = extract.answer(200, json.dumps(later).encode(), AGILE, expiring)
    assert found.credits[0].expires_timestamp_seconds == 1767225600


@pytest.mark.parametrize("features", [None, [], ["sms"], "sms", {}])
def test_without_a_list_of_features_none_is_known(features: object) -> None:
    plan = subscription(features=features).subscription
    assert plan is not None
    assert plan.features == ({} if features == {} else None)


@pytest.mark.parametrize(
    ("raw", "flag"), [("true", True), ("TRUE", True), (1, True), ("1", True), (0, False), ("false", False)]
)
def test_a_flag_is_a_boolean_or_its_number_or_text(raw: object, flag: bool) -> None:
    readings = subscription(autoRenew=raw, features={"sms": raw})
    assert readings.subscription is not None
    assert (readings.subscription.auto_renew, readings.subscription.features) == (flag, {"sms": flag})
    assert readings.remarks == ()


def test_a_feature_may_be_told_by_a_number_beside_one_told_by_a_text() -> None:
    plan = subscription(features={"sms": 1, "rcs": "true", "whatsapp": "0"}).subscription
    assert plan is not None
    assert plan.features == {"sms": True, "rcs": True, "whatsapp": False}


def test_an_object_of_too_many_features_is_cut() -> None:
    readings = subscription(features={f"f{number}": True for number in range(500)})
    assert readings.subscription is not None
    assert len(readings.subscription.features or ()) == extract.MOST_MEMBERS
    assert "500 members" in readings.remarks[0]


def test_a_feature_whose_name_fits_no_label_is_left_out() -> None:
    readings = subscription(features={"x" * 300: True, "sms": True})
    assert readings.subscription is not None
    assert readings.subscription.features == {"sms": True}
    assert len(readings.remarks) == 1


def test_channels_of_the_wrong_type_are_left_out() -> None:
    body = {"balance": 5, "currency": "eur", "estimatedMessagesRemaining": {"sms": 3, "rcs": "x", "whatsapp": None}}
    readings = extract.answer(200, json.dumps(body).encode(), QLARA, QLARA.apis["credit"])
    assert readings.credits[0].messages_remaining == {"sms": 3.0}
    assert readings.credits[0].currency == "EUR"
    assert len(readings.remarks) == 1


@pytest.mark.parametrize("currency", [None, 5, "", "EURO", "E1R", "€", "VAT", "eux", "uſd"])
def test_a_balance_needs_its_currency(currency: object) -> None:
    assert reason_of(QLARA, "credit", 200, {"balance": 5, "currency": currency}) is Reason.INVALID_RESPONSE


@pytest.mark.parametrize(
    "envelope",
    [
        *({"status": word} for word in ("success", "Success", "SUCCESS", " success ", "ok", "OK")),
        *({"success": word} for word in (True, "true", 1)),
        {"ok": True},
    ],
    ids=str,
)
def test_an_envelope_is_opened_however_its_word_is_written(envelope: dict[str, Any]) -> None:
    body = {**envelope, "data": {"balance": 5, "currency": "EUR"}}
    readings = extract.answer(200, json.dumps(body).encode(), QLARA, QLARA.apis["credit"])
    assert [(credit.balance, credit.currency) for credit in readings.credits] == [(5, "EUR")]


def enveloped(api: str, **fields: Any) -> Readings:
    body = json.dumps({"status": "success", "data": fields}).encode()
    return extract.answer(200, body, QLARA, QLARA.apis[api])


def test_each_of_a_providers_answers_is_read_inside_an_envelope() -> None:
    (credit,) = enveloped("credit", balance=5, currency="EUR", estimatedMessagesRemaining={"sms": 9}).credits
    assert (credit.balance, credit.currency, credit.messages_remaining) == (5, "EUR", {"sms": 9})
    assert enveloped("contacts", used=5, total=10, lists=2).contacts == ContactQuota(5, 10, 2)
    plan = {"status": "ACTIVE", "plan": "Team", "features": {"sms": True, "maxContacts": 50}, "autoRenew": True}
    assert enveloped("subscription", **plan) == subscription(**plan)
    assert enveloped("subscription", **plan | {"status": "SUSPENDED"}) == subscription(**plan | {"status": "SUSPENDED"})


def test_an_envelope_without_its_answer_is_no_plan() -> None:
    assert reason_of(QLARA, "subscription", 200, {"status": "success", "data": {}}) is Reason.INVALID_RESPONSE
    assert reason_of(QLARA, "credit", 200, {"status": "success", "data": None}) is Reason.INVALID_RESPONSE


@pytest.mark.parametrize("number", [-1, "-1", -1.0])
def test_a_number_of_things_below_zero_is_none(number: object) -> None:
    contacts = extract.answer(200, json.dumps({"used": 5, "lists": number}).encode(), QLARA, QLARA.apis["contacts"])
    assert contacts.contacts == ContactQuota(5)
    assert reason_of(QLARA, "contacts", 200, {"used": number, "total": 10}) is Reason.INVALID_RESPONSE
    told = {"balance": number, "currency": "EUR", "estimatedMessagesRemaining": {"sms": 9, "rcs": number}}
    (credit,) = extract.answer(200, json.dumps(told).encode(), QLARA, QLARA.apis["credit"]).credits
    assert (credit.balance, credit.messages_remaining) == (-1, {"sms": 9})
    row = {"country": "AD", "prefix": 376, "eur": 0.05, "dkk": number}
    assert [price.currency for price in prices({"standard": [row]}).prices] == ["EUR"]
    limited = api(credit={"balance": "/b", "currency": {"constant": "EUR"}, "overdraft": "/o", "expiring": "/e"})
    (credit,) = extract.answer(200, json.dumps({"b": 5, "o": number, "e": number}).encode(), AGILE, limited).credits
    assert (credit.overdraft, credit.expiring) == (None, None)


@pytest.mark.parametrize("number", [-1, "-1", -1.0, -0.5])
def test_a_limit_below_zero_is_none(number: object) -> None:
    body = json.dumps({"used": 5, "total": number, "lists": 2}).encode()
    assert extract.answer(200, body, QLARA, QLARA.apis["contacts"]).contacts == ContactQuota(5, None, 2)
    plan = subscription(features={"sms": True, "maxContacts": number}).subscription
    assert plan is not None
    assert (plan.max_contacts, plan.features) == (None, {"sms": True})


def prices(document: Any) -> Readings:
    return extract.answer(200, json.dumps(document).encode(), GATEWAY, GATEWAY.apis["prices"])


def test_of_two_prices_with_equal_labels_the_dearer_counts_and_is_remarked() -> None:
    row = {"country": "AD", "prefix": 376}
    readings = prices({"standard": [{**row, "eur": 0.05}, {**row, "eur": 0.07}, {**row, "eur": 0.06}]})
    assert [price.price for price in readings.prices] == [0.07]
    assert readings.remarks == ("two prices for AD 376 standard EUR: the dearer is taken",)


def test_a_price_row_that_is_not_whole_is_left_out() -> None:
    good = {"country": "AD", "prefix": 376, "eur": "0.05", "dkk": None}
    bad: list[Any] = [{"country": "AE", "eur": 1}, {"country": "AE", "prefix": 971, "eur": "?"}, 5, None]
    readings = prices({"standard": [good, *bad]})
    assert [(price.country, price.price) for price in readings.prices] == [("AD", 0.05)]
    assert "the price of AE in EUR is left out: it is not a finite number or a decimal string" in readings.remarks


@pytest.mark.parametrize("prefix", [376, 376.0, "376", "+376", " 376 "])
@pytest.mark.parametrize("country", ["AD", "ad", "AND", " ad\n"])
def test_the_labels_of_a_price_are_codes(prefix: object, country: str) -> None:
    (price,) = prices({"x" * 32: [{"country": country, "prefix": prefix, "eur": 1}]}).prices
    assert (price.country, price.prefix, price.tier) == (country.strip().upper(), "376", "x" * 32)


def test_a_row_of_several_prefixes_is_a_price_of_each() -> None:
    row = {"country": "AD", "prefix": [376, "+377", 378.0, "376"], "eur": 0.05, "dkk": 0.4}
    readings = prices({"standard": [row]})
    assert {(price.prefix, price.currency, price.price) for price in readings.prices} == {
        (prefix, currency, price)
        for prefix in ("376", "377", "378")
        for currency, price in (("EUR", 0.05), ("DKK", 0.4))
    }
    assert len(readings.prices) == 6
    assert readings.remarks == ()


def test_a_prefix_that_is_none_leaves_the_others_of_its_row() -> None:
    readings = prices({"standard": [{"country": "AD", "prefix": [376, True, None, "x", [3], 377], "eur": 1}]})
    assert [price.prefix for price in readings.prices] == ["376", "377"]
    assert readings.remarks == ("prefix is left out: it is not a prefix of 15 digits at most",)


def test_prefixes_times_currencies_are_bounded_inside_a_row() -> None:
    """98,000 prefixes in 150 currencies are 15 million prices, out of less than a megabyte."""
    row = {"country": "AD", **dict.fromkeys(CODES, 0.01)}
    for many in (range(98_000), [1] * 98_000):
        began = time.process_time()
        rows = [{**row, "prefix": [*many]}]
        if len({*many}) == 1:
            assert len(prices({"t": rows}).prices) == len(CODES)
        else:
            with pytest.raises(FailureError, match=f"more than {extract.MOST_PRICES} prices"):
                prices({"t": rows})
        assert time.process_time() - began < 2
    rows = [{**row, "prefix": [*range(20)]}] * 300
    with pytest.raises(FailureError, match=f"more than {extract.MOST_PRICES} prices"):
        prices({"t": rows})  # the same 3,000 again and again


def test_several_elements_of_xml_are_several_prefixes() -> None:
    rows = api(
        format="xml",
        prices={"each": "/l/row/*", "country": "/c", "prefix": "/p", "tier": {"constant": "t"},
                "price": "/eur", "currency": {"constant": "EUR"}},
    )  # fmt: skip
    body = b"<l><row><c>AD</c><p>376</p><p>377</p><eur>0.05</eur></row></l>"
    assert [price.prefix for price in extract.answer(200, body, AGILE, rows).prices] == ["376", "377"]


WIDE = "\N{GRINNING FACE}"
NO_PREFIXES: list[Any] = [
    *(True, -376, 376.5, 10**15, 1e300, "3" * 16, "37 6", "٣٧٦", WIDE, "", "x"),
    *([], [None], [[3]], {}),
]


@pytest.mark.parametrize(
    ("key", "wrong"),
    [("country", wrong) for wrong in ("A", "ANDO", "Andorra", WIDE * 2, WIDE * 256, "A1", "ÄÖ", "", 37, True, ["AD"])]
    + [("prefix", wrong) for wrong in NO_PREFIXES]
    + [("tier", wrong) for wrong in ("x" * 33, WIDE * 33, "\ud800")],
    ids=repr,
)
def test_a_row_whose_labels_are_no_codes_is_left_out_with_a_remark(key: str, wrong: object) -> None:
    good = {"country": "AE", "prefix": 971, "eur": 2}
    row = good if key == "tier" else {**good, key: wrong}
    readings = prices({wrong if key == "tier" else "premium": [row], "standard": [good]})
    assert [(price.country, price.prefix, price.tier) for price in readings.prices] == [("AE", "971", "standard")]
    said = [remark for remark in readings.remarks if remark.startswith(f"{key} is left out")]
    assert said or key == "tier" or wrong in ([], [None])
    assert "a price without country, prefix or tier is left out" in readings.remarks
    assert max(map(len, readings.remarks)) < 200


def test_a_column_that_is_no_currency_is_none() -> None:
    row = {"country": "AD", "prefix": 376, "mcc": 213, "mnc": 3, "vat": 0.04, "eur": 0.05, "USD": "0.06", "dkk": 1}
    readings = prices({"standard": [row]})
    assert {price.currency: price.price for price in readings.prices} == {"EUR": 0.05, "USD": 0.06, "DKK": 1.0}
    assert readings.remarks == ()


def test_a_definition_may_name_columns_that_iso_4217_does_not_have() -> None:
    rows = api(
        prices={"each": "/*", "country": "/c", "prefix": "/p", "tier": {"constant": "t"},
                "price_by_currency": "[a-z]{3}", "columns": ["btc"]},
    )  # fmt: skip
    body = b'[{"c": "IT", "p": 39, "btc": 1, "vat": 22}]'
    assert [price.currency for price in extract.answer(200, body, AGILE, rows).prices] == ["BTC"]


def test_a_column_is_held_to_its_pattern_as_the_definition_was() -> None:
    rows = api(
        prices={"each": "/*", "country": "/c", "prefix": "/p", "tier": {"constant": "t"},
                "price_by_currency": r"\pL{3}\z"},
    )  # fmt: skip
    body = b'[{"c": "IT", "p": 39, "eur": 1, "vat": 22}]'
    assert [price.currency for price in extract.answer(200, body, AGILE, rows).prices] == ["EUR"]


def test_unless_leaves_rows_of_a_price_list_out_as_it_does_pots() -> None:
    rows = api(
        prices={"each": "/*", "unless": {"/old": "true"}, "country": "/c", "prefix": "/p", "tier": {"constant": "t"},
                "price": "/price", "currency": {"constant": "EUR"}},
    )  # fmt: skip
    body = b'[{"c": "IT", "p": 39, "price": 1}, {"c": "FR", "p": 33, "price": 2, "old": true}]'
    assert [price.country for price in extract.answer(200, body, AGILE, rows).prices] == ["IT"]


def test_a_price_list_of_any_currencies_at_all_is_bounded() -> None:
    """What took 277 MiB: 405 kB with 100 rows of 199 columns, and labels of 256 wide characters."""
    columns = {"".join(letters): 0.01 for letters in itertools.islice(itertools.product("abcdefghij", repeat=3), 199)}
    with pytest.raises(FailureError, match="no price could be read"):
        prices({WIDE * 256: [{"country": WIDE * 256, "prefix": WIDE * 256, **columns}] * 100})
    few = prices({"t": [{"country": "AD", "prefix": number, **columns} for number in range(100)]})
    assert {price.currency for price in few.prices} == {"AED", "BBD", "BHD", "BIF"}
    every = dict.fromkeys(CODES, 0.01)
    with pytest.raises(FailureError, match=f"more than {extract.MOST_PRICES} prices"):
        prices({"t": [{"country": "AD", "prefix": number, **every} for number in range(100)]})


@pytest.mark.parametrize("currency", ["EUR", "dkk", "Usd", "XOF", "BGN", "EUR ", "\teur\n", "credits", "MESSAGES"])
def test_a_currency_is_one_of_iso_4217_or_a_unit(currency: str) -> None:
    body = json.dumps({"balance": 5, "currency": currency}).encode()
    (credit,) = extract.answer(200, body, QLARA, QLARA.apis["credit"]).credits
    meant = currency.strip()
    assert credit.currency == (meant.lower() if len(meant) > 3 else meant.upper())


@pytest.mark.parametrize("document", [{}, [], {"standard": []}, {"standard": {}}, {"standard": [{}]}, 5, "x"])
def test_a_price_list_without_any_price_is_an_invalid_response(document: Any) -> None:
    with pytest.raises(FailureError) as error:
        prices(document)
    assert error.value.failure.reason is Reason.INVALID_RESPONSE


def members(written: object) -> set[str]:
    """The names of members that the pointers of a definition lead through; a path of an api is none."""
    if isinstance(written, str):
        return {step for step in steps(written) if step[:1] not in ("*", "{")} if written.startswith("/") else set()
    inner: Iterable[object] = written if isinstance(written, Collection) else ()
    if isinstance(written, Mapping):
        inner = [*written, *(value for key, value in written.items() if key != "path")]
    if isinstance(written, Model):
        return members({name: getattr(written, name) for name in written.given})
    return set().union(*map(members, inner))


def documents_of(names: set[str]) -> st.SearchStrategy[Any]:
    """Any JSON, in whose objects these names are frequent."""
    keys = st.sampled_from(sorted(names)) | st.text()
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
        max_leaves=12,
    )


FIELDS = {name: members(definition) for name, definition in builtin().items()}
APIS = [(provider.id, api) for provider in builtin().values() for api in provider.apis]


def test_the_fields_of_a_definition_are_the_members_that_its_pointers_lead_through() -> None:
    assert FIELDS["agiletelecom"] == {"credit", "status", "code"}
    assert FIELDS["qlara"] >= {"data", "authentication", "features", "maxContacts", "estimatedMessagesRemaining"}


@pytest.mark.parametrize(("provider", "api"), APIS)
@given(data=st.data())
def test_any_json_in_any_field_gives_readings_or_a_failure(provider: str, api: str, data: st.DataObject) -> None:
    anything = documents_of(FIELDS[provider])
    fields = st.dictionaries(st.sampled_from(sorted(FIELDS[provider])), anything)
    document = data.draw(fields | anything)
    status = data.draw(st.sampled_from([200, 200, 200, 401, 429, 500]))
    body = json.dumps(document).encode()
    definition = builtin()[provider]
    try:
        readings = extract.answer(status, body, definition, definition.apis[api])
    except FailureError as error:
        assert error.failure.reason in Reason
    else:
        assert status == 200
        assert all(math.isfinite(credit.balance) and credit.currency for credit in readings.credits)


@given(body=st.binary(max_size=200))
def test_any_bytes_give_readings_or_a_failure(body: bytes) -> None:
    assert isinstance(credit_of(body), float | Reason)


def api(**api: Any) -> Api:
    written = {"path": "/balance", "cache_ttl": "1m", **api}
    report = Report("api.yml", reader.read(json.dumps(written)))
    made = validate(Api, report)
    report.raise_faults()
    return made


def test_a_definition_can_express_a_plain_text_answer() -> None:
    text = api(
        format="text",
        credit={"balance": {"pointer": "", "pattern": r"([0-9.]+)\s*\(.*"},
                "currency": {"pointer": "", "pattern": r".*\(([A-Z]{3})\)"}},
    )  # fmt: skip
    credit = extract.answer(200, b"287.58 (GBP)", AGILE, text).credits[0]
    assert (credit.balance, credit.currency) == (287.58, "GBP")
    with pytest.raises(FailureError):
        extract.answer(200, b"900", AGILE, text)


def test_an_optional_balance_of_another_form_is_a_fault_of_the_answer() -> None:
    odd = {"pointer": "/b", "pattern": "([0-9]+) EUR"}
    optional = api(credit={"balance": odd, "currency": {"constant": "EUR"}, "optional": True})
    assert extract.answer(200, b'{"b": "5 EUR"}', AGILE, optional).credits[0].balance == 5
    for body in (b'{"b": "5 USD"}', b'{"b": []}', b"{}"):
        with pytest.raises(FailureError, match="invalid_response"):
            extract.answer(200, body, AGILE, optional)


def test_an_answer_that_can_not_be_read_lacks_nothing() -> None:
    source = b"""
    id: lacking
    name: Lacking
    base_url: https://lacking.example
    sign_in: {api_key: {header: X-Key}}
    errors: {bodies: [{lacks: [/balance], reason: suspended}]}
    apis: {credit: {path: /, cache_ttl: 1m, credit: {balance: /balance, currency: {constant: EUR}}}}
    """
    definition = read("lacking.yml", source)
    assert reason_of(definition, "credit", 200, {"b": 1}) is Reason.SUSPENDED
    with pytest.raises(FailureError, match="invalid_response"):
        extract.answer(200, b"<html>Back soon</html>", definition, definition.apis["credit"])
    with pytest.raises(FailureError, match="server_error"):
        extract.answer(502, b"<html>Bad gateway</html>", definition, definition.apis["credit"])


def test_in_xml_members_columns_and_the_only_element_of_a_name_are_read() -> None:
    credit = api(
        format="xml",
        account_id="/a/owner/0/id",
        credit={"balance": "/a/left", "currency": {"constant": "EUR"}, "messages_remaining": "/a/channels"},
    )
    body = b"<a><owner><id>7</id></owner><left>5</left><channels><sms>40</sms></channels></a>"
    found = extract.answer(200, body, AGILE, credit)
    assert (found.account_id, found.credits[0].messages_remaining, found.remarks) == ("7", {"sms": 40}, ())
    labels = {"country": "/c", "prefix": "/p", "tier": {"constant": "one"}}
    listed = {"each": "/list/row/*", **labels, "price_by_currency": "[a-z]{3}"}
    prices = api(format="xml", prices=listed)
    body = b"<list><row><c>DK</c><p>45</p><eur>0.05</eur></row></list>"
    assert [each.price for each in extract.answer(200, body, AGILE, prices).prices] == [0.05]


def test_a_definition_can_pick_an_array_element_by_a_value() -> None:
    plans = api(
        credit={"each": "/plan/*", "where": {"/type": "sms"}, "balance": "/credits",
                "currency": {"constant": "messages"}},
    )  # fmt: skip
    body = b'{"plan": [{"type": "mail", "credits": 9}, {"type": "sms", "credits": 77}]}'
    credit = extract.answer(200, body, AGILE, plans).credits[0]
    assert (credit.balance, credit.currency) == (77.0, "messages")
    with pytest.raises(FailureError):
        extract.answer(200, b'{"plan": [{"type": "mail", "credits": 9}]}', AGILE, plans)


def test_a_definition_can_scale_an_integer_and_fall_back_and_translate_a_word() -> None:
    scaled = api(
        credit={"balance": {"pointer": ["/data/balance", "/balance"], "divide_by": 10000},
                "currency": {"pointer": "/currency", "words": {"euros": "EUR"}}},
    )  # fmt: skip
    credit = extract.answer(200, b'{"balance": 1234500, "currency": "Euros"}', AGILE, scaled).credits[0]
    assert (credit.balance, credit.currency) == (123.45, "EUR")
    with pytest.raises(FailureError):
        extract.answer(200, b'{"balance": 1e308, "currency": "EUR"}', AGILE, api(
            credit={"balance": {"pointer": "/balance", "divide_by": "0.1"}, "currency": "/currency"}))  # fmt: skip


def test_a_definition_can_read_several_pots_but_no_two_of_one_currency() -> None:
    pots = api(credit={"each": "/pots/*", "balance": "/left", "currency": "/unit"})
    body = b'{"pots": [{"left": 1, "unit": "EUR"}, {"left": 2, "unit": "credits"}]}'
    assert [c.currency for c in extract.answer(200, body, AGILE, pots).credits] == ["EUR", "credits"]
    with pytest.raises(FailureError):
        extract.answer(200, body.replace(b"credits", b"eur"), AGILE, pots)


def test_a_definition_can_read_prices_with_a_currency_of_their_own() -> None:
    rows = api(
        prices={"each": "/rows/*", "where": {"/live": "true"}, "country": "/iso", "prefix": "/dial",
                "tier": {"constant": "standard"}, "price": "/amount", "currency": "/unit"},
    )  # fmt: skip
    body = b"""{"rows": [{"iso": "it", "dial": "39", "amount": 0.04, "unit": "eur", "live": true},
                         {"iso": "it", "dial": "39", "amount": 0.01, "unit": "eur", "live": false},
                         {"iso": "fr", "dial": "33", "amount": 0.05, "live": true}]}"""
    prices_ = extract.answer(200, body, AGILE, rows).prices
    assert [(price.country, price.currency, price.price) for price in prices_] == [("IT", "EUR", 0.04)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"balance": {"pointer": "/a", "constant": "5"}, "currency": "/c"},
        {"balance": {}, "currency": "/c"},
        {"balance": "a", "currency": "/c"},
        {"balance": {"pointer": "/a", "pattern": "("}, "currency": "/c"},
        {"balance": "/a", "currency": "/c", "balanse": "/d"},
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(ConfigError):
        api(credit=wrong)


def test_prices_are_read_in_one_of_two_ways() -> None:
    row = {"each": "/*", "country": "/c", "prefix": "/p", "tier": "/t"}
    wrongs: tuple[dict[str, Any], ...] = (
        {},
        {"price": "/x"},
        {"price": "/x", "currency": "/y", "price_by_currency": "..."},
    )
    for wrong in wrongs:
        with pytest.raises(ConfigError):
            api(prices={**row, **wrong})


def test_a_header_belongs_to_the_forms_that_send_one() -> None:
    text = "id: a\nname: A\nbase_url: https://a.test\napis: {credit: {path: /, cache_ttl: 1m,"
    text += " credit: {balance: /b, currency: /c}}}\nsign_in: "
    assert read("a.yml", (text + "{api_key: {header: X}, basic: {}}").encode()).id == "a"
    wrongs = {
        "{api_key: {}}": "a.yml:5: sign_in.api_key: nothing says where api_key goes;"
        " write {api_key} where it belongs, or header, query or form",
        "{basic: {header: X}}": "a.yml:5: sign_in.basic.header: a header belongs to api_key or token; remove it",
    }
    for wrong, said in wrongs.items():
        with pytest.raises(ConfigError) as error:
            read("a.yml", (text + wrong).encode())
        assert str(error.value) == said
