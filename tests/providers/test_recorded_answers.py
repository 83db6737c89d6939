"""Every recorded answer of every provider, read by its definition: one conformance suite for all.

A file `PROVIDER/API.SITUATION.STATUS.json` is an answer; EXPECTED says what it comes to.
"""

from pathlib import Path

import pytest

from exporter.failure import FailureError, Reason
from exporter.providers import extract
from exporter.providers.catalogue import builtin
from exporter.readings import ContactQuota, Credit, MessagePrice, Readings, Subscription

HERE = Path(__file__).parent
RECORDED = sorted(HERE.glob("*/*.*.*.*"))

EXPECTED: dict[str, Readings | Reason] = {
    "agiletelecom/credit.documented.200.json": Readings(credits=(Credit(10.324, "EUR"),)),
    "agiletelecom/credit.newer.200.json": Readings(credits=(Credit(41.508, "EUR"),)),
    "agiletelecom/credit.error-credentials.401.json": Reason.UNAUTHORIZED,
    "agiletelecom/credit.error-no-credit.503.json": Reason.INSUFFICIENT_CREDIT,
    "agiletelecom/credit.error-server.500.json": Reason.SERVER_ERROR,
    "agiletelecom/credit.error-timeout.503.json": Reason.TIMEOUT,
    "agiletelecom/credit.error-address.403.json": Reason.IP_NOT_ALLOWED,
    "agiletelecom/credit.error-address-under-success.200.json": Reason.IP_NOT_ALLOWED,
    "agiletelecom/credit.error-code-unknown.500.json": Reason.SERVER_ERROR,
    "agiletelecom/credit.error-code-unknown-under-success.200.json": Reason.INVALID_RESPONSE,
    "gatewayapi/credit.documented.200.json": Readings(account_id="1", credits=(Credit(1234.56, "DKK"),)),
    "gatewayapi/credit.decimal-string.200.json": Readings(account_id="4711", credits=(Credit(812.4, "EUR"),)),
    "gatewayapi/credit.token-refused.401.json": Reason.UNAUTHORIZED,
    "gatewayapi/credit.address-refused.403.json": Reason.IP_NOT_ALLOWED,
    "gatewayapi/credit.address-refused-without-code.403.json": Reason.IP_NOT_ALLOWED,
    "gatewayapi/credit.no-credit.403.json": Reason.INSUFFICIENT_CREDIT,
    "gatewayapi/credit.frozen.403.json": Reason.SUSPENDED,
    "gatewayapi/credit.code-unknown.403.json": Reason.FORBIDDEN,
    "gatewayapi/credit.bad-argument.400.json": Reason.BAD_REQUEST,
    "gatewayapi/credit.exception.500.json": Reason.SERVER_ERROR,
    "gatewayapi/prices.documented.200.json": Readings(
        prices=(
            MessagePrice("AD", "376", "premium", "DKK", 0.33),
            MessagePrice("AD", "376", "premium", "EUR", 0.0443),
            MessagePrice("AE", "971", "premium", "DKK", 0.19),
            MessagePrice("AE", "971", "premium", "EUR", 0.026),
            MessagePrice("AD", "376", "standard", "DKK", 0.31),
            MessagePrice("AD", "376", "standard", "EUR", 0.0416),
            MessagePrice("AE", "971", "standard", "DKK", 0.16),
            MessagePrice("AE", "971", "standard", "EUR", 0.021),
        )
    ),
    "qlara/subscription.documented.200.json": Readings(
        subscription=Subscription(
            "active",
            "sub_abc123def456",
            "Business Pro",
            1767222000.0,  # 2026-01-01T00:00:00+01:00
            1798757999.0,  # 2026-12-31T23:59:59+01:00
            auto_renew=True,
            features={"sms": True, "rcs": True, "whatsapp": True, "webhooks": True},
            max_contacts=50000.0,
        )
    ),
    "qlara/subscription.status-unknown.200.json": Readings(
        subscription=Subscription("unknown", "sub_1", "Starter", features={"sms": True, "rcs": None}),
        remarks=("status 'PAUSED' is not known", "feature rcs is left out: it is not true or false"),
    ),
    "qlara/subscription.key-refused-under-success.200.json": Reason.UNAUTHORIZED,
    "qlara/credit.documented.200.json": Readings(
        credits=(
            Credit(
                1250.75,
                "EUR",
                1774994400.0,  # 2026-04-01T00:00:00+02:00
                500.0,
                {"sms": 35735.0, "rcs": 25015.0, "whatsapp": 17867.0},
            ),
        )
    ),
    "qlara/credit.key-refused.401.json": Reason.UNAUTHORIZED,
    "qlara/credit.rate-limited.429.json": Reason.RATE_LIMITED,
    "qlara/contacts.documented.200.json": Readings(contacts=ContactQuota(32450.0, 50000.0, 12.0)),
    "qlara/contacts.no-limit.200.json": Readings(contacts=ContactQuota(5.0, 0.0)),
    "qlara/contacts.permission-missing.403.json": Reason.FORBIDDEN,
    "qlara/contacts.fail-without-cause.200.json": Reason.INVALID_RESPONSE,
}


def name_of(path: Path) -> str:
    return path.relative_to(HERE).as_posix()


def read(path: Path) -> Readings | Reason:
    definition = builtin()[path.parent.name]
    api, _, status, _ = path.name.split(".")
    try:
        return extract.answer(int(status), path.read_bytes(), definition, definition.apis[api])  # type: ignore[index]
    except FailureError as error:
        return error.failure.reason


@pytest.mark.parametrize("path", RECORDED, ids=name_of)
def test_a_recorded_answer_comes_to_what_is_expected(path: Path) -> None:
    assert read(path) == EXPECTED[name_of(path)]


def test_every_expectation_has_its_answer() -> None:
    assert set(EXPECTED) == {name_of(path) for path in RECORDED}


@pytest.mark.parametrize("provider", builtin())
def test_every_api_has_an_answer_that_gives_readings_and_the_provider_one_that_fails(provider: str) -> None:
    results = {name: result for name, result in EXPECTED.items() if name.startswith(f"{provider}/")}
    good = {name.split("/")[1].split(".")[0] for name, result in results.items() if isinstance(result, Readings)}
    assert good == set(builtin()[provider].apis)
    assert any(isinstance(result, Reason) for result in results.values())


@pytest.mark.parametrize("provider", builtin())
def test_a_body_may_say_how_long_to_wait(provider: str) -> None:
    body = (HERE / "qlara" / "credit.rate-limited.429.json").read_bytes()
    definition = builtin()[provider]
    with pytest.raises(FailureError) as error:
        extract.answer(429, body, definition, definition.apis["credit"])
    assert error.value.failure.retry_after_seconds == 12


def test_the_used_ratio_is_used_divided_by_the_limit_and_absent_without_one() -> None:
    assert ContactQuota(32450, 50000).used_ratio == 0.649
    assert ContactQuota(5, 0).used_ratio is None
    assert ContactQuota(5).used_ratio is None
    assert ContactQuota(1e308, 1e-10).used_ratio is None  # no number of this world
