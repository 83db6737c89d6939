"""The web configuration's file: what it may say, and the line and the words for what it may not."""

import re
import subprocess
from pathlib import Path
from ssl import TLSVersion

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from exporter.documents.faults import ConfigError
from exporter.web import config_file
from exporter.web.config import LARGEST_BYTES, parse, read
from exporter.web.guard import Guard
from tests.test_docs import prose

HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"  # of "fakepassword"
CERT = "  cert_file: server.pem\n  key_file: server.key\n"
TLS = f"tls_server_config:\n{CERT}"
CA = "  client_ca_file: ca.pem\n"
REQUIRED = "  client_auth_type: RequireAndVerifyClientCert\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate, its key, its authority, and a key of something else."""
    folder = tmp_path_factory.mktemp("web")
    ca, other = trustme.CA(), trustme.CA()
    certificate = ca.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(folder / "server.key")
    (folder / "server.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    ca.cert_pem.write_to_path(folder / "ca.pem")
    other.issue_cert("localhost").private_key_pem.write_to_path(folder / "other.key")
    (folder / "junk.pem").write_text("-----BEGIN CERTIFICATE-----\njunk\n")
    return folder


def faults(text: str | bytes, folder: Path = Path()) -> list[str]:
    """What is wrong with a file, without its name."""
    path = folder / "web.yml"
    try:
        if folder == Path():
            parse(text.encode() if isinstance(text, str) else text, path)
        else:
            path.write_bytes(text.encode() if isinstance(text, str) else text)
            Guard(path)
    except ConfigError as error:
        return [str(fault).removeprefix(f"{path}:") for fault in error.faults]
    return []


VALID = {
    "nothing": "{}\n",
    "tls": TLS,
    "tls-required": TLS + CA + REQUIRED,
    "tls-if-given": TLS + CA + "  client_auth_type: VerifyClientCertIfGiven\n",
    "tls-no-client": TLS + "  client_auth_type: NoClientCert\n",
    "versions": TLS + "  min_version: TLS13\n  max_version: TLS13\n",
    "http2": TLS + "http_server_config: {http2: false}\n",
    "users": f"basic_auth_users:\n  alice: {HASH}\n  bob: {HASH.replace('$2y$', '$2a$')}\n",
    "headers": "http_server_config:\n  headers:\n    X-Frame-Options: deny\n    X-Content-Type-Options: nosniff\n"
    "    X-XSS-Protection: 1; mode=block\n    Content-Security-Policy: default-src 'self'\n"
    "    Strict-Transport-Security: max-age=31536000\n",
}
REFUSED_BY_BOTH = {
    "unknown-section": ("basic_auth_user:\n  a: b\n", "1: basic_auth_user: unknown key; did you mean basic_auth_users?"),
    "unknown-key": (TLS + "  keyfile: x\n", "4: tls_server_config.keyfile: unknown key; did you mean key_file?"),
    "unknown-header": (
        "http_server_config:\n  headers:\n    X-Frame-Option: deny\n",
        "3: http_server_config.headers.X-Frame-Option: this header can't be set; did you mean X-Frame-Options?",
    ),
    "frame-options": (
        "http_server_config:\n  headers: {X-Frame-Options: allow}\n",
        "2: http_server_config.headers.X-Frame-Options: the header can't have this value; write deny or sameorigin",
    ),
    "content-type-options": (
        "http_server_config:\n  headers: {X-Content-Type-Options: sniff}\n",
        "2: http_server_config.headers.X-Content-Type-Options: the header can't have this value; write nosniff",
    ),
    "no-hash": (
        "basic_auth_users:\n  alice: secret\n",
        "2: basic_auth_users.alice: this is not a bcrypt hash; htpasswd -nBC 10 NAME makes one",
    ),
    "no-key": (
        "tls_server_config:\n  cert_file: server.pem\n",
        "1: tls_server_config: there is no key; write key_file or key",
    ),
    "no-cert": (
        "tls_server_config:\n  key_file: server.key\n",
        "1: tls_server_config: there is no cert; write cert_file or cert",
    ),
    "ca-for-nobody": (
        TLS + CA,
        ("4: tls_server_config.client_ca_file: no client is asked for a certificate;"
        " write client_auth_type: RequireAndVerifyClientCert"),
    ),
    "auth-type": (
        TLS + CA + "  client_auth_type: RequireAndVerify\n",
        "5: tls_server_config.client_auth_type: there is no such type; did you mean RequireAndVerifyClientCert?",
    ),
    "version": (TLS + "  min_version: TLS14\n", "4: tls_server_config.min_version: there is no such version; write TLS12 or TLS13"),
    "wrong-key": (
        "tls_server_config:\n  cert_file: server.pem\n  key_file: other.key\n",
        ("3: tls_server_config.key_file: the key is not the certificate's;"
        " both are PEM, the server's certificate first; the key has no passphrase"),
    ),
    "no-certificate": (
        "tls_server_config:\n  cert_file: junk.pem\n  key_file: server.key\n",
        ("2: tls_server_config.cert_file: certificate and key can't be used;"
        " both are PEM, the server's certificate first; the key has no passphrase"),
    ),
    "no-such-file": (
        "tls_server_config:\n  cert_file: none.pem\n  key_file: server.key\n",
        "2: tls_server_config.cert_file: the file can't be read: No such file or directory; paths are relative to this file",
    ),
    "not-a-mapping": ("basic_auth_users: [alice]\n", "1: basic_auth_users: a mapping belongs here, not a list; write it like {key: value}"),
}  # fmt: skip
REFUSED_HERE = {
    "empty": ("", "1: the file is empty; for neither TLS nor users write {}"),
    "comments-alone": ("# soon\n", "1: the file is empty; for neither TLS nor users write {}"),
    "no-file-at-all": ("just words\n", "1: a mapping belongs here, not a single value; write it like {key: value}"),
    "rate-limit": ("rate_limit: {interval: 1s, burst: 20}\n", "1: rate_limit: not supported; limit requests in a proxy"),
    "ciphers": (TLS + "  cipher_suites: [x]\n", "4: tls_server_config.cipher_suites: not supported; OpenSSL's own choice"),
    "curves": (TLS + "  curve_preferences: [X25519]\n", "4: tls_server_config.curve_preferences: not supported; "),
    "order": (TLS + "  prefer_server_cipher_suites: true\n", "4: tls_server_config.prefer_server_cipher_suites: not supported; "),
    "unverified": (
        TLS + "  client_auth_type: RequireAnyClientCert\n",
        "4: tls_server_config.client_auth_type: RequireAnyClientCert is not supported: it trusts any certificate;",
    ),
    "no-ca": (TLS + REQUIRED, "4: tls_server_config.client_auth_type: RequireAndVerifyClientCert needs a client CA;"),
    "old-tls": (TLS + "  min_version: TLS10\n", "4: tls_server_config.min_version: TLS10 is not supported: "),
    "backwards": (TLS + "  min_version: TLS13\n  max_version: TLS12\n", "5: tls_server_config.max_version: max_version is below"),
    "cert-twice": (TLS + "  cert: x\n", "4: tls_server_config.cert: cert and cert_file exclude one another; remove one"),
    "ca-twice": (TLS + CA + REQUIRED + "  client_ca: x\n", "6: tls_server_config.client_ca: client_ca and client_ca_file exclude"),
    "empty-cert": (TLS.replace("server.pem", '""'), "2: tls_server_config.cert_file: this is empty; remove the key"),
    "list-as-cert": (TLS.replace("server.pem", "[a]"), "2: tls_server_config.cert_file: a text belongs here, not a list"),
    "sans-for-nobody": (
        TLS + "  client_allowed_sans: [a]\n",
        "4: tls_server_config.client_allowed_sans: no client is asked for a certificate;",
    ),
    "sans-text": (TLS + CA + REQUIRED + "  client_allowed_sans: a\n", "6: tls_server_config.client_allowed_sans: a list belongs"),
    "sans-empty": (TLS + CA + REQUIRED + "  client_allowed_sans: []\n", "6: tls_server_config.client_allowed_sans: the list is empty"),
    "sans-item": (TLS + CA + REQUIRED + "  client_allowed_sans: [{}]\n", "6: tls_server_config.client_allowed_sans[0]: a text belongs"),
    "http2": ("http_server_config: {http2: maybe}\n", "1: http_server_config.http2: this is neither true nor false; it has no effect"),
    "header-break": (
        'http_server_config: {headers: {X-XSS-Protection: "0\\r\\nSet-Cookie: a"}}\n',
        "1: http_server_config.headers.X-XSS-Protection: a character that no header may carry;",
    ),
    "header-null": ("http_server_config: {headers: {X-XSS-Protection: }}\n", "1: http_server_config.headers.X-XSS-Protection: the header can't have this value; write a text"),
    "colon": (f"basic_auth_users: {{'a:b': {HASH}}}\n", '1: basic_auth_users["a:b"]: a user\'s name is not empty and has no colon'),
    "not-yaml": ("basic_auth_users: {alice: [\n", "2: not YAML"),
    "user-twice": ("basic_auth_users:\n  pass-word-1: x\n  pass-word-1: y\n", "3: basic_auth_users.…: given twice, in line 2 and in line 3;"),
    "junk-ca": (TLS + REQUIRED + "  client_ca_file: junk.pem\n", "5: tls_server_config.client_ca_file: there is no certificate in it; it is PEM"),
    "nul": (TLS.replace("server.pem", '"a\\0b"'), "2: tls_server_config.cert_file: the file can't be read: no file has such a name;"),
}  # fmt: skip


@pytest.mark.parametrize("name", VALID)
def test_what_the_toolkit_takes_is_taken(folder: Path, promtool: str, name: str) -> None:
    assert faults(VALID[name], folder) == []
    assert promtool_refuses(promtool, folder / "web.yml") is False


@pytest.mark.parametrize("name", REFUSED_BY_BOTH)
def test_what_the_toolkit_refuses_is_refused_with_line_and_hint(folder: Path, promtool: str, name: str) -> None:
    text, said = REFUSED_BY_BOTH[name]
    assert faults(text, folder) == [said]
    assert promtool_refuses(promtool, folder / "web.yml") is True


@pytest.mark.parametrize("name", REFUSED_HERE)
def test_what_is_not_supported_or_not_safe_is_refused_by_name(folder: Path, name: str) -> None:
    text, said = REFUSED_HERE[name]
    (fault,) = faults(text, folder)
    assert fault.startswith(said)


def promtool_refuses(promtool: str, file: Path) -> bool:
    checked = subprocess.run([promtool, "check", "web-config", file], capture_output=True, text=True, check=False)
    return checked.returncode != 0


def test_every_fault_is_told_in_the_order_of_lines() -> None:
    text = "basic_auth_users:\n  a: b\nrate_limit: {}\ntls_server_config:\n  min_version: TLS1\n"
    assert [fault.partition(":")[0] for fault in faults(text)] == ["2", "3", "4", "4", "5"]


def test_a_hash_in_the_place_of_a_name_is_not_shown() -> None:
    (fault,) = faults(f"basic_auth_users: {{{HASH}: alice}}\n")
    assert fault == "1: basic_auth_users.…: this is not a bcrypt hash; htpasswd -nBC 10 NAME makes one"


@given(st.text(alphabet=st.characters(min_codepoint=97, max_codepoint=122), min_size=12, max_size=40))
def test_no_fault_quotes_a_value(value: str) -> None:
    text = (
        f"tls_server_config: {{cert: {value}, key: [{value}], client_auth_type: {value}, min_version: {value}}}\n"
        f"basic_auth_users: {{alice: {value}}}\nhttp_server_config: {{http2: {value}, headers: {{X-Frame-Options: {value}}}}}\n"
    )
    found = faults(text)
    assert len(found) > 5
    assert value not in "".join(found)


@pytest.mark.parametrize(
    ("hashed", "is_one"),
    [
        (HASH, True),
        (HASH.replace("2y", "2b").replace("$10$", "$31$"), True),
        (HASH.replace("2y", "2z"), False),
        (HASH.replace("$10$", "$03$"), False),
        (HASH.replace("$10$", "$32$"), False),
        (HASH[:-1], False),
        (HASH + "x", False),
    ],
)
def test_what_a_hash_is(hashed: str, is_one: bool) -> None:
    assert (faults(f"basic_auth_users: {{a: {hashed}}}\n") == []) is is_one


def test_inline_certificates_are_as_good_as_files(folder: Path) -> None:
    def block(key: str, file: str) -> str:
        return f"  {key}: |\n" + re.sub("^", "    ", (folder / file).read_text().strip(), flags=re.MULTILINE) + "\n"

    text = (
        "tls_server_config:\n"
        + block("cert", "server.pem")
        + block("key", "server.key")
        + block("client_ca", "ca.pem")
        + REQUIRED
    )
    assert faults(text, folder) == []
    config = parse(text.encode(), folder / "web.yml")
    assert config.tls is not None
    assert (config.tls.min_version, config.tls.max_version) == (TLSVersion.TLSv1_2, TLSVersion.TLSv1_3)


def test_a_key_with_a_passphrase_is_refused_without_asking_for_it(folder: Path) -> None:
    from cryptography.hazmat.primitives import serialization as s

    key = s.load_pem_private_key((folder / "server.key").read_bytes(), None)
    encrypted = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.BestAvailableEncryption(b"phrase"))
    (folder / "locked.key").write_bytes(encrypted)
    (fault,) = faults("tls_server_config: {cert_file: server.pem, key_file: locked.key}\n", folder)
    assert fault.startswith("1: tls_server_config.key_file: certificate and key can't be used;")


@pytest.mark.parametrize(
    ("name", "said"),
    [("none.yml", "the file can't be read: No such file or directory"), ("\0", "the file can't be read: no file has such a name"), ("large.yml", "the file is larger than")],
)  # fmt: skip
def test_a_file_that_cant_be_had(folder: Path, name: str, said: str) -> None:
    (folder / "large.yml").write_bytes(b"#" * (LARGEST_BYTES + 1))
    with pytest.raises(ConfigError, match=said):
        read(folder / name)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_stands_in_it_is_valid_or_a_fault(content: bytes) -> None:
    assert all(re.match("[0-9]+: ", fault) for fault in faults(content))


PAGE = Path(__file__).parents[2] / "docs" / "web-config.md"


def test_the_page_shows_a_file_that_is_valid_and_a_scrape_that_promtool_takes(promtool: str, tmp_path: Path) -> None:
    file, scrape = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert faults(file) == []
    for name in ("ca.pem", "sms-exporter.password"):
        (tmp_path / name).write_text("x")
    certificate = trustme.CA().issue_cert("prometheus.example.org")
    (tmp_path / "prometheus.pem").write_bytes(certificate.cert_chain_pems[0].bytes())
    certificate.private_key_pem.write_to_path(tmp_path / "prometheus.key")
    (tmp_path / "prometheus.yml").write_text(scrape)
    checked = subprocess.run(
        [promtool, "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_the_page_names_every_key_and_header() -> None:
    named = set(re.findall(r"[A-Za-z0-9_-]+", " ".join(re.findall(r"`[^`]+`", prose("docs/web-config.md")))))
    assert config_file.KEYS - named == set()
