"""Loading the configuration file."""

import re
import time
from pathlib import Path

import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.config.loading import ConfigError, Loaded, load
from exporter.providers.catalogue import builtin
from exporter.secrets import redaction
from exporter.secrets.redaction import redact
from exporter.secrets.secret import Secret
from exporter.settings import AccountSettings, HttpSettings, TlsSettings
from exporter.sign_in import FORMS, either

QLARA = "accounts:\n- name: a\n  provider: qlara\n  auth: {api_key: key-of-tests}\n  "
GATEWAY = "accounts:\n- name: a\n  provider: gatewayapi\n  auth: {token: token-of-tests}\n  "
AGILE = "accounts:\n- name: a\n  provider: agiletelecom\n  auth: "


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SMS_TEST_SECRET", raising=False)


def loaded(text: str) -> Loaded:
    path = Path("f.yml")
    path.write_text(text)
    return load(path)


def account(text: str) -> AccountSettings:
    (only,) = loaded(text).settings.accounts
    return only


def lines(text: str | bytes) -> list[str]:
    """Every fault and warning, as printed."""
    path = Path("f.yml")
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        return [*map(str, load(path).warnings)]
    except ConfigError as error:
        assert error.faults
        assert str(error) == "\n".join(map(str, error.faults))
        return [*map(str, error.faults), *map(str, error.warnings)]


PROVIDERS = ", ".join(builtin())
NO_ACCOUNTS = "accounts: warning: there are no accounts; the exporter serves its own metrics alone"

FAULTS = [
    ("", ["1: the file is empty, not a mapping; without accounts write accounts: []"]),
    ("[]", ["1: the file is a list, not a mapping; without accounts write accounts: []"]),
    ("x", ["1: the file is a single value, not a mapping; without accounts write accounts: []"]),
    ("accounts:", [f"1: {NO_ACCOUNTS}"]),
    ("accounts: []", [f"1: {NO_ACCOUNTS}"]),
    ("accounts: {}", ["1: accounts: a list belongs here, not a mapping; begin each account with - name:"]),
    (
        "accounts:\n  name: a\n  provider: qlara\n",
        ["1: accounts: a list belongs here, not a mapping; begin each account with - name:"],
    ),
    (
        "accounts:\n  - name:shop\n    provider:qlara\n",
        ["2: accounts[0]: no space behind the colon; write name: …"],
    ),
    (
        "accounts:\n  - name = shop\n    provider = qlara\n",
        ["2: accounts[0]: an equals sign behind the key; write name: …"],
    ),
    (
        "accounts:\n- {name: a, provider: qlara, auth: {api_key:planted-hunter2}}",
        ["2: accounts[0].auth: no space behind the colon; write api_key: …"],
    ),
    (
        "accounts:\n- {name: a, provider: qlara, auth: {api_key=planted-hunter2}}",
        ["2: accounts[0].auth: an equals sign behind the key; write api_key: …"],
    ),
    (
        "accounts:\n- {name: a, provider: qlara, auth: api_key=planted-hunter2}",
        ["2: accounts[0].auth: an equals sign behind the key; write api_key: …"],
    ),
    ("accounts: x", ['1: accounts: a list belongs here, not "x"; begin each account with - name:']),
    (
        "accounts: [x, null]",
        [
            '1: accounts[0]: a mapping belongs here, not "x"; write it like {name: shop, provider: qlara, auth: {api_key_file: path}}',
            "1: accounts[1]: a mapping belongs here, not nothing; write it like {name: shop, provider: qlara, auth: {api_key_file: path}}",
        ],
    ),
    ("acounts: []", ["1: acounts: unknown key; did you mean accounts?"]),
    ("account: [{name: a}]", ["1: account: unknown key; did you mean accounts?"]),
    ("provider_files: []", [f"1: {NO_ACCOUNTS}"]),
    (
        "provider_files: [[x]]\naccount_files: x.yml\naccounts: []",
        [
            "1: provider_files[0]: a text belongs here, not a list",
            '2: account_files: a list belongs here, not "x.yml"; write it like [one, two]',
            f"3: {NO_ACCOUNTS}",
        ],
    ),
    (
        "provider_files: [mine.yml, 'p*.yml']\naccount_files: [a.yml, 'a/*.yml']\naccounts: []",
        [
            "1: provider_files[0]: the file can't be read: No such file or directory; paths are relative to this file",
            "2: account_files[0]: the file can't be read: No such file or directory; paths are relative to this file",
            "1: provider_files[1]: warning: no file has such a name; paths are relative to this file",
            "2: account_files[1]: warning: no file has such a name; paths are relative to this file",
            f"3: {NO_ACCOUNTS}",
        ],
    ),
    (
        "timeout: 5s",
        [
            "1: timeout: unknown key; it belongs to an account; valid are defaults, accounts, account_files, provider_files",
            f"1: {NO_ACCOUNTS}",
        ],
    ),
    (
        "name: x",
        [
            "1: name: unknown key; it belongs to an account; valid are defaults, accounts, account_files, provider_files",
            f"1: {NO_ACCOUNTS}",
        ],
    ),
    (QLARA + "timeout: 5", ['5: accounts[0].timeout: "5" is not a duration; write it like 30s, 1h30m or 7d']),
    (
        QLARA + "timeout: 0s",
        ['5: accounts[0].timeout: "0s" is not a timeout that anything is answered in; write it like 10s'],
    ),
    (QLARA + "timeout: [1]", ["5: accounts[0].timeout: a text belongs here, not a list"]),
    (QLARA + "nmae: x", ["5: accounts[0].nmae: unknown key; did you mean name?"]),
    (
        "- {name: a, provider: qlara, auth: {api_key: planted-hunter2}}",
        ["1: the file is a list, not a mapping; write accounts: above the list"],
    ),
    (QLARA + "proxy_url: http://p:1", ["5: accounts[0].proxy_url: unknown key; it belongs under http"]),
    (QLARA + "tls_config: {}", ["5: accounts[0].tls_config: unknown key; it belongs under http"]),
    (
        QLARA + "insecure_skip_verify: true",
        ["5: accounts[0].insecure_skip_verify: unknown key; it belongs under http.tls_config"],
    ),
    (QLARA + "http: {ca_file: x}", ["5: accounts[0].http.ca_file: unknown key; it belongs under tls_config"]),
    (QLARA + "credit: {warning: 5}", ["5: accounts[0].credit: unknown key; it belongs under thresholds"]),
    (GATEWAY + "countries: [DK]", ["5: accounts[0].countries: unknown key; it belongs under prices"]),
    (
        "accounts:\n- name: a\n  provider: ovh\n  host: x\n  settings: {service: s}\n  auth: {keys: {application_key: planted-1, application_secret: planted-2, consumer_key: planted-3}}",
        ["4: accounts[0].host: unknown key; it belongs under settings"],
    ),
    (
        "accounts:\n- name: a\n  provider: africastalking\n  username: x\n  auth: {api_key: planted-1}\n  settings: {username: x}",
        ["4: accounts[0].username: unknown key; it belongs under settings"],
    ),
    (QLARA + "username: x", ["5: accounts[0].username: unknown key; it belongs under auth"]),
    (
        "defaults: {proxy_url: http://p:1}\naccounts: []",
        ["1: defaults.proxy_url: unknown key; it belongs under http", f"2: {NO_ACCOUNTS}"],
    ),
    (QLARA + "api_key: hunter2", ["5: accounts[0].api_key: unknown key; it belongs under auth"]),
    (QLARA + "labels: {wallet: x}", ["5: accounts[0].labels.wallet: a label of this exporter's own; use sms_wallet"]),
    (QLARA + "labels: {job: x}", ["5: accounts[0].labels.job: a label of Prometheus or of its targets; use sms_job"]),
    (
        QLARA + "labels: {cost-center: x, __a: b, exported_x: c, team: d, service: [x], 2nd: e}",
        [
            "5: accounts[0].labels.service: a text belongs here, not a list",
            '5: accounts[0].labels.cost-center: "cost-center" is no label name: letters, digits and _; use cost_center',
            "5: accounts[0].labels.__a: names that begin with __ belong to Prometheus; use a",
            "5: accounts[0].labels.exported_x: Prometheus gives such names to labels that clash; use x",
            '5: accounts[0].labels["2nd"]: "2nd" is no label name: letters, digits and _; use sms_2nd',
            "5: accounts[0].labels.team: warning: targets often have this label, and Prometheus then renames this one to exported_team; use sms_team",
        ],
    ),
    (
        QLARA + "labels: x",
        ['5: accounts[0].labels: a mapping belongs here, not "x"; write it like {key: value}'],
    ),
    (QLARA + "apis: []", ["5: accounts[0].apis: no api at all; choose of subscription, credit, contacts"]),
    (
        QLARA + "apis: credit",
        ['5: accounts[0].apis: a list belongs here, not "credit"; write it like [one, two]'],
    ),
    (QLARA + "apis: [credit, credit]", ['5: accounts[0].apis[1]: "credit" a second time, after line 5; remove one']),
    (
        QLARA + "apis: [prices]",
        ['5: accounts[0].apis[0]: qlara has no api "prices"; valid are subscription, credit, contacts'],
    ),
    (QLARA + "apis: [credits]", ['5: accounts[0].apis[0]: qlara has no api "credits"; did you mean credit?']),
    (QLARA + "apis: [[x]]", ["5: accounts[0].apis[0]: a text belongs here, not a list"]),
    (
        QLARA + "api_settings: {prices: {cache_ttl: 1h}}",
        ['5: accounts[0].api_settings.prices: qlara has no api "prices"; valid are subscription, credit, contacts'],
    ),
    (
        QLARA + "api_settings: {credit: x}",
        ['5: accounts[0].api_settings.credit: a mapping belongs here, not "x"; write it like {cache_ttl: 1h}'],
    ),
    (
        QLARA + "api_settings: {credit: {pth: x}}",
        ["5: accounts[0].api_settings.credit.pth: unknown key; did you mean path?"],
    ),
    (
        QLARA + "api_settings: {credit: {path: x}}",
        [
            '5: accounts[0].api_settings.credit.path: "x" is not a path; it begins with / and has no spaces, # or letters outside of ASCII'
        ],
    ),
    (
        QLARA + "apis: [credit]\n  api_settings: {contacts: {path: /x}}",
        [
            "6: accounts[0].api_settings.contacts: warning: no effect: the account doesn't use this api; add contacts to apis, or remove this"
        ],
    ),
    (
        GATEWAY + "apis: [prices]",
        ["2: accounts[0].prices: this is missing; write prices: {countries: [DK, IT]} or {countries: all}"],
    ),
    (
        GATEWAY + "apis: [prices]\n  prices: {}",
        ["2: accounts[0].prices.countries: this is missing; write [DK, IT] or all"],
    ),
    (
        GATEWAY + "apis: [prices]\n  prices: {countries: [dk, UK, XXX, 'NO', NO]}",
        [
            '6: accounts[0].prices.countries[4]: "NO" a second time, after line 6; remove one',
            '6: accounts[0].prices.countries[0]: "dk" is not a country of ISO 3166, like DK; write DK',
            '6: accounts[0].prices.countries[1]: "UK" is not a country of ISO 3166, like DK; write GB',
            '6: accounts[0].prices.countries[2]: "XXX" is not a country of ISO 3166, like DK',
        ],
    ),
    (
        GATEWAY + "prices: {countries: all, currencies: [eur]}",
        [
            '5: accounts[0].prices.currencies[0]: "eur" is not a currency of ISO 4217, like EUR; write EUR',
            "5: accounts[0].prices: warning: no effect: the account doesn't use the api prices; add prices to apis, or remove this",
        ],
    ),
    (
        GATEWAY + "apis: [prices]\n  prices: {countries: DK}",
        [
            '6: accounts[0].prices.countries: "DK": a list of codes or the word all belongs here, not a single value; write it like [DK, IT]'
        ],
    ),
    (
        GATEWAY + "apis: [prices]\n  prices: x",
        ['6: accounts[0].prices: a mapping belongs here, not "x"; write it like {countries: [DK, IT]}'],
    ),
    (
        GATEWAY + "apis: [prices]\n  prices: {countries: []}",
        ["6: accounts[0].prices.countries: an empty list; list codes, or write all"],
    ),
    (
        QLARA + "thresholds: {credit: 200}",
        [
            '5: accounts[0].thresholds.credit: a mapping belongs here, not "200"; write it like {warning: 100, critical: 50}'
        ],
    ),
    (
        QLARA + "thresholds: {credit: {eur: {warning: 1}, warnning: 2, Credits: {warning: 1}, zz: 1}}",
        [
            "5: accounts[0].thresholds.credit.eur: unknown key; did you mean EUR?",
            "5: accounts[0].thresholds.credit.warnning: unknown key; did you mean warning?",
            "5: accounts[0].thresholds.credit.Credits: unknown key; did you mean credits?",
            "5: accounts[0].thresholds.credit.zz: unknown key; valid are warning, critical, wallets, credits, messages, emails, or a currency like EUR",
        ],
    ),
    (
        QLARA + "thresholds: {credit: {warning: 1, critical: 2}}",
        [
            "5: accounts[0].thresholds.credit.critical: critical is above the warning of line 5; a warning comes first, so it is the higher of the two"
        ],
    ),
    (
        QLARA + "thresholds: {credit: {warning: nan}}",
        ['5: accounts[0].thresholds.credit.warning: "nan" is not a number; write digits with a point, like 100 or 0.5'],
    ),
    (
        QLARA + "thresholds: {credit: {warning: 1_000}}",
        [
            '5: accounts[0].thresholds.credit.warning: "1_000" is not a number; write digits with a point, like 100 or 0.5'
        ],
    ),
    (
        QLARA + "thresholds: {contacts_used_ratio: {warning: 80%, critical: 0}}",
        [
            '5: accounts[0].thresholds.contacts_used_ratio.warning: "80%" is not a ratio but a percentage; write the ratio: 0.8',
            '5: accounts[0].thresholds.contacts_used_ratio.critical: "0" is not a ratio above 0; 1 is a full quota',
        ],
    ),
    (
        QLARA + "thresholds: {contacts_used_ratio: {warning: 80}}",
        [
            "5: accounts[0].thresholds.contacts_used_ratio.warning: warning: a ratio this high is never reached; 1 is a full quota, 0.8 is 80 %"
        ],
    ),
    (
        QLARA + "thresholds: {contacts_used_ratio: {warning: 0.9, critical: 0.8}}",
        [
            "5: accounts[0].thresholds.contacts_used_ratio.critical: critical is below the warning of line 5; a warning comes first, so it is the lower of the two"
        ],
    ),
    (
        QLARA + "thresholds: {runway: {warning: 7}}",
        ['5: accounts[0].thresholds.runway.warning: "7" is not a duration; write it like 30s, 1h30m or 7d'],
    ),
    (
        QLARA + "billing: postpaid\n  thresholds: {credit: {EUR: {warning: 3}}, runway: {warning: 3d}}",
        [
            "6: accounts[0].thresholds.credit: warning: no effect: a postpaid account has no credit and no runway threshold; remove it, or billing: postpaid",
            "6: accounts[0].thresholds.runway: warning: no effect: a postpaid account has no credit and no runway threshold; remove it, or billing: postpaid",
        ],
    ),
    (
        QLARA + "thresholds: {spend_spike: {warning: 1, critical: 9}, credit: {wallets: {sms: 3}}}",
        [
            '5: accounts[0].thresholds.spend_spike.warning: "1" is not more than the usual; write how many times the usual, such as 5',
            "5: accounts[0].thresholds.spend_spike.critical: unknown key; valid are warning",
            '5: accounts[0].thresholds.credit.wallets.sms: a mapping belongs here, not "3"; write it like {warning: 100, critical: 50}',
        ],
    ),
    (
        QLARA + "wallets: []\n  contacts_limit: 0",
        [
            "5: accounts[0].wallets: no wallet at all; name those that are shown, or leave the key out",
            '6: accounts[0].contacts_limit: "0" is not a limit above 0; leave the key out to have none',
            "5: accounts[0].wallets: warning: no effect: qlara has no wallets; remove it",
        ],
    ),
    (
        QLARA + "thresholds: {credit: {wallets: {sms: {warning: 3}}}}",
        ["5: accounts[0].thresholds.credit.wallets: warning: no effect: qlara has no wallets; remove it"],
    ),
    (
        GATEWAY + "wallets: [x]\n  contacts_limit: 5e4",
        [
            "5: accounts[0].wallets: warning: no effect: gatewayapi has no wallets; remove it",
            "6: accounts[0].contacts_limit: warning: no effect: the account has no api contacts; remove it",
        ],
    ),
    (
        QLARA + "billing: Post",
        ['5: accounts[0].billing: "Post" is not a word that is known here; write prepaid or postpaid'],
    ),
    (
        "defaults: {thresholds: {credit: {warning: 1, critical: 2}}, auth: x}\naccounts:",
        [
            "1: defaults.auth: unknown key; it belongs to an account; valid are labels, thresholds, timeout, stale_for, cache_ttl, http",
            "1: defaults.thresholds.credit.critical: critical is above the warning of line 1; a warning comes first, so it is the higher of the two",
            f"2: {NO_ACCOUNTS}",
        ],
    ),
    (
        "defaults: {thresholds: {credit: {warning: 100}}}\naccounts:\n- name: a\n  provider: qlara\n  auth: {api_key: k12345}\n  thresholds: {credit: {critical: 200}}",
        [
            "6: accounts[0].thresholds.credit.critical: critical is above the warning of line 1; a warning comes first, so it is the higher of the two"
        ],
    ),
    (
        QLARA + "base_url: http://x.y",
        ["5: accounts[0].base_url: the credential would travel unencrypted; write https://, or allow_plaintext: true"],
    ),
    (
        QLARA + "base_url: http://u:p@x.y",
        ["5: accounts[0].base_url: a URL with a user part; write credentials under auth"],
    ),
    (
        QLARA + "base_url: https://x.y:99999",
        [
            "5: accounts[0].base_url: \"https://x.y:99999\": the URL's port isn't one; a port is a number from 1 to 65535"
        ],
    ),
    (
        QLARA + "base_url: https://x.y/a?b",
        ["5: accounts[0].base_url: a base URL has no query and no fragment; end it before the ? or #"],
    ),
    (
        QLARA + "base_url: x.y",
        ['5: accounts[0].base_url: "x.y" is not an http or https URL; write it like https://host'],
    ),
    (
        QLARA + "base_url: 'https://x y'",
        [
            '5: accounts[0].base_url: "https://x y": spaces, backslashes or characters outside of ASCII in a URL; percent-encode them; a host outside of ASCII is written in its xn-- form'
        ],
    ),
    (
        QLARA + "base_url: https://1.2.3.400",
        [
            "5: accounts[0].base_url: \"https://1.2.3.400\": the URL's host isn't one; write a name, an IPv4 address or [an IPv6 address]"
        ],
    ),
    (
        QLARA + "http: {proxy_url: socks4://u:p@x}",
        ["5: accounts[0].http.proxy_url: not an http, https or socks5 URL; write it like http://proxy:3128"],
    ),
    (
        QLARA + "http: {proxy_url: http://u:pppp@x, proxy_from_environment: true, no_proxy: x}",
        [
            "5: accounts[0].http.proxy_from_environment: proxy_url and proxy_from_environment exclude one another; remove one of them; null removes what defaults says",
            "5: accounts[0].http.no_proxy: no_proxy and proxy_from_environment exclude one another; remove one of them; null removes what defaults says",
        ],
    ),
    (
        QLARA + "http: {no_proxy: x}",
        ["5: accounts[0].http.no_proxy: no_proxy needs proxy_url; write http.proxy_url too"],
    ),
    (QLARA + "http: {proxy: http://x}", ["5: accounts[0].http.proxy: unknown key; did you mean proxy_url?"]),
    (
        QLARA + "http: {tls_config: {cert_file: /etc/hosts}}",
        ["5: accounts[0].http.tls_config.cert_file: cert_file needs key_file; write http.tls_config.key_file too"],
    ),
    (
        QLARA + "http: {tls_config: {ca_file: nope, min_version: 1.3, max_version: TLS11}}",
        [
            '5: accounts[0].http.tls_config.min_version: "1.3" is not a word that is known here; write TLS13',
            "5: accounts[0].http.tls_config.ca_file: the file can't be read: No such file or directory; paths are relative to this file",
        ],
    ),
    (
        QLARA + "http: {tls_config: {min_version: TLS13, max_version: TLS11}, follow_redirects: yes}",
        [
            '5: accounts[0].http.follow_redirects: "yes" is neither true nor false; write true',
            "5: accounts[0].http.tls_config.max_version: max_version is below min_version; TLS13 or later is a max_version that fits",
        ],
    ),
    (
        "accounts:\n- name: a b\n  provider: qlara\n  auth: {api_key: k12345}\n",
        ["2: accounts[0].name: \"a b\" is not a name; use letters, digits, '.', '_' and '-', at most 64 of them"],
    ),
    (
        "accounts:\n- name: a\n  provider: qlra\n  auth: {api_key: k12345}\n",
        ['3: accounts[0].provider: there is no provider "qlra"; did you mean qlara?'],
    ),
    (
        QLARA.replace("qlara", "Nexmo", 1),
        ['3: accounts[0].provider: there is no provider "Nexmo"; that is vonage'],
    ),
    (
        "accounts:\n- name: a\n  provider: zzz\n  auth: {api_key: k12345}\n",
        [f'3: accounts[0].provider: there is no provider "zzz"; there are {PROVIDERS}'],
    ),
    (
        "accounts:\n- name: a\n  provider: qlara\n  auth: {api_key: k12345}\n- name: a\n  provider: qlara\n  auth: {api_key: k12345}\n",
        ['5: accounts[1].name: "a" names two accounts, in line 2 and in line 5; rename one'],
    ),
    (
        QLARA + "expect_features: [SMS, sms, x, x]",
        [
            '5: accounts[0].expect_features[3]: "x" a second time, after line 5; remove one',
            '5: accounts[0].expect_features[0]: warning: no feature "SMS" is known; did you mean sms?',
        ],
    ),
    (
        GATEWAY + "expect_features: [sms]",
        ["5: accounts[0].expect_features: warning: no effect: gatewayapi doesn't tell features; remove it"],
    ),
    (
        QLARA + "apis: [credit]\n  expect_features: [sms]",
        [
            "6: accounts[0].expect_features: warning: no effect: the account doesn't use the api subscription; add subscription to apis, or remove this"
        ],
    ),
    (
        "accounts:\n- provider: qlara",
        [
            "2: accounts[0].name: this is missing; write a name such as shop-dk",
            "2: accounts[0].auth: this is missing; write a sign-in form such as {api_key_file: path}",
        ],
    ),
    (
        "accounts:\n- name:\n  provider: qlara\n  auth:",
        [
            "2: accounts[0].name: this is missing; write a name such as shop-dk",
            "4: accounts[0].auth: this is missing; write a sign-in form such as {api_key_file: path}",
        ],
    ),
    (
        AGILE + "thekey",
        ["4: accounts[0].auth: a mapping belongs here, not a single value; write it like {api_key_file: path}"],
    ),
    (
        AGILE + "{mysecret}",
        ["4: accounts[0].auth: unknown key; agiletelecom takes api_key, basic or oauth1"],
    ),
    (
        AGILE + "{bearer_token: x}",
        ["4: accounts[0].auth.bearer_token: unknown key; agiletelecom takes api_key, basic or oauth1"],
    ),
    (
        AGILE + "{tokn: x}",
        ["4: accounts[0].auth.tokn: unknown key; agiletelecom takes api_key, basic or oauth1"],
    ),
    (
        AGILE + "{basic: {user: x, password: yyyy}}",
        ["4: accounts[0].auth.basic.user: unknown key; did you mean username?"],
    ),
    (
        AGILE + "{basic: {login: x, password: yyyy}}",
        [
            "4: accounts[0].auth.basic.login: unknown key; valid are username, username_file, username_env, password, password_file, password_env"
        ],
    ),
    (
        "accounts:\n- name: a\n  provider: gatewayapi",
        ["2: accounts[0].auth: this is missing; write a sign-in form such as {token_file: path}"],
    ),
    (
        "accounts:\n- name: a\n  provider: gatewayapi\n  auth: xyz",
        ["4: accounts[0].auth: a mapping belongs here, not a single value; write it like {token_file: path}"],
    ),
    (AGILE + "{api_kye: x}", ["4: accounts[0].auth.api_kye: unknown key; did you mean api_key?"]),
    (AGILE + "{}", ["4: accounts[0].auth: no sign-in form; agiletelecom takes api_key, basic or oauth1"]),
    (AGILE + "{api_key: [x]}", ["4: accounts[0].auth.api_key: a text belongs here, not a list"]),
    (
        AGILE + "{basic: user:password}",
        [
            "4: accounts[0].auth.basic: a mapping belongs here, not a single value; write it like {username: name, password_file: path}"
        ],
    ),
    (
        AGILE + "{basic: {hunter2: x}}",
        [
            "4: accounts[0].auth.basic: unknown key; valid are username, username_file, username_env, password, password_file, password_env"
        ],
    ),
    (
        AGILE + "{basic: {username: 'a:b', password: cccc}}",
        ["4: accounts[0].auth.basic.username: this secret can't be used: a user name may not have a colon"],
    ),
    (
        AGILE + "{basic: {username: x}}",
        ["2: accounts[0].auth.basic.password: this is missing; write password, password_file or password_env"],
    ),
    (
        AGILE + "{api_key: x, basic: {username: x, password: y}}",
        ["4: accounts[0].auth.basic: 2 sign-in forms; keep one of api_key, basic or oauth1"],
    ),
    (
        AGILE + "{token: xxxx}",
        [
            "4: accounts[0].auth.token: agiletelecom has no sign-in form token; agiletelecom takes api_key, basic or oauth1"
        ],
    ),
    (
        AGILE + "{api_key: x, api_key_file: y}",
        ["4: accounts[0].auth.api_key_file: one secret given as api_key and api_key_file; keep one of them"],
    ),
    (
        AGILE + "{api_key_file: y}",
        [
            "4: accounts[0].auth.api_key_file: this secret can't be used: the file can't be read: No such file or directory; paths are relative to this file"
        ],
    ),
    (
        AGILE + "{api_key_env: y}",
        ["4: accounts[0].auth.api_key_env: this secret can't be used: the environment variable isn't set"],
    ),
    (AGILE + "{api_key: ''}", ["4: accounts[0].auth.api_key: this secret can't be used: it is empty"]),
    (
        AGILE + '{api_key: "a\\nb"}',
        [
            "4: accounts[0].auth.api_key: this secret can't be used: it has a line break or another control character, which no header may carry"
        ],
    ),
    (
        AGILE + "{api_key: é}",
        [
            "4: accounts[0].auth.api_key: this secret can't be used: it has a character outside of ASCII, which no header may carry"
        ],
    ),
    (
        AGILE + "{oauth1: {consumer_key: aaaa, consumer_secret: bbbb, token: cccc}}",
        [
            "2: accounts[0].auth.oauth1.token_secret: this is missing; write token_secret, token_secret_file or token_secret_env"
        ],
    ),
    (
        AGILE + "{oauth1: {}}",
        [
            "2: accounts[0].auth.oauth1.consumer_key: this is missing; write consumer_key, consumer_key_file or consumer_key_env",
            "2: accounts[0].auth.oauth1.consumer_secret: this is missing; write consumer_secret, consumer_secret_file or consumer_secret_env",
        ],
    ),
    (AGILE + "[x]", ["4: accounts[0].auth: a mapping belongs here, not a list; write it like {api_key_file: path}"]),
    (
        "accounts: []\na: 1\na: 2",
        [
            "2: a: unknown key; valid are defaults, accounts, account_files, provider_files",
            "3: a: given twice, in line 2 and in line 3; remove one of them",
            "1: accounts: warning: there are no accounts; the exporter serves its own metrics alone",
        ],
    ),
    (QLARA + "name: b", ["5: accounts[0].name: given twice, in line 2 and in line 5; remove one of them"]),
    ("a: *x", ["1: an alias whose anchor isn't there; put a text that begins with * in quotes"]),
    (
        QLARA + "labels: {desk: !x y}\n  labels: {}",
        [
            "5: accounts[0].labels.desk: a tag; put a text that begins with ! in quotes",
            "6: accounts[0].labels: given twice, in line 5 and in line 6; remove one of them",
        ],
    ),
    ("a: [", ["2: not YAML: the indentation or a list's dash isn't right; indent the keys of one mapping alike"]),
    ("a: b: c", ["1: not YAML: a colon where none belongs; put a text that has one in quotes"]),
    (
        "\ta: 1",
        ["1: not YAML: a tab in the indentation; indent with spaces"],
    ),
    ("a: 1\n---\nb: 2", ["2: a second document; one file holds one document: remove the ---"]),
    ("a: \u0000", ["1: the character U+0000; remove it"]),
    ("a: &x [*x]", ["1: an alias inside its own anchor"]),
    (
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
        ["1: nested more than 64 deep"],
    ),
    ("? [a]\n: 1", ["1: a mapping or a list as a key; a key is a text"]),
    ("~: 1", ["1: an empty key; write null in quotes where it is meant as a text"]),
    ("<<: 1", ['1: << takes a mapping or a list of mappings; a key of that name is "<<"']),
    (
        QLARA + '"a\\nb": 1',
        [
            '5: accounts[0]["a\\nb"]: unknown key; valid are labels, thresholds, timeout, stale_for, cache_ttl, http, name, provider, auth, settings, base_url, allow_plaintext, apis, billing, api_settings, expect_features, wallets, contacts_limit, prices'
        ],
    ),
    (QLARA + "stale_for: -1s", ['5: accounts[0].stale_for: "-1s" is not a duration; write it like 30s, 1h30m or 7d']),
    (QLARA + "cache_ttl: 200y", ['5: accounts[0].cache_ttl: "200y": a duration is at most 100y']),
    (
        QLARA + "allow_plaintext: maybe",
        ['5: accounts[0].allow_plaintext: "maybe" is neither true nor false; write true or false'],
    ),
    (QLARA + "name2: x", ["5: accounts[0].name2: unknown key; did you mean name?"]),
    (QLARA + "base_url: ''", ["5: accounts[0].base_url: not an http or https URL; write it like https://host"]),
    (
        QLARA + "base_url: ftp://x.y",
        ['5: accounts[0].base_url: "ftp://x.y" is not an http or https URL; write it like https://host'],
    ),
    (
        QLARA + "base_url: https://x:0",
        ["5: accounts[0].base_url: \"https://x:0\": the URL's port isn't one; a port is a number from 1 to 65535"],
    ),
    (
        QLARA + "base_url: https://[::1",
        [
            "5: accounts[0].base_url: \"https://[::1\": the URL's host isn't one; write a name, an IPv4 address or [an IPv6 address]"
        ],
    ),
    (
        QLARA + "base_url: https://[1.2.3.4]/",
        [
            "5: accounts[0].base_url: \"https://[1.2.3.4]/\": the URL's host isn't one; write a name, an IPv4 address or [an IPv6 address]"
        ],
    ),
    (
        QLARA + "base_url: https://-x.y",
        [
            "5: accounts[0].base_url: \"https://-x.y\": the URL's host isn't one; write a name, an IPv4 address or [an IPv6 address]"
        ],
    ),
    (
        QLARA + "base_url: https://",
        [
            "5: accounts[0].base_url: \"https://\": the URL's host isn't one; write a name, an IPv4 address or [an IPv6 address]"
        ],
    ),
    (
        QLARA + "http: {proxy_url: http://x/path}",
        ["5: accounts[0].http.proxy_url: a proxy's URL ends after host and port; write it like http://proxy:3128"],
    ),
    (
        QLARA + "http: {tls_config: x}",
        ['5: accounts[0].http.tls_config: a mapping belongs here, not "x"; write it like {ca_file: path}'],
    ),
    (
        QLARA + "http: {tls_config: {key_file: nope}}",
        [
            "5: accounts[0].http.tls_config.key_file: key_file needs cert_file; write http.tls_config.cert_file too",
            "5: accounts[0].http.tls_config.key_file: the file can't be read: No such file or directory; paths are relative to this file",
        ],
    ),
    (
        QLARA + "http: {tls_config: {ca_file: .}}",
        ["5: accounts[0].http.tls_config.ca_file: the file can't be read: not a regular file"],
    ),
    (
        QLARA + 'http: {tls_config: {ca_file: "a\\0b"}}',
        ["5: accounts[0].http.tls_config.ca_file: the file can't be read: no file has such a name"],
    ),
    (
        QLARA + "http: {tls_config: {ca_file: ''}}",
        ["5: accounts[0].http.tls_config.ca_file: this is empty; leave the key out or write null to have none"],
    ),
    (
        QLARA + "http: {tls_config: {cert_file: '', key_file: nope}}",
        [
            "5: accounts[0].http.tls_config.cert_file: this is empty; leave the key out or write null to have none",
            "5: accounts[0].http.tls_config.key_file: the file can't be read: No such file or directory; paths are relative to this file",
        ],
    ),
    (
        QLARA + "http: {proxy_url: ''}",
        ["5: accounts[0].http.proxy_url: not an http, https or socks5 URL; write it like http://proxy:3128"],
    ),
    (
        QLARA + "http: x",
        ['5: accounts[0].http: a mapping belongs here, not "x"; write it like {proxy_url: http://proxy:3128}'],
    ),
    (
        QLARA + "thresholds: x",
        [
            '5: accounts[0].thresholds: a mapping belongs here, not "x"; write it like {credit: {warning: 100, critical: 50}}'
        ],
    ),
    (
        QLARA + "thresholds: {contacts: {warning: 1}}",
        ["5: accounts[0].thresholds.contacts: unknown key; did you mean contacts_used_ratio?"],
    ),
    (
        QLARA + "thresholds: {credit: {EUR: 5}}",
        [
            '5: accounts[0].thresholds.credit.EUR: a mapping belongs here, not "5"; write it like {warning: 100, critical: 50}'
        ],
    ),
    (
        QLARA + "thresholds: {runway: 7d}",
        [
            '5: accounts[0].thresholds.runway: a mapping belongs here, not "7d"; write it like {warning: 7d, critical: 2d}'
        ],
    ),
    (
        QLARA + "apis: [credit]\n  thresholds: {contacts_used_ratio: {warning: 0.5}}",
        [
            "6: accounts[0].thresholds.contacts_used_ratio: warning: no effect: the account has no api contacts; remove it"
        ],
    ),
    (
        QLARA + "labels: {account: x}",
        ["5: accounts[0].labels.account: a label of this exporter's own; use sms_account"],
    ),
    (
        QLARA + "labels: {'': x}",
        ['5: accounts[0].labels[""]: "" is no label name: letters, digits and _; use sms_label'],
    ),
    (
        QLARA + "labels: {exported_job: x}",
        ["5: accounts[0].labels.exported_job: Prometheus gives such names to labels that clash; use sms_job"],
    ),
    (
        QLARA + "labels: {'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ': x}",
        [
            '5: accounts[0].labels["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"]: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…" is no label name: letters, digits and _; use xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'
        ],
    ),
    (
        GATEWAY + "apis: [prices]\n  prices: {countries: [[DK]]}",
        ["6: accounts[0].prices.countries: the codes of the list are texts; write it like [DK, IT]"],
    ),
    (
        GATEWAY + "apis: [prices]\n  prices: {countries: {DK: 1}}",
        [
            "6: accounts[0].prices.countries: a list of codes or the word all belongs here, not a mapping; write it like [DK, IT]"
        ],
    ),
    (
        GATEWAY + "apis: [prices]\n  prices: {countries: all, currencies: EUR}",
        [
            '6: accounts[0].prices.currencies: "EUR": a list of codes or the word all belongs here, not a single value; write it like [EUR, DKK]'
        ],
    ),
    (
        GATEWAY + "apis: [prices]\n  prices: {countries: all, currencies: []}",
        ["6: accounts[0].prices.currencies: an empty list; list codes, or write all"],
    ),
    (
        GATEWAY + "apis: [prices]\n  prices:",
        ["2: accounts[0].prices: this is missing; write prices: {countries: [DK, IT]} or {countries: all}"],
    ),
    (
        "accounts:\n- name: a\n  provider: nope\n  auth: {api_key: k12345}\n  apis: [credits, prices]\n  api_settings: {x: {path: /}}",
        [
            "2: accounts[0].prices: this is missing; write prices: {countries: [DK, IT]} or {countries: all}",
            f'3: accounts[0].provider: there is no provider "nope"; there are {PROVIDERS}',
            '5: accounts[0].apis[0]: there is no api "credits"; did you mean credit?',
            '6: accounts[0].api_settings.x: there is no api "x"; valid are credit, subscription, contacts, prices',
        ],
    ),
    (
        "accounts:\n- name: a\n  provider: [x]\n  auth: {api_key: k12345}",
        ["3: accounts[0].provider: a text belongs here, not a list"],
    ),
    (
        "accounts:\n- name: a\n  provider: nobody\n  auth: {}",
        [
            f'3: accounts[0].provider: there is no provider "nobody"; there are {PROVIDERS}',
            f"4: accounts[0].auth: no sign-in form; write one of {either([*FORMS])}",
        ],
    ),
    (
        AGILE + "{token: x, api_key: [x]}",
        [
            "4: accounts[0].auth.api_key: a text belongs here, not a list",
            "4: accounts[0].auth.api_key: 2 sign-in forms; keep one of api_key, basic or oauth1",
        ],
    ),
    (
        AGILE + "{basic: {username: x, pasword: y}}",
        ["4: accounts[0].auth.basic.pasword: unknown key; did you mean password?"],
    ),
    (
        AGILE + "{oauth1: {consumer_key: aaaa, consumer_secret: bbbb, tokn: cccc}}",
        ["4: accounts[0].auth.oauth1.tokn: unknown key; did you mean token?"],
    ),
    (
        AGILE + "{basic:}",
        ["4: not YAML: the indentation or a list's dash isn't right; indent the keys of one mapping alike"],
    ),
    (
        AGILE + "{basic: {username: x, password: '', password_file: y}}",
        ["4: accounts[0].auth.basic.password_file: one secret given as password and password_file; keep one of them"],
    ),
    (
        "defaults: {timeout: x, labels: {job: a}, http: {no_proxy: x}}",
        [
            '1: defaults.timeout: "x" is not a duration; write it like 30s, 1h30m or 7d',
            "1: defaults.labels.job: a label of Prometheus or of its targets; use sms_job",
            "1: defaults.http.no_proxy: no_proxy needs proxy_url; write http.proxy_url too",
            f"1: {NO_ACCOUNTS}",
        ],
    ),
    (
        "defaults: {http: {no_proxy: x, tls_config: {ca_file: nope}}}\naccounts:\n- name: a\n  provider: qlara\n  auth: {api_key: k12345}\n",
        [
            "1: defaults.http.tls_config.ca_file: the file can't be read: No such file or directory; paths are relative to this file",
            "1: defaults.http.no_proxy: no_proxy needs proxy_url; write http.proxy_url too",
        ],
    ),
    (
        "defaults: {http: {proxy_from_environment: true}}\naccounts:\n- name: a\n  provider: qlara\n  auth: {api_key: k12345}\n  http: {proxy_url: http://x}",
        [
            "6: accounts[0].http.proxy_url: proxy_url and proxy_from_environment exclude one another; remove one of them; null removes what defaults says"
        ],
    ),
    (
        "defaults: x",
        ['1: defaults: a mapping belongs here, not "x"; write it like {timeout: 10s}', f"1: {NO_ACCOUNTS}"],
    ),
    (
        "defaults: {labels: {job: x}}\naccounts:\n- name: a\n  provider: qlara\n  auth: {api_key: k12345}\n- name: b\n  provider: qlara\n  auth: {api_key: kkkkkk}",
        ["1: defaults.labels.job: a label of Prometheus or of its targets; use sms_job"],
    ),
    (
        "defaults: {thresholds: {credit: {eur: 1}}}\naccounts: []",
        ["1: defaults.thresholds.credit.eur: unknown key; did you mean EUR?", f"2: {NO_ACCOUNTS}"],
    ),
]


@pytest.mark.parametrize(("text", "expected"), FAULTS)
def test_a_fault_is_one_line(text: str, expected: list[str]) -> None:
    assert lines(text) == [f"f.yml:{line}" for line in expected]


def test_a_second_account_of_a_name_is_told_with_both_lines() -> None:
    text = QLARA + "timeout: 5s\n- provider: qlara\n  name: a\n  auth: {api_key: key-of-tests}\n"
    expected = 'f.yml:7: accounts[1].name: "a" names two accounts, in line 2 and in line 7; rename one'
    assert lines(text) == [expected]


def test_a_key_given_twice_is_told_with_both_lines() -> None:
    expected = "f.yml:5: accounts[0].name: given twice, in line 2 and in line 5; remove one of them"
    assert lines(QLARA + "name: b") == [expected]


def test_every_fault_of_every_account_is_told_at_once() -> None:
    text = (
        "accounts:\n- name: a b\n  provider: qlara\n  timeout: x\n  auth: {token: tttt}\n  apis: [prices]\n"
        "- provider: nobody\n  labels: {job: x}\n  http: {no_proxy: x}\n"
    )
    assert [line.split(": ")[:2] for line in lines(text)] == [
        ["f.yml:2", "accounts[0].name"],
        ["f.yml:4", "accounts[0].timeout"],
        ["f.yml:5", "accounts[0].auth.token"],
        ["f.yml:6", "accounts[0].apis[0]"],
        ["f.yml:7", "accounts[1].name"],
        ["f.yml:7", "accounts[1].auth"],
        ["f.yml:7", "accounts[1].provider"],
        ["f.yml:8", "accounts[1].labels.job"],
        ["f.yml:9", "accounts[1].http.no_proxy"],
    ]


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    for path, reason in {
        tmp_path / "gone.yml": "the file can't be read: No such file or directory;"
        " name yours by --config.file (check-config takes it by itself), or try sms-exporter demo, which needs none",
        tmp_path: "the file can't be read: Is a directory",
        Path("a\0b"): "the file can't be read: no file has such a name",
    }.items():
        with pytest.raises(ConfigError) as caught:
            load(path)
        assert [str(fault) for fault in caught.value.faults] == [f"{path}: {reason}"]


def test_a_huge_file_is_a_fault() -> None:
    assert lines(b"#" * (16 * 1024 * 1024 + 1)) == ["f.yml:1: the file is larger than 16777216 bytes"]


def test_two_loads_of_one_file_are_equal() -> None:
    text = QLARA + "http: {proxy_url: http://user:pass-word@proxy:3128}"
    assert loaded(text).settings == loaded(text).settings
    assert hash(account(text).http) == hash(account(text).http)


def test_an_account_with_nothing_else_has_the_built_in_defaults() -> None:
    qlara = account(QLARA)
    base = "https://lora-api.agiletelecom.com/api/v1/partner-gateway/subscription"
    assert [(api.name, api.url, api.cache_ttl_seconds, api.timeout_seconds) for api in qlara.apis] == [
        ("subscription", base, 300, 10),
        ("credit", f"{base}/credit", 30, 10),
        ("contacts", f"{base}/contacts", 300, 10),
    ]
    assert (qlara.stale_for_seconds, qlara.labels, qlara.expect_features, qlara.http) == (300, {}, (), HttpSettings())
    assert qlara.credential.values()["api_key"] == "key-of-tests"
    assert [api.name for api in account(GATEWAY).apis] == ["credit"]


def test_durations_of_an_account_replace_those_of_defaults_and_null_removes_them() -> None:
    defaults = "defaults: {timeout: 5s, stale_for: 1m, cache_ttl: 7s}\n"
    for own, expected in {
        "": (5, 60, 7),
        "timeout: 2s\n  stale_for: 0s\n  cache_ttl: 0s": (2, 0, 0),
        "timeout: null\n  stale_for: null\n  cache_ttl: null": (10, 300, 300),
    }.items():
        one = account(defaults + QLARA + own)
        first = one.apis[0]
        assert (first.timeout_seconds, one.stale_for_seconds, first.cache_ttl_seconds) == expected


def test_api_settings_are_strongest_and_prices_heed_nothing_else() -> None:
    text = (
        "defaults: {timeout: 5s, cache_ttl: 7s}\n" + GATEWAY + "apis: [prices, credit]\n  cache_ttl: 8s\n"
        "  base_url: HTTPS://Host.Example/prefix//\n  prices: {countries: [DK, NO]}\n  api_settings: {credit: %s, prices: %s}\n"
    )
    credit, prices = account(text % ("null", "{}")).apis
    assert (credit.cache_ttl_seconds, credit.timeout_seconds, credit.url) == (
        8,
        5,
        "https://host.example/prefix/rest/me",
    )
    assert (prices.cache_ttl_seconds, prices.timeout_seconds) == (21600, 5)
    assert prices.url == "https://host.example/prefix/api/prices/list/sms/json"
    credit, prices = account(text % ("{cache_ttl: 0s, path: /x?y=1}", "{cache_ttl: 12h, timeout: 30s}")).apis
    assert (credit.cache_ttl_seconds, credit.timeout_seconds, credit.url) == (0, 5, "https://host.example/prefix/x?y=1")
    assert (prices.cache_ttl_seconds, prices.timeout_seconds) == (43200, 30)


def test_labels_merge_key_by_key() -> None:
    defaults = "defaults: {labels: {cost_center: 00451234, owner: NO}}\n"
    assert account(defaults + QLARA).labels == {"cost_center": "00451234", "owner": "NO"}
    assert account(defaults + QLARA + "labels: {owner: null, unit: on}").labels == {
        "cost_center": "00451234",
        "unit": "on",
    }
    assert account(defaults + QLARA + "labels: null").labels == {}


def test_prices_are_of_some_countries_or_of_all() -> None:
    some = account(GATEWAY + "apis: [prices]\n  prices: {countries: [DK, NO], currencies: [EUR]}")
    assert (some.price_countries, some.price_currencies) == (frozenset({"DK", "NO"}), frozenset({"EUR"}))
    for currencies in ("", ", currencies: all", ", currencies: null"):
        every = account(GATEWAY + f"apis: [prices]\n  prices: {{countries: all{currencies}}}")
        assert (every.price_countries, every.price_currencies) == (None, None)


@pytest.mark.parametrize(
    "base_url",
    [
        "http://localhost:8080",
        "http://provider.localhost",
        "http://127.0.0.9:1",
        "http://[::1]:10/x",
        "https://10.0.0.1",
    ],
)
def test_a_base_url_to_this_machine_or_encrypted_is_accepted(base_url: str) -> None:
    assert account(QLARA + f"base_url: '{base_url}'").apis[0].url.startswith(base_url)


def test_plaintext_is_accepted_if_allowed() -> None:
    assert (
        account(QLARA + "base_url: http://sms_gateway.\n  allow_plaintext: TRUE")
        .apis[0]
        .url.startswith("http://sms_gateway./api")
    )


@pytest.mark.parametrize("host", ["127.1", "128.0.0.1", "localhost.example", "notlocalhost", "[::2]"])
def test_plaintext_to_what_is_not_this_machine_is_refused(host: str) -> None:
    assert len(lines(QLARA + f"base_url: 'http://{host}'")) == 1


def write_certificates() -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("provider.test")
    authority.cert_pem.write_to_path("ca.pem")
    certificate.cert_chain_pems[0].write_to_path("cert.pem")
    certificate.private_key_pem.write_to_path("key.pem")


@pytest.mark.parametrize(
    ("tls_config", "fault"),
    [
        ("{ca_file: key.pem}", "ca_file: the file holds no certificate; it must be in PEM"),
        ("{ca_file: text.pem}", "ca_file: the file holds no certificate; it must be in PEM"),
        (
            "{cert_file: key.pem, key_file: cert.pem}",
            "key_file: cert_file and key_file are no certificate and its key; both must be in PEM, the key without",
        ),
        (
            "{cert_file: cert.pem, key_file: other.pem}",
            "key_file: cert_file and key_file are no certificate and its key",
        ),
    ],
)
def test_what_is_no_certificate_or_key_is_a_fault_before_any_call(tls_config: str, fault: str) -> None:
    write_certificates()
    Path("text.pem").write_text("no certificate\n")
    trustme.CA().issue_cert("other.test").private_key_pem.write_to_path("other.pem")
    (told,) = lines(QLARA + f"http: {{tls_config: {tls_config}}}")
    assert f"http.tls_config.{fault}" in told


def test_http_blocks_merge_key_by_key() -> None:
    write_certificates()
    defaults = (
        "defaults: {http: {no_proxy: .internal, follow_redirects: true,"
        " tls_config: {ca_file: ca.pem, cert_file: cert.pem, min_version: TLS12}}}\n"
    )
    here = Path.cwd()
    own = "http: {proxy_url: http://proxy:3128, tls_config: {key_file: key.pem, ca_file: null, max_version: TLS13}}"
    assert account(defaults + QLARA + own).http == HttpSettings(
        tls=TlsSettings(
            cert_file=str(here / "cert.pem"), key_file=str(here / "key.pem"), min_version="TLS12", max_version="TLS13"
        ),
        proxy_url=Secret.literal("http://proxy:3128", identifier=True),
        no_proxy=".internal",
        follow_redirects=True,
    )
    assert account(defaults + QLARA + "http: null").http == HttpSettings()
    without_tls = account(defaults + QLARA + "http: {tls_config: null, no_proxy: null}").http
    assert without_tls == HttpSettings(follow_redirects=True)
    server = account(
        QLARA + "http: {proxy_from_environment: true, tls_config: {server_name: x, insecure_skip_verify: true}}"
    )
    assert server.http == HttpSettings(
        tls=TlsSettings(server_name="x", insecure_skip_verify=True), proxy_from_environment=True
    )


SHORT = "warning: this secret is too short to be kept out of every text and metric; take one of 4 characters or more"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (AGILE + "{api_key: Zq7}", "4: accounts[0].auth.api_key"),
        (AGILE + "{basic: {username: x, password: Zq7}}", "4: accounts[0].auth.basic.password"),
        (AGILE + "{basic: {username: x, password_env: SMS_SHORT}}", "4: accounts[0].auth.basic.password_env"),
        (QLARA + "http: {proxy_url: 'http://user:Zq7@proxy'}", "5: accounts[0].http.proxy_url"),
        (QLARA + "http: {proxy_url: 'http://user:%5Aq7@proxy'}", "5: accounts[0].http.proxy_url"),
        (QLARA + "http: {proxy_url: 'http://Zq7@proxy'}", "5: accounts[0].http.proxy_url"),
    ],
)
def test_a_secret_of_less_than_four_characters_is_warned_of_and_not_quoted(
    text: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMS_SHORT", "Zq7")
    assert lines(text) == [f"f.yml:{line}: {SHORT}"]
    assert lines(text.replace("Zq7", "Zq71").replace("%5Aq7", "Zq71").replace("env: SMS_SHORT", "env: HOME")) == []


@pytest.mark.parametrize("shown", ["name: zq4x", "name: shop-ZQ4X-1", "labels: {note: a zq4x b}"])
def test_a_secret_that_every_metric_would_show_is_warned_of_and_not_quoted(shown: str) -> None:
    name = "" if shown.startswith("name") else "  name: a\n"
    key = "name" if shown.startswith("name") else "labels.note"
    text = f"accounts:\n- provider: qlara\n  auth: {{api_key: zq4x}}\n  {shown}\n{name}"
    expected = "warning: this is or holds a secret, and every metric of the account shows it"
    with redaction.forgetting():
        assert lines(text) == [f"f.yml:4: accounts[0].{key}: {expected}; write another, or change the secret"]
    assert lines(text.replace("api_key: zq4x", "api_key: zq5y")) == []


@pytest.mark.parametrize(
    "url", ["http://proxy-user:pass-word@proxy:3128", "proxy-user:pass-word@proxy:3128", "socks5://x:pass-word@p"]
)
def test_the_password_of_a_proxy_in_the_environment_is_hidden_from_texts(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", url)
    before, after = (account(QLARA + f"http: {{proxy_from_environment: {value}}}") for value in ("false", "true"))
    assert redact("a pass-word b") == "a <secret> b"
    assert after.http == HttpSettings(proxy_from_environment=True) != before.http


def test_the_parts_of_a_proxy_url_are_hidden_from_texts() -> None:
    http = account(QLARA + "http: {proxy_url: 'http://proxy-user:p%40ss-word@proxy:3128'}").http
    assert http.proxy_url is not None
    assert http.proxy_url.value() == "http://proxy-user:p%40ss-word@proxy:3128"
    assert "proxy-user" not in repr(http)
    assert redact("p%40ss-word p@ss-word http://proxy:3128") == "<secret> <secret> http://proxy:3128"
    account(QLARA + "http: {proxy_url: 'http://proxy-token-1@proxy'}")
    assert redact("a proxy-token-1 b") == "a <secret> b"


@pytest.mark.parametrize(
    ("auth", "form", "values"),
    [
        ("{api_key: literal-key}", "api_key", {"api_key": "literal-key"}),
        ("{api_key: 00451234, basic: null}", "api_key", {"api_key": "00451234"}),
        ("{api_key_file: key, api_key: null}", "api_key", {"api_key": "file-key"}),
        ("{api_key_env: SMS_TEST_KEY}", "api_key", {"api_key": "env-key"}),
        ("{basic: {username: user, password_file: key}}", "basic", {"username": "user", "password": "file-key"}),
        (
            "{oauth1: {consumer_key: ckey, consumer_secret_env: SMS_TEST_KEY}}",
            "oauth1",
            {"consumer_key": "ckey", "consumer_secret": "env-key"},
        ),
        (
            "{oauth1: {consumer_key: ckey, consumer_secret: csecret, token_file: key, token_secret: tsecret}}",
            "oauth1",
            {"consumer_key": "ckey", "consumer_secret": "csecret", "token": "file-key", "token_secret": "tsecret"},
        ),
    ],
)
def test_every_form_of_secret(auth: str, form: str, values: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMS_TEST_KEY", "env-key")
    Path("key").write_text("file-key\n")
    credential = account(AGILE + auth).credential
    assert credential.form == form
    assert credential.values() == values


@pytest.mark.parametrize(
    ("content", "wrong"),
    [("", "it is empty"), ("a\nb\n", "it has a line break or another control character, which no header may carry")],
)
def test_of_a_secret_file_that_is_there_no_path_is_blamed(content: str, wrong: str) -> None:
    Path("key").write_text(content)
    assert lines(AGILE + "{api_key_file: key}") == [
        f"f.yml:4: accounts[0].auth.api_key_file: this secret can't be used: {wrong}"
    ]


def test_a_secret_that_is_a_folder_is_told_without_a_word_on_paths() -> None:
    expected = (
        "f.yml:4: accounts[0].auth.api_key_file: this secret can't be used: the file can't be read: not a regular file"
    )
    assert lines(AGILE + "{api_key_file: .}") == [expected]


def test_secret_files_are_relative_to_the_configuration_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "key").write_text("relative-key")
    (tmp_path / "etc" / "f.yml").write_text(AGILE + "{api_key_file: key}")
    monkeypatch.chdir(tmp_path)
    (only,) = load(Path("etc/f.yml")).settings.accounts
    monkeypatch.chdir("/")
    assert only.credential.values()["api_key"] == "relative-key"
    assert not only.credential.refresh()


@pytest.mark.parametrize(
    ("form", "example"),
    [
        ("api_key", "{api_key_file: path}"),
        ("token", "{token_file: path}"),
        ("basic", "{basic: {username: name, password_file: path}}"),
        ("oauth1", "{oauth1: {consumer_key_file: path, consumer_secret_file: path}}"),
    ],
)
def test_the_example_of_auth_is_a_form_that_the_provider_takes(form: str, example: str) -> None:
    qlara = builtin()["qlara"]
    only = qlara.copy(sign_in={form: qlara.sign_in["basic"]})
    Path("f.yml").write_text("accounts:\n- name: a\n  provider: qlara\n")
    with pytest.raises(ConfigError, match=re.escape(f"write a sign-in form such as {example}")):
        load(Path("f.yml"), {"qlara": only})


def test_anchors_and_merges_make_accounts() -> None:
    text = (
        "accounts:\n- &base\n  name: a\n  provider: qlara\n  auth: &auth {api_key: key-of-tests}\n"
        "- {<<: *base, name: b}\n- {name: c, provider: qlara, auth: *auth}\n"
    )
    assert [each.name for each in loaded(text).settings.accounts] == ["a", "b", "c"]


@pytest.mark.end_to_end  # measures time
def test_two_hundred_accounts_load_well_below_a_second() -> None:
    text = "accounts:\n" + "".join(
        f"- {{name: a{n}, provider: qlara, auth: {{api_key: key-number-{n}}}, labels: {{cost_center: {n}}}}}\n"
        for n in range(200)
    )
    begun = time.process_time()
    assert len(loaded(text).settings.accounts) == 200
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    "text",
    [
        AGILE + "{api_key: &key planted-hunter2}\n  name: x\n",
        "accounts:\n- auth: {api_key: &key planted-hunter2}\n  name: *key\n  provider: *key\n  apis: [*key]\n",
        "accounts:\n- auth: {api_key: &key planted-hunter2}\n  labels: {*key : x}\n  *key : 1\n",
        "accounts:\n- auth: {api_key: &key planted-hunter2}\n  expect_features: [*key, *key]\n",
        "accounts:\n- auth: {api_key: &key planted-hunter2}\n  api_settings: {*key : {}}\n",
        "accounts:\n- auth: {api_key: &key planted-hunter2}\n  thresholds: {credit: {*key : {}}}\n",
        "accounts:\n- auth: {api_key: &key planted-hunter2}\n  *key : 1\n  *key : 2\n",
        "accounts:\n- auth: {planted-hunter2: 1, planted-hunter2: 2}\n",
        "accounts:\n- auth: {planted-contacts_used_ratio: 1, planted-contacts_used_ratio: 2}\n",
        "accounts:\n- auth: {basic: {planted-hunter2}}\n",
        "accounts:\n- auth: [planted-hunter2]\n",
        "accounts:\n- auth: *planted-hunter2\n",
        "accounts:\n- auth: {api_key: !planted-hunter2 x}\n",
        "accounts:\n- auth: {api_key: {planted-hunter2: x}}\n",
        "accounts:\n- auth: {api_key_file: planted-hunter2, token_env: planted-hunter2}\n",
        "accounts:\n- auth: {api_key_file: planted-hunter2}\n",
        AGILE + "{api_key_env: planted-hunter2}\n",
        QLARA + "http: {proxy_url: 'socks4://planted-hunter2:x@proxy'}\n",
        QLARA + "http: {proxy_url: 'http://planted-hunter2@pro xy'}\n",
        QLARA + "http: {proxy_url: 'http://planted-hunter2@proxy', proxy_from_environment: true}\n",
        QLARA + "base_url: https://planted-hunter2@host\n",
    ],
)
def test_no_fault_quotes_a_planted_secret(text: str) -> None:
    shown = lines(text)
    assert shown
    assert "planted" not in "\n".join(shown)


# The last word is the empty one.
_WORDS = st.sampled_from(
    [
        "accounts",
        "defaults",
        "name",
        "provider",
        "qlara",
        "gatewayapi",
        "auth",
        "api_key",
        "basic",
        "username",
        "all",
        "thresholds",
        "credit",
        "EUR",
        "warning",
        "5",
        "-1",
        "7d",
        "http",
        "tls_config",
        "ca_file",
        "proxy_url",
        "x",
        "labels",
        "job",
        "apis",
        "prices",
        "countries",
        "DK",
        "api_settings",
        "expect_features",
        "sms",
        "null",
        "base_url",
        "http://x",
        "https://u:p@x",
        "billing",
        "postpaid",
        "timeout",
        "runway",
        "cert_file",
        "oauth1",
        "token",
        "\x85",
        "",
    ]
)
_ANY = st.recursive(
    st.none() | _WORDS | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=20,
)
_ACCOUNT = st.dictionaries(_WORDS, _ANY, max_size=8)
_CONFIGURATIONS = st.fixed_dictionaries({}, optional={"accounts": st.lists(_ACCOUNT, max_size=3), "defaults": _ACCOUNT})
_QUICK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)


def _as_yaml(value: object) -> str:
    """JSON, which is YAML, with the nulls and texts apart."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_as_yaml(key)}: {_as_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_as_yaml, value)) + "]"
    if value is None:
        return "null"
    return '"' + "".join(f"\\U{ord(each):08X}" for each in str(value)) + '"'


@_QUICK
@given(_CONFIGURATIONS | _ANY)
def test_any_shape_gives_settings_or_faults(value: object) -> None:
    for line in lines(_as_yaml(value)):
        assert line.isprintable()


@_QUICK
@given(st.text(alphabet="accountsname: -\n[]{}&*!#|>'\"\tx0\x00é", max_size=80) | st.binary(max_size=60))
def test_any_text_gives_settings_or_faults(text: str | bytes) -> None:
    lines(text)


_PLANTED = st.text(alphabet="0123456789", min_size=8, max_size=12).map("plant-{}".format)  # near to no key
_AUTHS = st.sampled_from(
    [
        "SECRET",
        "[SECRET]",
        "{SECRET}",
        "{SECRET: x}",
        "{api_key: SECRET}",
        "{api_key: [SECRET]}",
        "{api_key: {SECRET: SECRET}}",
        "{api_key_file: SECRET}",
        "{api_key_env: SECRET}",
        "{api_key: SECRET, token: SECRET}",
        "{api_key: SECRET, api_key_file: SECRET}",
        "{basic: SECRET}",
        "{basic: [SECRET]}",
        "{basic: {username: SECRET, password: SECRET}}",
        "{basic: {username: [SECRET], password_file: SECRET}}",
        "{basic: {username: 'SECRET:SECRET', password: x}}",
        "{basic: {SECRET: x}}",
        "{oauth1: {consumer_key: SECRET, SECRET: x}}",
        "{oauth1: {consumer_key: SECRET, consumer_secret: SECRET, token: SECRET}}",
        "{token: SECRET}",
        '{api_key: "SECRET\\nSECRET"}',
        "{api_key: *SECRET}",
        "{api_key: &SECRET x, token: *SECRET}",
        "{api_key: !SECRET x}",
        "{api_key: éSECRET}",
        "'SECRET",
        "{api_key: SECRET",
        "{SECRET: 1, SECRET: 2}",
    ]
)
_PROXIES = st.sampled_from(
    [
        "null",
        "http://SECRET@proxy",
        "http://u:SECRET@proxy:3128",
        "http://SECRET@",
        "socks5://SECRET@x",
        "socks4://SECRET@x",
        "http://SECRET:x@a b",
        "[SECRET]",
    ]
)


@_QUICK
@given(_PLANTED, _AUTHS, _PROXIES, st.sampled_from([*builtin(), "nobody"]))
def test_no_planted_secret_shows_in_anything(secret: str, auth: str, proxy: str, provider: str) -> None:
    assert "SECRET" in auth
    written, url = (text.replace("SECRET", secret) for text in (auth, proxy))
    path = Path("f.yml")
    path.write_text(
        f"accounts:\n- name: a\n  provider: {provider}\n  auth: {written}\n  http: {{proxy_url: '{url}'}}\n"
    )
    try:
        result = load(path)
    except ConfigError as error:
        shown = f"{error}{error!r}{error.faults}{error.warnings}{error.__cause__!r}"
    else:
        shown = f"{result}{result!r}"
    assert secret not in shown


@pytest.mark.parametrize(
    ("written", "quoted"),
    [
        ("timeout: soon", '"soon" is not a duration'),
        ("timeout: timeout", '"timeout" is not a duration'),
        (f"timeout: {'9' * 80}", f'"{"9" * 64}…" is not a duration'),
        ("base_url: ftp://x.y", '"ftp://x.y" is not an http or https URL'),
        ("base_url: ftp://x.y?key=planted", "not an http or https URL"),
        ("base_url: https://planted@x.y", "a URL with a user part"),
        ("http: https://planted@x.y", "a mapping belongs here, not a single value"),
        ("timeout: key-of-tests", "not a duration"),
        ("http: {proxy_url: ftp://x.y}", "not an http, https or socks5 URL"),
    ],
)
def test_a_fault_quotes_what_was_written_but_nothing_that_may_be_secret(written: str, quoted: str) -> None:
    (told,) = lines(QLARA + written)
    _, _, said = told.split(": ", 2)
    assert said.partition("; ")[0] == quoted
