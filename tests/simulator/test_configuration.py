from pathlib import Path

import pytest
import yaml

from exporter.config.loading import load_text
from exporter.settings import AccountSettings, Pair
from exporter.simulator import made
from exporter.simulator.configuration import configuration
from exporter.simulator.scenario import Scenario
from tests.providers.invented import INVENTED

from .conftest import START

BASE_URL = "http://127.0.0.1:10078"


def loaded(scenario: Scenario) -> dict[str, AccountSettings]:
    result = load_text(configuration(scenario, BASE_URL), "demo")
    assert result.warnings == ()
    return {account.name: account for account in result.settings.accounts}


@pytest.mark.parametrize("speed", [1, 60, 10000])
def test_the_exporter_takes_it_without_a_warning(speed: float) -> None:
    scenario = Scenario(1, START, speed=speed)
    accounts = loaded(scenario)
    assert list(accounts) == [account.name for account in scenario.accounts]
    for account in accounts.values():
        for api in account.apis:
            assert api.url.startswith(f"{BASE_URL}/{account.provider.id}/")


def test_thresholds_are_of_every_kind(scenario: Scenario) -> None:
    accounts = loaded(scenario)
    limits = {name: account.thresholds for name, account in accounts.items()}
    assert limits["bakery-it"].for_unit("EUR") == Pair(100, 50)
    assert limits["bank-otp"].for_unit("EUR") == Pair(2500, 1000)
    assert limits["tour-office"].for_unit("CHF") == Pair(150, 60)
    assert limits["shop-dk"].for_unit("DKK") == Pair()
    assert limits["shop-dk"].runway == Pair(7 * 86400, 2 * 86400)
    assert limits["startup-trial"].runway == limits["nordic-freight"].runway == Pair()


def test_a_fast_clock_shortens_the_runway_and_says_so() -> None:
    scenario = Scenario(1, START, speed=60)
    assert loaded(scenario)["shop-dk"].thresholds.runway == Pair(10080, 2880)
    text = configuration(scenario, BASE_URL)
    assert "60 times as fast" in text.splitlines()[1]
    assert "a week takes 2h 48m" in text


def test_life_size_needs_no_defaults(scenario: Scenario) -> None:
    assert yaml.safe_load(configuration(scenario, BASE_URL)).keys() == {"accounts"}


def test_one_account_shows_prices_of_some_countries(scenario: Scenario) -> None:
    shop = loaded(scenario)["shop-dk"]
    assert [api.name for api in shop.apis] == ["credit", "prices"]
    assert shop.price_countries == frozenset({"DK", "NO", "SE", "DE"})
    assert shop.price_currencies == frozenset({"DKK"})


def test_every_secret_is_recognizably_made_up(scenario: Scenario) -> None:
    for account in scenario.accounts:
        for secret in account.auth.values():
            for name, value in ({"key": secret} if isinstance(secret, str) else secret).items():
                assert name == "username" or value.startswith("demo-")


def test_an_account_of_a_providers_own_file_names_file_and_settings() -> None:
    definition = INVENTED["ovh"]
    scenario = Scenario(1, START, accounts=[made.account(definition)], definitions={"ovh": definition})
    document = yaml.safe_load(configuration(scenario, BASE_URL, [Path("/etc/ovh.yml")]))
    assert document["provider_files"] == ["/etc/ovh.yml"]
    (account,) = document["accounts"]
    assert account["settings"] == {"service": "demo-service"}
    assert account["auth"]["keys"].keys() == {"application_key", "application_secret", "consumer_key"}


def test_a_price_list_of_the_standard_apis_is_shown_whole() -> None:
    definition = INVENTED["priced"]
    scenario = Scenario(1, START, accounts=[made.account(definition)], definitions={"priced": definition})
    (account,) = yaml.safe_load(configuration(scenario, BASE_URL))["accounts"]
    assert (account["apis"], account["prices"]) == (["prices"], {"countries": "all"})
