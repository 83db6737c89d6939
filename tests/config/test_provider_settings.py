"""What a definition asks of an account: its `settings`, and the base URL that they make."""

from pathlib import Path

import pytest

from tests.config.providers import ACCOUNT, ACME, account, lines

IN_PATH = ACME.replace("{brand}.{region}.acme.example", "acme.example/{brand}/{region}")
NUMBERED = ACME.replace("{brand}.{region}.acme.example", "acme.example:{brand}")


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_settings_fill_the_base_url_and_defaults_stand_in() -> None:
    only = account(ACCOUNT + "  settings: {account_sid: AC00ff, brand: shop, region: null}", ACME)
    assert only.settings == {"account_sid": "AC00ff", "brand": "shop", "region": "eu"}
    assert only.apis[0].url.startswith("https://shop.eu.acme.example/v1/")
    other = account(ACCOUNT + "  settings: {account_sid: AC00ff, brand: 42.Shop, region: us}", ACME)
    assert other.apis[0].url.startswith("https://42.shop.us.acme.example/v1/")


def test_in_a_base_urls_path_a_setting_is_encoded() -> None:
    only = account(ACCOUNT + "  settings: {account_sid: AC00ff, brand: 'a/b c?'}", IN_PATH)
    assert only.apis[0].url.startswith("https://acme.example/a%2Fb%20c%3F/eu/v1/")


def test_a_setting_of_the_base_url_alone_is_not_required_beside_an_own_one() -> None:
    only = account(ACCOUNT + "  settings: {account_sid: AC00ff}\n  base_url: https://own.example/x", ACME)
    assert only.apis[0].url.startswith("https://own.example/x/v1/")
    (told,) = lines(ACCOUNT + "  base_url: https://own.example", ACME)
    missing = "this is missing: the account's SID, on the console's first page; write settings: {account_sid: …}"
    assert told == f"f.yml:2: accounts[0].settings.account_sid: {missing}"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            "{account_sid: AC00ff}",
            ["brand: this is missing: the brand's part of the address; write settings: {brand: …}"],
        ),
        (
            "{account_sid: AC00FF, brand: b}",
            ["account_sid: \"AC00FF\" is not of the form AC[0-9a-f]{4}; the account's SID, on the console's first page"],
        ),
        (
            "{account_sid: xAC00ff, brand: b}",
            ["account_sid: \"xAC00ff\" is not of the form AC[0-9a-f]{4}; the account's SID, on the console's first page"],
        ),
        (
            "{account_sid: AC00ff, brand: b, region: uss}",
            ['region: "uss" is none of the choices; did you mean us?'],
        ),
        (
            "{account_sid: AC00ff, brand: b, region: mars}",
            ['region: "mars" is none of the choices; valid are eu, us'],
        ),
        (
            "{account-sid: AC00ff, account_sid: AC00ff, brand: b}",
            ['account-sid: acme has no setting "account-sid"; did you mean account_sid?'],
        ),
        ("{account_sid: AC00ff, brand: ''}", ["brand: this is empty; the brand's part of the address"]),
        ("{account_sid: AC00ff, brand: [b]}", ["brand: a text belongs here, not a list"]),
        (
            "{account_sid: AC00ff, brand: 'evil.example/'}",
            ['brand: "evil.example/" is no host, nor a part of one; the brand\'s part of the address'],
        ),
        (
            "{account_sid: AC00ff, brand: 'x@evil.example:80'}",
            ['brand: "x@evil.example:80" is no host, nor a part of one; the brand\'s part of the address'],
        ),
        (
            '{account_sid: AC00ff, brand: "a\\nb"}',
            ["brand: \"a\\nb\" has characters that can't be sent; the brand's part of the address"],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_setting_is_told_at_it(settings: str, told: list[str]) -> None:
    found = lines(ACCOUNT + f"  settings: {settings}", ACME)
    assert found == [f"f.yml:5: accounts[0].settings.{line}" for line in told]


def test_a_host_that_only_the_whole_makes_wrong_is_told_at_its_setting() -> None:
    (told,) = lines(ACCOUNT + "  settings: {account_sid: AC00ff, brand: '99999'}", NUMBERED)
    assert told.startswith("f.yml:5: accounts[0].settings.brand: the base URL of acme can't be used: the URL's port")


def test_a_field_of_the_query_that_is_called_headers_is_none() -> None:
    called = ACME.replace("cache_ttl: 1m,", 'cache_ttl: 1m, query: {headers: "{brand}"},')
    settings = {"account_sid": "AC00ff", "brand": "größer", "region": "eu"}
    text = ACCOUNT + "  base_url: https://own.example\n  settings: {account_sid: AC00ff, brand: größer}\n"
    assert account(text, called).settings == settings


def test_a_provider_without_settings_takes_none() -> None:
    assert lines(ACCOUNT.replace("acme", "qlara") + "  settings: {account_sid: AC00ff}") == [
        'f.yml:5: accounts[0].settings.account_sid: qlara has no setting "account_sid"; remove it'
    ]


def test_a_setting_that_is_the_secret_by_an_alias_is_not_quoted() -> None:
    text = ACCOUNT.replace("password-1", "&key planted-1") + "  settings: {account_sid: *key, brand: b}"
    (told,) = lines(text, ACME)
    assert "account_sid: this is not of the form" in told
    assert "planted" not in told


def test_a_base_url_of_a_provider_that_is_not_encrypted_needs_the_accounts_word() -> None:
    plain = ACME.replace("https:", "http:")
    text = ACCOUNT + "  settings: {account_sid: AC00ff, brand: b}\n"
    assert lines(text, plain) == [
        "f.yml:2: accounts[0].base_url: the credential would travel unencrypted; write https://, or allow_plaintext: true"
    ]
    assert account(text + "  allow_plaintext: true", plain).apis[0].url.startswith("http://b.eu.acme.example/")


@pytest.mark.parametrize(
    ("provider", "base_url", "told"),
    [
        ("acme", "https://proxy.example/v1/AC00ff/balance", "this repeats the documented path"),
        ("qlara", "https://q.example/api/v1/partner-gateway/subscription/credit", "this repeats the documented path"),
        ("qlara", "https://q.example/api/v1/partner-gateway/", "this repeats the documented path"),
        ("gatewayapi", "https://eu.acme.example", None),
        ("gatewayapi", "https://gatewayapi.eu", None),
        ("gatewayapi", "https://gatewayapi.com/prefix", None),
        ("qlara", "https://GatewayAPI.com", "this is the address of gatewayapi, not of qlara; look which one is meant"),
        ("qlara", "https://us.hosted.example", "this is the address of hosted, not of qlara; look which one is meant"),
        ("hosted", "https://us.hosted.example:8443", None),
    ],
)  # fmt: skip
def test_a_base_url_that_looks_pasted_wrongly_is_warned_of(provider: str, base_url: str, told: str | None) -> None:
    hosted = ACME.replace("acme", "hosted").replace("{brand}.", "")
    settings = "{account_sid: AC00ff, brand: b}" if provider in {"acme", "hosted"} else "{}"
    form = "{token: the-token}" if provider == "gatewayapi" else "{basic: {username: user, password: password-1}}"
    text = f"accounts:\n- {{name: a, provider: {provider}, auth: {form}, settings: {settings}, base_url: '{base_url}'}}"
    warned = lines(text, ACME, hosted)
    assert [line.startswith("f.yml:2: accounts[0].base_url: warning: " + (told or "-")) for line in warned] == [
        True
    ] * (told is not None)
    assert base_url not in "\n".join(warned)


LIMITED = ACME.replace("sign_in", "rate_limit: {calls: 100, per: 1h}\nsign_in").replace("1m", "{ttl}")
RIGHT = "  settings: {account_sid: AC00ff, brand: b}\n"
TOLD = "acme allows 100 calls in 1h, so its api credit is asked every 1m12s; write 1m12s or more"


@pytest.mark.parametrize(
    ("of_definition", "written", "seconds", "told"),
    [
        ("30s", "", 72, None),
        ("5m", "", 300, None),
        ("30s", "  cache_ttl: 10s\n", 72, "accounts[0].cache_ttl"),
        ("30s", "  cache_ttl: 73s\n", 73, None),
        ("30s", "  cache_ttl: 73s\n  api_settings: {credit: {cache_ttl: 0s}}\n", 72, "accounts[0].api_settings.credit.cache_ttl"),
        ("30s", "  cache_ttl: null\ndefaults: {cache_ttl: 71s}\n", 72, None),
        ("30s", "defaults: {cache_ttl: 71s}\n", 72, "defaults.cache_ttl"),
    ],
)  # fmt: skip
def test_a_rate_limit_is_a_floor_under_every_cache_ttl(
    of_definition: str, written: str, seconds: float, told: str | None
) -> None:
    definition, text = LIMITED.replace("{ttl}", of_definition), ACCOUNT + RIGHT + written
    assert account(text, definition).apis[0].cache_ttl_seconds == seconds
    warned = [line.partition(" ")[2] for line in lines(text, definition)]
    assert warned == ([] if told is None else [f"{told}: warning: {TOLD}"])


POTS = ACME.replace(
    "credit: {balance: /balance, currency: {constant: EUR}}",
    "credit: [{wallet: {constant: sms}, balance: /s, currency: {constant: messages}},"
    " {wallet: OTHER, balance: /m, currency: {constant: emails}}]",
)


def test_pots_are_named_as_the_definition_names_them() -> None:
    constant, told = POTS.replace("OTHER", "{constant: mail}"), POTS.replace("OTHER", "/type")
    assert account(ACCOUNT + RIGHT, constant).wallets is None
    assert account(ACCOUNT + RIGHT + "  wallets: [sms]", constant).wallets == frozenset({"sms"})
    assert account(ACCOUNT + RIGHT + "  wallets: [sms, other]", told).wallets == frozenset({"sms", "other"})
    assert lines(ACCOUNT + RIGHT + "  wallets: [mial, sms, sms]", constant) == [
        'f.yml:6: accounts[0].wallets[2]: "sms" a second time, after line 6; remove one',
        'f.yml:6: accounts[0].wallets[0]: acme has no wallet "mial"; did you mean mail?',
    ]
