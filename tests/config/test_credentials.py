"""The sign-in forms whose parts a provider's definition names, and secrets that look pasted wrongly."""

from pathlib import Path

import pytest

from exporter.providers.catalogue import read
from exporter.providers.forms import form_of
from tests.config.providers import account, lines

START = "accounts:\n- name: a\n  provider: acme\n  auth: "
HEAD = "id: acme\nname: Acme\nbase_url: https://acme.example\n"
CREDIT = "credit: {balance: /balance, currency: {constant: EUR}}"
TWO_KEYS = HEAD + (
    "sign_in: {keys: {parts: [api_login, pass_phrase]}}\n"
    f'apis: {{credit: {{path: "/{{pass_phrase}}", headers: {{X-Login: "{{api_login}}"}}, cache_ttl: 1m, {CREDIT}}}}}\n'
)
SIGNED = HEAD + (
    "sign_in: {keys: {parts: [access_key_id, secret_access_key], signature: aws4, options: {service: sms, region: eu}}}\n"
    f"apis: {{credit: {{path: /x, cache_ttl: 1m, {CREDIT}}}}}\n"
)
EXCHANGED = HEAD + (
    "sign_in: {oauth2: {token_url: /token}, token: {header: Authorization, prefix: 'App '}}\n"
    f"apis: {{credit: {{path: /x, cache_ttl: 1m, {CREDIT}}}}}\n"
)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SMS_TEST_KEY", raising=False)


@pytest.mark.parametrize(
    ("auth", "definition", "form", "values"),
    [
        (
            "{keys: {api_login: login-1, pass_phrase_file: key}}",
            TWO_KEYS,
            "keys",
            {"api_login": "login-1", "pass_phrase": "file-këy"},
        ),
        (
            "{keys: {api_login_env: SMS_TEST_KEY, pass_phrase: phrase, pass_phrase_file: null}}",
            TWO_KEYS,
            "keys",
            {"api_login": "env-key", "pass_phrase": "phrase"},
        ),
        (
            "{keys: {access_key_id: AKID, secret_access_key: secret}}",
            SIGNED,
            "keys",
            {"access_key_id": "AKID", "secret_access_key": "secret"},
        ),
        (
            "{keys: {access_key_id: AKID, secret_access_key: secret, session_token: session}}",
            SIGNED,
            "keys",
            {"access_key_id": "AKID", "secret_access_key": "secret", "session_token": "session"},
        ),
        (
            "{oauth2: {client_id: client-1, client_secret_env: SMS_TEST_KEY}}",
            EXCHANGED,
            "oauth2",
            {"client_id": "client-1", "client_secret": "env-key"},
        ),
    ],
)  # fmt: skip
def test_forms_with_parts_of_their_own(
    auth: str, definition: str, form: str, values: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMS_TEST_KEY", "env-key")
    Path("key").write_text("file-këy\n")
    credential = account(START + auth, definition).credential
    assert (credential.form, credential.values()) == (form, values)
    hidden = credential.confidential()
    assert [hidden.is_in(f"<{value}>") for name, value in values.items() if len(value) > 7] == [
        name != "client_id" for name, value in values.items() if len(value) > 7
    ]


KEYS = ", ".join(f"{part}{variant}" for part in ("api_login", "pass_phrase") for variant in ("", "_file", "_env"))


@pytest.mark.parametrize(
    ("auth", "definition", "told"),
    [
        (
            "{keys: {api_login: login-1}}",
            TWO_KEYS,
            ["2: accounts[0].auth.keys.pass_phrase: this is missing; write pass_phrase, pass_phrase_file or pass_phrase_env"],
        ),
        (
            "{keys: {}}",
            TWO_KEYS,
            [
                "2: accounts[0].auth.keys.api_login: this is missing; write api_login, api_login_file or api_login_env",
                "2: accounts[0].auth.keys.pass_phrase: this is missing; write pass_phrase, pass_phrase_file or pass_phrase_env",
            ],
        ),
        (
            "{keys: {api_login: login-1, pass_frase: planted-1}}",
            TWO_KEYS,
            ["4: accounts[0].auth.keys.pass_frase: unknown key; did you mean pass_phrase?"],
        ),
        (
            "{keys: {api_login: login-1, planted-1: x}}",
            TWO_KEYS,
            [f"4: accounts[0].auth.keys: unknown key; valid are {KEYS}"],
        ),
        (
            "{keys: {api_login: lögin, pass_phrase: phrase}}",
            TWO_KEYS,
            [
                "4: accounts[0].auth.keys.api_login: this secret can't be used: it has a character outside of ASCII, which no header may carry"
            ],
        ),
        (
            "{keys: {api_login: login-1, api_login_file: x, pass_phrase: phrase}}",
            TWO_KEYS,
            ["4: accounts[0].auth.keys.api_login_file: one secret given as api_login and api_login_file; keep one of them"],
        ),
        (
            "{keys: {api_login: [planted-1], pass_phrase: phrase}}",
            TWO_KEYS,
            ["4: accounts[0].auth.keys.api_login: a text belongs here, not a list"],
        ),
        (
            "{keys: planted-1}",
            TWO_KEYS,
            [
                "4: accounts[0].auth.keys: a mapping belongs here, not a single value; write it like {api_login_file: path, pass_phrase_file: path}"
            ],
        ),
        (
            "planted-1",
            TWO_KEYS,
            [
                "4: accounts[0].auth: a mapping belongs here, not a single value; write it like {keys: {api_login_file: path, pass_phrase_file: path}}"
            ],
        ),
        (
            "{api_key: planted-1}",
            TWO_KEYS,
            ["4: accounts[0].auth.api_key: acme has no sign-in form api_key; acme takes keys"],
        ),
        (
            "{keys: {api_login: planted-1}}",
            EXCHANGED,
            ["4: accounts[0].auth.keys: acme has no sign-in form keys; acme takes oauth2 or token"],
        ),
        (
            "{oauth2: {client: planted-1, client_secret: planted-2}}",
            EXCHANGED,
            ["4: accounts[0].auth.oauth2.client: unknown key; did you mean client_id?"],
        ),
        (
            "{keys: {access_key_id: AKID, session_token: planted-1}}",
            SIGNED,
            [
                "2: accounts[0].auth.keys.secret_access_key: this is missing; write secret_access_key, secret_access_key_file or secret_access_key_env"
            ],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_with_them_names_the_providers_parts_and_no_value(
    auth: str, definition: str, told: list[str]
) -> None:
    found = lines(START + auth, definition)
    assert found == [f"f.yml:{line}" for line in told]
    assert "planted" not in "\n".join(found)


def test_a_form_is_written_with_the_providers_parts() -> None:
    definition = read("mine.yml", SIGNED.encode())
    assert form_of(definition, "keys").written == (
        "keys: {access_key_id, secret_access_key}, with {session_token} where the provider gave you these"
    )


QUOTES = "this secret has quotes around it, which are sent too; remove them"
WORD = "this secret begins with a word such as Bearer, which is added to it; write what follows that word"
HEADER = "this secret begins with a header's name; write what follows the colon"
NAME = "this secret begins with a name and an equals sign; write what follows them"
VARIABLE = "this looks like a variable, which nothing expands; write its name under token_env"
PLACEHOLDER = "this looks like a placeholder, which nothing fills in; write the secret itself"
JSON = "this looks like JSON, in which the secret is one value; write that value alone"
FILE = "this looks like a file's name; write it under token_file"


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ('"planted-1"', QUOTES),
        ("'planted-1'", QUOTES),
        ("Bearer planted-1", WORD),
        ("token planted-1", WORD),
        ("App planted-1", WORD),
        ("X-Api-Key: planted-1", HEADER),
        ("Authorization: Bearer planted-1", HEADER),
        ("api_key: planted-1", HEADER),
        ("GATEWAYAPI_TOKEN=planted-1", NAME),
        ("export SMS_KEY=planted-1", NAME),
        ("api_key=planted-1", NAME),
        ("-H 'X-Api-Key: planted-1'", HEADER),
        ("--header=Authorization: Token planted-1", HEADER),
        ("$PLANTED", VARIABLE),
        ("${PLANTED}", VARIABLE),
        ("${PLANTED:-planted}", VARIABLE),
        ("$(cat planted)", VARIABLE),
        ("{{ planted_key }}", PLACEHOLDER),
        ("{{planted}}", PLACEHOLDER),
        ("<planted-key>", PLACEHOLDER),
        ("%PLANTED%", PLACEHOLDER),
        ('{"api_key": "planted-1"}', JSON),
        ('["planted-1"]', JSON),
        ("/run/secrets/planted-1", FILE),
        ("file:///run/secrets/planted-1", FILE),
        ("C:\\keys\\planted-1", FILE),
        ("./planted-1", FILE),
        ("secrets/planted-1", FILE),
        ("c2VjcmV0LWtleQ==", None),
        ("/9j/4AAQSkZJRgABAQ", None),
        ("sk_live=", None),
        ("a'b'c", None),
        ("pa$$word", None),
        ("100%planted%", None),
        ("{{planted}}x", None),
        ("Tokenplanted-1", None),
        ("planted/planted-1", None),
    ],
)
def test_a_secret_that_looks_pasted_wrongly_is_warned_of_without_a_word_of_it(secret: str, told: str | None) -> None:
    Path("secrets").mkdir()
    Path("secrets/planted-1").write_text("x")
    written = secret.replace("'", "''")
    expected = [] if told is None else [f"f.yml:4: accounts[0].auth.token: warning: {told}"]
    assert lines(START + f"{{token: '{written}'}}", EXCHANGED) == expected
    Path("pasted").write_text(secret)
    in_file = [line.replace("auth.token:", "auth.token_file:") for line in expected if told != FILE]
    assert lines(START + "{token_file: pasted}", EXCHANGED) == in_file


def test_a_variable_is_named_without_its_dollar() -> None:
    assert lines(START + "{token_env: $PLANTED}", EXCHANGED) == [
        "f.yml:4: accounts[0].auth.token_env: this secret can't be used: the environment variable isn't set; write the variable's name without $"
    ]
