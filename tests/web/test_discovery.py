"""`/sd`: one target an account, at an address that nobody else chose."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.documents.faults import ConfigError, Fault
from exporter.settings import AccountSettings
from exporter.web.discovery import Origin, is_host, parse_external_url, target_groups
from exporter.web.routes import WebOptions
from tests.virtual import account, settings
from tests.web.test_routes import App


async def targets(app: App, headers: dict[str, str] | None = None, path: str = "/sd") -> list[dict[str, Any]]:
    answer = await app.client.get(path, headers=headers or {})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    groups: list[dict[str, Any]] = json.loads(await answer.read())
    return groups


def two() -> tuple[AccountSettings, AccountSettings]:
    return account("one", labels={"cost_center": 'a "b"', "tier": "gold"}), account("two", "qlara")


async def test_every_account_is_one_target_at_the_address_that_was_asked() -> None:
    async with App(*two()) as app:
        address = f"{app.client.host}:{app.client.port}"
        assert await targets(app) == [
            {
                "targets": [address],
                "labels": {
                    "__param_target": "one",
                    "__metrics_path__": "/probe",
                    "__scheme__": "http",
                    "__meta_sms_provider": "agiletelecom",
                    "__meta_sms_account": "one",
                    "__meta_sms_label_cost_center": 'a "b"',
                    "__meta_sms_label_tier": "gold",
                },
            },
            {
                "targets": [address],
                "labels": {
                    "__param_target": "two",
                    "__metrics_path__": "/probe",
                    "__scheme__": "http",
                    "__meta_sms_provider": "qlara",
                    "__meta_sms_account": "two",
                },
            },
        ]
        assert app.provider.count() == 0


async def test_no_account_is_an_empty_list_and_a_bad_reload_changes_nothing() -> None:
    async with App() as app:
        assert await targets(app) == []
        app.settings = settings(*two())
        await app.service.reload()
        assert len(await targets(app)) == 2
        app.settings = ConfigError([Fault("f", 1, "", "bad")])
        await app.service.reload()
        assert len(await targets(app)) == 2


async def test_it_is_for_get_and_head() -> None:
    async with App(*two()) as app:
        assert (await app.client.head("/sd")).status == 200
        assert (await app.client.post("/sd")).status == 405


@pytest.mark.parametrize("host", ["sms.example.com", "sms_exporter:10077", "[2001:db8::1]:10077", "10.0.0.7:1"])
async def test_the_host_that_the_client_used_is_the_address(host: str) -> None:
    async with App(*two()) as app:
        assert {group["targets"][0] for group in await targets(app, {"Host": host})} == {host}


HOSTILE = [
    "", "evil.test/path", "a b", 'x"}', "user@evil.test", "x:99999", "x:", "x:1:2", "[::1", "-x", "http://x", "x\\y",
    "é.test", "a" * 300, "{{x}}", "x,y", "x;y",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTILE)
async def test_a_host_that_is_none_is_answered_with_the_sockets_own_address(host: str) -> None:
    assert not is_host(host)
    async with App(*two()) as app:
        found = {group["targets"][0] for group in await targets(app, {"Host": host})}
        assert found == {f"127.0.0.1:{app.client.port}"}


@given(st.text(max_size=40))
def test_what_passes_for_a_host_has_nothing_else_in_it(text: str) -> None:
    if is_host(text):
        assert re.fullmatch(r"[A-Za-z0-9._:\[\]-]+", text)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://sms.example.com", Origin("https", "sms.example.com")),
        ("http://sms:8080/", Origin("http", "sms:8080")),
        ("https://[::1]:1/a/b/", Origin("https", "[::1]:1", "/a/b")),
    ],
)
def test_an_external_url_is_scheme_address_and_prefix(url: str, origin: Origin) -> None:
    assert parse_external_url(url) == origin


@pytest.mark.parametrize(
    "url",
    ["", "sms.example.com", "ftp://x", "http://", "http://u:p@x", "http://x/?q", "http://x/#f", "http://x?", "http://x/#",
     "http://x/{a}", "http://x//a", 'http://x/"', "http://x:99999", "http://x y"],
)  # fmt: skip
def test_anything_else_is_no_external_url(url: str) -> None:
    with pytest.raises(ValueError, match=r"https://example\.com/sms"):
        parse_external_url(url)


async def test_an_external_url_stands_for_what_the_client_used() -> None:
    options = WebOptions(external_url="https://ops.example.com/sms/")
    async with App(*two(), options=options) as app:
        for path in ("/sd", "/sms/sd"):
            for group in await targets(app, {"Host": "elsewhere.test"}, path):
                assert group["targets"] == ["ops.example.com"]
                assert group["labels"]["__scheme__"] == "https"
                assert group["labels"]["__metrics_path__"] == "/sms/probe"


async def test_everything_is_served_below_the_external_urls_path_too() -> None:
    async with App(*two(), options=WebOptions(external_url="https://ops.example.com/a/sms")) as app:
        for path in ("/", "/metrics", "/probe?target=one", "/-/healthy", "/-/ready"):
            await app.text(path)
            await app.text(f"/a/sms{path}")
        await app.text("/a/sms/-/reload", 405)
        answer = await app.client.get("/a/sms", allow_redirects=False)
        assert (answer.status, answer.headers["Location"]) == (308, "sms/")
        assert (await app.client.get("/a/sms")).status == 200
        await app.text("/a/", 404)


names = st.from_regex(r"[A-Za-z0-9._-]{1,64}", fullmatch=True)


@given(st.lists(names, unique=True), st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]*", fullmatch=True), st.text()))
def test_every_target_is_an_account_and_every_account_a_target(accounts: list[str], labels: dict[str, str]) -> None:
    groups = json.loads(
        json.dumps(target_groups([account(name, labels=labels) for name in accounts], Origin("http", "x:1")))
    )
    assert [group["labels"]["__param_target"] for group in groups] == accounts
    for group in groups:
        assert group["targets"] == ["x:1"]
        assert all(isinstance(value, str) for value in group["labels"].values())
        assert {f"__meta_sms_label_{name}" for name in labels} <= set(group["labels"])
