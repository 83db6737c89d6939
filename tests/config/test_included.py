"""Files that a configuration names: accounts of other files, and definitions of one's own."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.cli.main import main
from exporter.config.loading import ConfigError, Loaded, load
from exporter.config.watch import Watch
from exporter.documents.faults import nearest
from exporter.providers.catalogue import builtin
from exporter.settings import Pair
from tests.config.providers import ACME


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("conf/accounts.d").mkdir(parents=True)


def qlara(*names: str, auth: str = "{api_key: key-of-tests}") -> str:
    return "accounts:\n" + "".join(f"- {{name: {name}, provider: qlara, auth: {auth}}}\n" for name in names)


def write(**files: str) -> None:
    """`a__b` is the file b.yml in the folder a."""
    for name, text in files.items():
        path = Path("conf", *name.split("__")).with_suffix(".yml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def loaded() -> Loaded:
    return load(Path("conf/main.yml"))


def faults() -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded()
    return [*map(str, caught.value.faults)]


def test_accounts_of_all_files_in_their_order() -> None:
    write(
        main="account_files: [accounts.d/*.yml, other.yml, 'accounts.d/b.yml']\n"
        "defaults: {labels: {unit: x}, thresholds: {credit: {warning: 300}}}\n" + qlara("first"),
        other=qlara("last", auth="{api_key_file: key}"),
    )
    Path("conf/key").write_text("beside-the-main-file")
    Path("conf/accounts.d/key").write_text("beside-the-other-file")
    Path("conf/accounts.d/b.yml").write_text(qlara("b", auth="{api_key_file: key}"))
    Path("conf/accounts.d/a.yml").write_text(qlara("a1", "a2"))
    Path("conf/accounts.d/.hidden.yml").write_text("x")
    Path("conf/accounts.d/folder.yml").mkdir()
    accounts = {account.name: account for account in loaded().settings.accounts}
    assert [*accounts] == ["first", "a1", "a2", "b", "last"]
    assert loaded().accounts == 5
    assert accounts["b"].credential.values() == {"api_key": "beside-the-other-file"}
    assert accounts["last"].credential.values() == {"api_key": "beside-the-main-file"}
    assert accounts["b"].labels == {"unit": "x"}
    assert accounts["b"].thresholds.for_unit("SEK") == Pair(300)


def test_a_pattern_that_finds_the_configuration_itself_doesnt_take_it_twice() -> None:
    write(main="account_files: ['*.yml']\n" + qlara("a"), other=qlara("b"))
    assert [account.name for account in loaded().settings.accounts] == ["a", "b"]


def test_only_other_files_may_have_accounts() -> None:
    write(main="account_files: ['other.yml']", other=qlara("b"))
    assert [account.name for account in loaded().settings.accounts] == ["b"]
    assert not loaded().warnings
    write(other="accounts: []")
    assert [str(warning) for warning in loaded().warnings] == [
        "conf/main.yml:1: accounts: warning: there are no accounts; the exporter serves its own metrics alone"
    ]


def test_faults_name_their_own_file_and_line() -> None:
    write(
        main="account_files: [a.yml, b.yml, c.yml, d.yml]\n"
        "defaults: {thresholds: {credit: {critical: 70}}, http: {no_proxy: x}}\n" + qlara("one"),
        a="\n" + qlara("one") + "- name: two\n  provider: qlara\n  auth: {api_key: x1234}\n  base_url: ftp://x\n",
        b="- x",
        c="defaults: {}\n"
        + qlara("three")
        + "- {name: four, provider: qlara, auth: {api_key_file: key}, thresholds: {credit: {warning: 60}}}\n"
        "- {name: five, provider: qlara, auth: {api_key: x1234, tokn: y}, http: {proxy_url: http://p, tls_config: {ca_file: ca}}}\n",
        d="accounts: [\n",
    )
    assert faults() == [
        "conf/main.yml:2: defaults.http.no_proxy: no_proxy needs proxy_url; write http.proxy_url too",
        'conf/a.yml:3: accounts[0].name: "one" names two accounts, in line 4 of conf/main.yml and in line 3 of conf/a.yml; rename one',
        'conf/a.yml:7: accounts[1].base_url: "ftp://x" is not an http or https URL; write it like https://host',
        "conf/b.yml:1: the file is a list, not a mapping; without accounts write accounts: []",
        "conf/c.yml:1: defaults: unknown key; valid are accounts",
        "conf/c.yml:4: accounts[1].thresholds.credit.warning: warning is below the critical of line 2 of conf/main.yml; a warning comes first, so it is the higher of the two",
        "conf/c.yml:4: accounts[1].auth.api_key_file: this secret can't be used: the file can't be read: No such file or directory; paths are relative to this file",
        "conf/c.yml:5: accounts[2].auth.tokn: unknown key; qlara takes api_key or basic",
        "conf/c.yml:5: accounts[2].http.tls_config.ca_file: the file can't be read: No such file or directory; paths are relative to this file",
        "conf/d.yml:2: not YAML: the indentation or a list's dash isn't right; indent the keys of one mapping alike",
    ]


def test_check_config_prints_the_lines_of_a_file_together(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = "provider: qlara, auth: {api_key: x1234}, labels: {team: x}, apis: []}"
    write(
        main=f"account_files: [a.yml]\n\n\n\naccounts:\n- {{name: one, {wrong}\n",
        a=f"accounts:\n- {{name: two, {wrong}\n",
    )
    assert main(["check-config", "conf/main.yml"]) == 1
    told = [line.split(": ")[:3] for line in capsys.readouterr().err.splitlines()]
    assert [(file, "warning" in rest) for file, *rest in told] == [
        ("conf/main.yml:6", False),
        ("conf/main.yml:6", True),
        ("conf/a.yml:2", False),
        ("conf/a.yml:2", True),
    ]


def test_check_config_takes_the_file_either_way_and_counts_all_accounts(capsys: pytest.CaptureFixture[str]) -> None:
    write(main="account_files: [a.yml]\n" + qlara("one"), a=qlara("two"))
    for arguments in (["conf/main.yml"], ["--config.file", "conf/main.yml"], ["--config.file=conf/main.yml"]):
        assert main(["check-config", *arguments]) == 0
        assert capsys.readouterr().out == "conf/main.yml: valid, 2 accounts\n"


def test_syntax_only_reads_no_secret_and_no_certificate(capsys: pytest.CaptureFixture[str]) -> None:
    http = "http: {tls_config: {ca_file: ca, cert_file: cert, key_file: key}}"
    text = f"accounts:\n- {{name: a, provider: qlara, auth: {{api_key_file: key}}, {http}}}\n"
    write(main=text + "- {name: b, provider: gatewayapi, auth: {token_env: SMS_TEST_UNSET}}\n")
    assert main(["check-config", "conf/main.yml"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 5
    assert main(["check-config", "--syntax-only", "conf/main.yml"]) == 0
    assert capsys.readouterr().out == "conf/main.yml: valid, 2 accounts\n"
    os.mkfifo("conf/key")  # whoever opens it waits
    assert main(["check-config", "--syntax-only", "conf/main.yml"]) == 0
    write(main=text + "- {name: b, provider: gatewayapi, auth: {tokn_env: SMS_TEST_UNSET, api_key: ''}}\n")
    capsys.readouterr()
    assert main(["check-config", "--syntax-only", "conf/main.yml"]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 3


OWN = ACME.replace("https://{brand}.{region}.acme.example", "https://acme.example").replace(
    "  brand: {about: the brand's part of the address}\n", ""
)
ACCOUNT = "accounts: [{name: a, provider: acme, auth: {basic: {username: u, password: pass-word}}, settings: {account_sid: AC00ff}}]\n"


def test_definitions_of_ones_own() -> None:
    write(main="provider_files: [mine/*.yml]\n" + ACCOUNT, mine__acme=OWN, mine__other=OWN.replace("acme", "other"))
    (account,) = loaded().settings.accounts
    assert account.provider.id == "acme"
    assert account.apis[0].url.startswith("https://acme.example/v1/")
    before = account.provider
    assert loaded().settings.accounts[0].provider == before
    write(mine__acme=OWN.replace("1m", "2m"))
    assert loaded().settings.accounts[0].provider != before


@pytest.mark.parametrize(
    ("named", "mine", "told"),
    [
        (
            "[mine.yml]",
            OWN.replace("id: acme", "id: qlara"),
            [
                'conf/main.yml:3: accounts[0].provider: there is no provider "acme"; '
                + nearest("acme", builtin(), "there are"),
                'conf/mine.yml:2: id: a provider "qlara" comes with the exporter; give this one another id',
            ],
        ),
        (
            "[first.yml, mine.yml]",
            OWN,
            ['conf/mine.yml:2: id: a provider "acme" is defined in conf/first.yml too; give this one another id'],
        ),
        (
            "[mine.yml]",
            OWN.replace("pattern:", "patern:"),
            ["conf/mine.yml:5: settings.account_sid.patern: unknown key; did you mean pattern?"],
        ),
        (
            "[mine.yml]",
            OWN.replace("sign_in", "sign-in"),
            [
                "conf/mine.yml:2: sign_in: this is missing",
                "conf/mine.yml:8: sign-in: unknown key; did you mean sign_in?",
            ],
        ),
        (
            "[first.yml, mine.yml]",
            "id: [",
            ["conf/mine.yml:2: not YAML: the indentation or a list's dash isn't right; indent the keys of one mapping alike"],
        ),
        ("[first.yml, none.yml]", "", ["conf/main.yml:1: provider_files[1]: the file can't be read: No such file or directory; paths are relative to this file"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_definition_stands_beside_the_configurations_faults(
    named: str, mine: str, told: list[str]
) -> None:
    write(main=f"provider_files: {named}\ndefaults: {{timeout: 5}}\n{ACCOUNT}", mine=mine, first=OWN)
    own = 'conf/main.yml:2: defaults.timeout: "5" is not a duration; write it like 30s, 1h30m or 7d'
    assert sorted(faults()) == sorted([own, *told])


def test_each_files_content_counts_and_so_does_a_file_that_a_pattern_finds_anew() -> None:
    write(main="account_files: [accounts.d/*.yml]\nprovider_files: [mine.yml]\naccounts: []\n")
    watch = Watch(Path("conf/main.yml"))
    changes: list[Callable[[], object]] = [
        lambda: Path("conf/mine.yml").write_text("x"),
        lambda: Path("conf/mine.yml").write_text("y"),
        lambda: Path("conf/accounts.d/a.yml").write_text(""),
        lambda: Path("conf/accounts.d/a.yml").rename("conf/accounts.d/b.yml"),
        lambda: Path("conf/accounts.d/b.yml").write_text("accounts: []"),
        lambda: Path("conf/accounts.d/b.yml").unlink(),
        lambda: Path("conf/main.yml").write_text("account_files: [\n"),
        lambda: Path("conf/main.yml").write_text("account_files: ['\\0', elsewhere.yml]\n"),
        lambda: Path("conf/elsewhere.yml").write_text("x"),
    ]
    for change in changes:
        watch.loading()
        assert not watch.has_changed()
        change()
        assert watch.has_changed()
    Path("conf/mine.yml").write_text("no more named")
    watch.loading()
    Path("conf/mine.yml").unlink()
    assert not watch.has_changed()


def test_a_name_that_no_file_can_have_is_told() -> None:
    write(main='account_files: ["\\0", "\\0*/x"]\naccounts: []\n')
    with pytest.raises(ConfigError) as caught:
        loaded()
    assert [*map(str, caught.value.faults)] == [
        "conf/main.yml:1: account_files[0]: the file can't be read: no file has such a name"
    ]
    assert [fault.path for fault in caught.value.warnings] == ["account_files[1]", "accounts"]
