"""The layers of thresholds."""

from pathlib import Path

import pytest

from exporter.config.loading import ConfigError, load
from exporter.settings import Pair, Thresholds

DAY = 86400.0
RUNWAY = Pair(7 * DAY, 2 * DAY)


def written(tmp_path: Path, account: str, defaults: str = "{}", extra: str = "") -> Path:
    path = tmp_path / "sms-exporter.yml"
    path.write_text(
        f"defaults: {{thresholds: {defaults}}}\n"
        "accounts:\n"
        "- name: a\n"
        "  provider: qlara\n"
        "  auth: {api_key: key-of-tests}\n"
        f"  thresholds: {account}\n{extra}"
    )
    return path


def of(tmp_path: Path, account: str, defaults: str = "{}", extra: str = "") -> Thresholds:
    (only,) = load(written(tmp_path, account, defaults, extra)).settings.accounts
    return only.thresholds


def test_the_built_in_thresholds(tmp_path: Path) -> None:
    assert of(tmp_path, "{}") == Thresholds(
        credit={currency: Pair(100, 50) for currency in ("EUR", "USD", "GBP", "CHF")},
        credit_any=Pair(),
        runway=RUNWAY,
        spend_spike=Pair(5),
        contacts_used_ratio=Pair(0.8, 1),
        subscription_remaining=Pair(30 * DAY, 7 * DAY),
    )


@pytest.mark.parametrize(
    ("defaults", "account", "euro", "krona"),
    [
        ("{}", "{warning: 200}", Pair(200, 50), Pair(200)),
        ("{}", "{warning: 40}", Pair(40), Pair(40)),
        ("{}", "{critical: 300}", Pair(None, 300), Pair(None, 300)),
        ("{}", "{SEK: {warning: 9}}", Pair(100, 50), Pair(9)),
        ("{}", "{warning: 200, SEK: {critical: 5}}", Pair(200, 50), Pair(200, 5)),
        ("{}", "{EUR: {warning: 20, critical: 10}}", Pair(20, 10), Pair()),
        ("{}", "{EUR: {critical: -5}}", Pair(100, -5), Pair()),
        ("{}", "{warning: null}", Pair(None, 50), Pair()),
        ("{}", "{EUR: {warning: null}}", Pair(None, 50), Pair()),
        ("{}", "{EUR: null}", Pair(), Pair()),
        ("{}", "{EUR: null, warning: 200}", Pair(), Pair(200)),
        ("{}", "null", Pair(), Pair()),
        ("{credit: {warning: 300, critical: 30}}", "{warning: 200}", Pair(200, 30), Pair(200, 30)),
        ("{credit: {warning: 300, critical: 30}}", "{warning: null}", Pair(None, 30), Pair(None, 30)),
        ("{credit: {warning: 300, critical: 30}}", "null", Pair(), Pair()),
        ("{credit: {EUR: {warning: 300}}}", "{warning: 200}", Pair(300, 50), Pair(200)),
        ("{credit: {EUR: {warning: 300}}}", "{EUR: null}", Pair(), Pair()),
        ("{credit: {EUR: {warning: 300}}}", "{EUR: {critical: 3}}", Pair(300, 3), Pair()),
        ("{credit: {EUR: null}}", "{warning: 200}", Pair(200), Pair(200)),
        ("{credit: {EUR: null}}", "{EUR: {critical: 2}}", Pair(None, 2), Pair()),
        ("{credit: null}", "{}", Pair(), Pair()),
        ("{credit: null}", "{warning: 200}", Pair(200), Pair(200)),
        ("{credit: null}", "{EUR: {warning: 5}}", Pair(5), Pair()),
        ("{credit: {warning: 300}}", "{}", Pair(300, 50), Pair(300)),
    ],
)
def test_credit_layers(tmp_path: Path, defaults: str, account: str, euro: Pair, krona: Pair) -> None:
    thresholds = of(tmp_path, f"{{credit: {account}}}", defaults)
    assert (thresholds.for_unit("EUR"), thresholds.for_unit("SEK")) == (euro, krona)


@pytest.mark.parametrize(
    ("defaults", "account", "messages", "euro"),
    [
        ("{}", "{wallets: {sms: {warning: 900}}}", Pair(900), Pair(900, 50)),
        ("{}", "{wallets: {sms: {warning: 20}}}", Pair(20), Pair(20)),
        ("{}", "{messages: {warning: 500, critical: 90}, wallets: {sms: {warning: 900}}}", Pair(900, 90), Pair(900, 50)),
        ("{}", "{messages: {warning: 500, critical: 90}, wallets: {sms: {warning: 9}}}", Pair(9), Pair(9)),
        ("{}", "{warning: 300, critical: 40, wallets: {sms: {warning: 900}}}", Pair(900, 40), Pair(900, 40)),
        ("{}", "{wallets: {sms: {warning: null}}}", Pair(), Pair(None, 50)),
        ("{}", "{warning: 300, wallets: {sms: null}}", Pair(), Pair()),
        ("{}", "{warning: 300, wallets: {mail: null}}", Pair(300), Pair(300, 50)),
        ("{credit: {wallets: {sms: {warning: 900}}}}", "{messages: {warning: 5}}", Pair(900), Pair(900, 50)),
        ("{credit: {wallets: {sms: {warning: 900}}}}", "{wallets: {sms: {critical: 30}}}", Pair(900, 30), Pair(900, 30)),
        ("{credit: {wallets: {sms: {warning: 900}}}}", "{wallets: null, warning: 70}", Pair(70), Pair(70, 50)),
        ("{credit: {wallets: {sms: null}}}", "{warning: 70}", Pair(70), Pair(70)),
        ("{credit: {wallets: {sms: {warning: 900}}}}", "null", Pair(), Pair()),
        ("{credit: null}", "{wallets: {sms: {warning: 900}}}", Pair(900), Pair(900)),
    ],
)  # fmt: skip
def test_the_limits_of_a_pot_lie_over_those_of_its_unit(
    tmp_path: Path, defaults: str, account: str, messages: Pair, euro: Pair
) -> None:
    thresholds = of(tmp_path, f"{{credit: {account}}}", defaults)
    assert (thresholds.for_credit("messages", "sms"), thresholds.for_credit("EUR", "sms")) == (messages, euro)
    for unit in ("messages", "EUR"):
        assert thresholds.for_credit(unit, "other") == thresholds.for_credit(unit, None) == thresholds.for_unit(unit)


@pytest.mark.parametrize(
    ("defaults", "account", "spike"),
    [
        ("{}", "{}", Pair(5)),
        ("{}", "{spend_spike: {warning: 2.5}}", Pair(2.5)),
        ("{}", "{spend_spike: null}", Pair()),
        ("{}", "{spend_spike: {warning: null}}", Pair()),
        ("{spend_spike: null}", "{}", Pair()),
        ("{spend_spike: {warning: 3}}", "{}", Pair(3)),
        ("{}", "{credit: null, runway: null}", Pair(5)),
        ("{}", "null", Pair()),
    ],
)
def test_spike_layers(tmp_path: Path, defaults: str, account: str, spike: Pair) -> None:
    for extra in ("", "  billing: postpaid\n"):
        assert of(tmp_path, account, defaults, extra).spend_spike == spike


@pytest.mark.parametrize(
    ("defaults", "account", "runway"),
    [
        ("{}", "{credit: null}", Pair()),
        ("{runway: {warning: 9d}}", "{credit: null}", Pair()),
        ("{}", "{credit: null, runway: {warning: 3d}}", Pair(3 * DAY, 2 * DAY)),
        ("{}", "{credit: null, runway: {warning: null}}", Pair()),
        ("{}", "{credit: null, runway: {}}", Pair()),
        ("{}", "null", Pair()),
        ("{credit: null}", "{}", Pair()),
        ("{credit: null}", "{credit: {messages: {warning: 5}}}", RUNWAY),
        ("{credit: null}", "{credit: {messages: null}}", Pair()),
        ("{credit: {warning: 1}}", "{credit: {EUR: null}}", RUNWAY),
        ("{runway: null}", "{}", Pair()),
        ("{runway: null}", "{runway: {critical: 1d}}", Pair(None, DAY)),
        ("{runway: {warning: 9d}}", "{runway: {critical: 1d}}", Pair(9 * DAY, DAY)),
        ("{}", "{runway: {warning: 1d}}", Pair(DAY)),
        ("{}", "{runway: {critical: 8d}}", Pair(None, 8 * DAY)),
        ("{}", "{runway: {warning: null, critical: 0s}}", Pair(None, 0)),
        ("null", "{}", Pair()),
    ],
)
def test_runway_layers(tmp_path: Path, defaults: str, account: str, runway: Pair) -> None:
    assert of(tmp_path, account, defaults).runway == runway


def test_a_built_in_half_that_would_stand_the_wrong_way_round_is_left_out(tmp_path: Path) -> None:
    thresholds = of(tmp_path, "{contacts_used_ratio: {warning: 1.1}, subscription_remaining: {critical: 40d}}")
    assert thresholds.contacts_used_ratio == Pair(1.1)
    assert thresholds.subscription_remaining == Pair(None, 40 * DAY)
    assert of(tmp_path, "{contacts_used_ratio: {critical: 0.5}}").contacts_used_ratio == Pair(None, 0.5)


@pytest.mark.parametrize(
    ("defaults", "account", "warned"),
    [
        ("{}", "{credit: {warning: 30}}", ["6: credit.warning: critical of 50 is left out: it is above this warning; write critical"]),
        ("{}", "{credit: {critical: 300}}", ["6: credit.critical: warning of 100 is left out: it is below this critical; write warning"]),
        ("{}", "{credit: {EUR: {warning: 30.5}}}", ["6: credit.EUR.warning: critical of 50 EUR is left out: it is above this warning; write critical"]),
        ("{credit: {warning: 30}}", "{}", ["1: credit.warning: critical of 50 is left out: it is above this warning; write critical"]),
        ("{}", "{runway: {warning: 1d}}", ["6: runway.warning: critical of 2d is left out: it is above this warning; write critical"]),
        ("{}", "{subscription_remaining: {critical: 40d}}", ["6: subscription_remaining.critical: warning of 30d is left out: it is below this critical; write warning"]),
        ("{}", "{contacts_used_ratio: {warning: 1.1}}", ["6: contacts_used_ratio.warning: critical of 1 is left out: it is below this warning; write critical"]),
        ("{}", "{contacts_used_ratio: {critical: 0.5}}", ["6: contacts_used_ratio.critical: warning of 0.8 is left out: it is above this critical; write warning"]),
        ("{credit: {warning: 30}}", "{credit: {critical: 10}}", []),
        ("{credit: {warning: 30}}", "{credit: null, runway: null}", []),
        ("{runway: {warning: 1d}}", "{credit: null}", []),
        ("{}", "{credit: {warning: 30, critical: null}}", []),
        ("{}", "{credit: {warning: 30, critical: 10}}", []),
        ("{}", "{credit: {warning: 50}}", []),
        ("{}", "{credit: {warning: 200}}", []),
    ],
)  # fmt: skip
def test_what_is_left_out_of_the_built_in_thresholds_is_told(
    tmp_path: Path, defaults: str, account: str, warned: list[str]
) -> None:
    warnings = load(written(tmp_path, account, defaults)).warnings
    said = [
        f"{each.line}: {each.path.partition('thresholds.')[2]}: {each.message.removeprefix('the built-in ')}; {each.hint}"
        for each in warnings
    ]
    assert said == [f"{line} too, or {line.rpartition(' ')[2]}: null to have none" for line in warned]


def test_no_threshold_is_called_left_out_where_none_would_be_in_force(tmp_path: Path) -> None:
    defaults = "{credit: {warning: 30}, runway: {warning: 1d}}"
    for extra in ("  billing: postpaid\n", "  apis: [subscription]\n"):
        assert not load(written(tmp_path, "{}", defaults, extra)).warnings
    (path := tmp_path / "alone.yml").write_text(f"defaults: {{thresholds: {defaults}}}\naccounts: []\n")
    assert [warning.path for warning in load(path).warnings] == ["accounts"]


def test_a_postpaid_account_has_neither_credit_nor_runway_thresholds(tmp_path: Path) -> None:
    thresholds = of(tmp_path, "{}", "{credit: {warning: 5}, runway: {warning: 9d}}", "  billing: postpaid\n")
    assert (thresholds.for_unit("EUR"), thresholds.for_unit("USD"), thresholds.runway) == (Pair(), Pair(), Pair())
    assert thresholds.contacts_used_ratio == Pair(0.8, 1)


def test_what_a_postpaid_account_sets_itself_warns(tmp_path: Path) -> None:
    account = "\n    credit: {EUR: {warning: 5}}\n    runway: {warning: 9d}"
    warnings = load(written(tmp_path, account, extra="  billing: postpaid\n")).warnings
    assert [(each.line, each.path) for each in warnings] == [
        (7, "accounts[0].thresholds.credit"),
        (8, "accounts[0].thresholds.runway"),
    ]
    assert not load(written(tmp_path, "{credit: {wallets: {}}, runway: {}}", extra="  billing: postpaid\n")).warnings


@pytest.mark.parametrize(
    ("defaults", "account", "line", "path", "message"),
    [
        ("{}", "{credit: {warning: 1, critical: 2}}", 6, "accounts[0].thresholds.credit.critical", "critical is above"),
        ("{}", "{credit: {wallets: {x: {warning: 1, critical: 2}}}}", 6, "accounts[0].thresholds.credit.wallets.x.critical", "critical is above"),
        ("{credit: {critical: 2}}", "{credit: {wallets: {x: {warning: 1}}}}", 6, "accounts[0].thresholds.credit.wallets.x.warning", "warning is below the critical of line 1"),
        ("{}", "{credit: {critical: 2, warning: 1}}", 6, "accounts[0].thresholds.credit.warning", "warning is below"),
        ("{credit: {warning: 1}}", "{credit: {critical: 2}}", 6, "accounts[0].thresholds.credit.critical", "critical is above the warning of line 1"),
        ("{credit: {critical: 2}}", "{credit: {EUR: {warning: 1}}}", 6, "accounts[0].thresholds.credit.EUR.warning", "warning is below the critical of line 1"),
        ("{runway: {warning: 1d, critical: 2d}}", "{}", 1, "defaults.thresholds.runway.critical", "critical is above"),
        ("{}", "{contacts_used_ratio: {warning: 1, critical: 0.9}}", 6, "accounts[0].thresholds.contacts_used_ratio.critical", "critical is below"),
        ("{}", "{contacts_used_ratio: {critical: 0.9, warning: 1}}", 6, "accounts[0].thresholds.contacts_used_ratio.warning", "warning is above"),
    ],
)  # fmt: skip
def test_a_pair_written_the_wrong_way_round_is_refused_where_it_was_written_last(
    tmp_path: Path, defaults: str, account: str, line: int, path: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(written(tmp_path, account, defaults))
    (fault,) = caught.value.faults
    assert (fault.line, fault.path) == (line, path)
    assert fault.message.startswith(message)


def test_equal_limits_are_no_fault(tmp_path: Path) -> None:
    assert of(tmp_path, "{credit: {warning: 1, critical: 1}}").credit_any == Pair(1, 1)


def test_a_ratio_written_as_a_percentage_warns(tmp_path: Path) -> None:
    (warning,) = load(written(tmp_path, "{contacts_used_ratio: {warning: 80, critical: 90}}")).warnings[:1]
    assert warning.path == "accounts[0].thresholds.contacts_used_ratio.warning"
