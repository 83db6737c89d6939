"""Signatures equal what the vendors' SDKs, or the standard's own test vectors, compute with the same clock and nonce."""

import base64
import hmac
from datetime import UTC, datetime

import pytest

from exporter.client.signatures import SIGNATURES, aws4, mac, ovh, solapi
from exporter.providers.request import Prepared
from exporter.sign_in import SIGNATURES as NAMED

NOW = 1764115200.5
AWS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "the-secret-access-key"}
SPEND_LIMITS = Prepared(
    "POST",
    "https://sms-voice.eu-west-1.amazonaws.com/",
    {"X-Amz-Target": "PinpointSMSVoiceV2.DescribeSpendLimits", "Content-Type": "application/x-amz-json-1.0"},
    b'{"MaxResults": 10}',
)


def test_each_signature_that_a_definition_may_name_is_computed() -> None:
    assert SIGNATURES.keys() == NAMED.keys()


def test_ovh_is_what_its_sdk_computes() -> None:  # PyPI ovh 1.2.0, Client.raw_call
    parts = {part: f"the-{part.replace('_', '-')}" for part in NAMED["ovh"].parts}
    request = Prepared("GET", "https://eu.api.ovh.com/1.0/sms/sms-ab12345-1?x=a%20b")
    assert ovh(request, parts, {}, NOW, "") == {
        "X-Ovh-Application": "the-application-key",
        "X-Ovh-Consumer": "the-consumer-key",
        "X-Ovh-Timestamp": "1764115200",
        "X-Ovh-Signature": "$1$660478bec6226771c6499738dba8be85003fa107",
    }


def test_solapi_is_what_its_sdk_computes() -> None:  # PyPI solapi 5.0.3, Authenticator.get_signature
    made = solapi(
        Prepared("GET", "https://a.test/"),
        {"api_key": "the-key", "api_secret": "the-api-secret"},
        {},
        NOW,
        "0123456789abcdef",
    )
    assert made == {
        "Authorization": "HMAC-SHA256 apiKey=the-key, date=2025-11-26T00:00:00.500Z, salt=0123456789abcdef, "
        "signature=d5faed35dbae0d86332d7c727faa8ce8aacf23a857e17f00d4eb0ed4b72dcf03"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "target", "host", "port"),
    [
        ("http://example.com/resource/1?b=1&a=2", "/resource/1?b=1&a=2", "example.com", 80),
        ("https://api.smsglobal.com/v2/user/credit-balance", "/v2/user/credit-balance", "api.smsglobal.com", 443),
        ("http://127.0.0.1:8080", "/", "127.0.0.1", 8080),
    ],
)
def test_mac_signs_what_the_sdk_signs(  # github.com/smsglobal/smsglobal-php, Credentials::hashRequest
    url: str, target: str, host: str, port: int
) -> None:
    text = f"1336363200\ndj83hs9s\nGET\n{target}\n{host}\n{port}\n\n"
    digest = base64.b64encode(hmac.digest(b"489dks293j39", text.encode(), "sha256")).decode()
    parts = {"key": "h480djs93hd8", "secret": "489dks293j39"}
    assert mac(Prepared("GET", url), parts, {}, 1336363200.9, "dj83hs9s") == {
        "Authorization": f'MAC id="h480djs93hd8", ts="1336363200", nonce="dj83hs9s", mac="{digest}"'
    }


def test_aws4_is_the_standards_vector() -> None:  # AWS' test suite, get-vanilla
    parts = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
    at = datetime(2015, 8, 30, 12, 36, tzinfo=UTC).timestamp()
    options = {"service": "service", "region": "us-east-1"}
    made = aws4(Prepared("GET", "https://example.amazonaws.com/"), parts, options, at, "")
    assert made["Authorization"].endswith("5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")


@pytest.mark.parametrize(
    ("request_", "parts", "service", "names", "signature"),
    [
        (SPEND_LIMITS, AWS, "sms-voice", "content-type;host;x-amz-date;x-amz-target",
         "8ae20513330ae27c6d88a2f90a5e0d5453da5c4ce4d5b57b1607f1e0db3ab96e"),
        (SPEND_LIMITS, {**AWS, "session_token": "the-session-token"}, "sms-voice",
         "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
         "2d976a5ee157fcf01363117ad6d4dd4a92fd8899c9092f4d73cbe2fc56f8ab5e"),
        (Prepared("GET", "https://email.eu-west-1.amazonaws.com/v2/email/a%20b?z=1&a=b%2Fc&empty="), AWS, "ses",
         "host;x-amz-date", "df1558315785c8b0b546e400b81118c2b137dae6aabac17d82b068f91d840407"),
    ],
)  # fmt: skip
def test_aws4_is_what_the_sdk_computes(  # PyPI botocore 1.44.8, SigV4Auth.add_auth
    request_: Prepared, parts: dict[str, str], service: str, names: str, signature: str
) -> None:
    made = aws4(request_, parts, {"service": service, "region": "eu-west-1"}, NOW, "")
    assert f"SignedHeaders={names}, Signature={signature}" in made["Authorization"]
    assert made["X-Amz-Date"] == "20251126T000000Z"
    assert made.get("X-Amz-Security-Token") == parts.get("session_token")
