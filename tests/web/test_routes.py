"""The routes: what each path answers, in which form, and how long it waits."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.accounts.service import Service
from exporter.documents.faults import ConfigError, Fault
from exporter.providers.catalogue import read
from exporter.settings import AccountSettings, Settings
from exporter.web.negotiation import OPENMETRICS, TEXT
from exporter.web.routes import WebOptions, create_app
from tests.virtual import Reply, ScriptedClient, account, agile, rng, settings


class App:
    """A served app whose providers answer by script."""

    def __init__(self, *accounts: AccountSettings, options: WebOptions | None = None) -> None:
        self.settings: Settings | ConfigError = settings(*accounts)
        self.provider = ScriptedClient(lambda _: agile(seconds=0.0))
        self._options = options

    def load(self) -> Settings:
        if isinstance(self.settings, ConfigError):
            raise self.settings
        return self.settings

    async def __aenter__(self) -> Self:
        self.service = Service(self.load, self.provider, rng=rng())
        self.client = TestClient(TestServer(create_app(self.service, self._options)))
        await self.client.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self.service.aclose()

    async def text(self, path: str, status: int = 200, headers: dict[str, str] | None = None) -> str:
        answer = await self.client.get(path, headers=headers or {})
        assert answer.status == status
        return await answer.text()


@pytest.fixture
async def app() -> AsyncIterator[App]:
    async with App(account("one"), account("two")) as app:
        yield app


async def test_metrics_is_every_account_and_the_exporter_itself(app: App) -> None:
    text = await app.text("/metrics")
    assert 'sms_credit_balance{provider="agiletelecom",account="one",currency="EUR"} 10.324\n' in text
    assert 'account="two"' in text
    assert "sms_exporter_accounts 2\n" in text
    assert "process_cpu_seconds_total" in text
    assert "python_info{" in text


@pytest.mark.parametrize(
    ("query", "accounts", "exporter"),
    [
        ("collect[]=accounts", True, False),
        ("collect[]=exporter", False, True),
        ("collect%5B%5D=exporter", False, True),
        ("collect[]=exporter&collect[]=accounts", True, True),
    ],
)
async def test_collect_takes_one_of_the_two_parts(app: App, query: str, accounts: bool, exporter: bool) -> None:
    text = await app.text(f"/metrics?{query}")
    assert ("sms_account_up" in text, "sms_exporter_accounts" in text) == (accounts, exporter)
    assert (app.provider.count() > 0) is accounts


async def test_an_unknown_collect_is_refused(app: App) -> None:
    for path in ("/metrics?", "/probe?target=one&"):
        assert "accounts or exporter" in await app.text(f"{path}collect[]=everything", 400)
    assert app.provider.count() == 0


async def test_a_probe_is_one_account_alone(app: App) -> None:
    text = await app.text("/probe?target=two")
    assert 'account="two"' in text
    assert 'account="one"' not in text
    assert "sms_exporter_" not in text
    assert "process_" not in text
    assert app.provider.count() == 1


@pytest.mark.parametrize("query", ["", "?target=", "?target=three", "?target=one&target=two", "?target=http://x/"])
async def test_a_target_is_the_name_of_an_account_given_once(app: App, query: str) -> None:
    await app.text(f"/probe{query}", 400)
    assert app.provider.count() == 0


async def test_debug_tells_a_person_what_the_newest_calls_gave(app: App) -> None:
    text = await app.text("/probe?target=one&debug=true")
    for line in (
        "account one at Agile Telecom",
        "api credit: up",
        "  url: https://provider.test/services/sms/credit",
        "  headers: content-type",
        "    balance: 10.324",
        "    currency: EUR",
        "sms_account_up{",
    ):
        assert line in text
    assert "key-of-one" not in text
    await app.text("/probe?target=one&debug=true")
    assert app.provider.count() == 1  # never past the cache


async def test_debug_is_a_page_for_a_browser_alone(app: App) -> None:
    path = "/probe?target=one&debug=true"
    browsers = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    html = await app.text(path, headers={"Accept": browsers})
    assert html.startswith("<!DOCTYPE html>")
    assert '<a href="./">All accounts</a>' in html
    assert "sms_account_up{provider=&#34;agiletelecom&#34;" in html
    assert "<script" not in html
    assert "key-of-one" not in html
    for accept in ("*/*", "text/plain", "text/html;q=0, */*"):
        assert (await app.text(path, headers={"Accept": accept})).startswith("account one at Agile Telecom\n")


async def test_debug_tells_that_an_account_is_postpaid(app: App) -> None:
    api = b"{path: /x, cache_ttl: 1m, postpaid: [{has: [/invoice]}], credit: {balance: /b, currency: {constant: EUR}}}"
    head = b"id: x\nname: X\nbase_url: https://provider.test\nsign_in: {api_key: {header: key}}\n"
    definition = read("provider.yml", head + b"apis:\n  credit: " + api)
    app.provider.script = lambda _: Reply(b'{"invoice": 1}', seconds=0.0)
    app.settings = settings(replace(account("one"), provider=definition))
    await app.service.reload()
    assert "  values served:\n    postpaid: yes\n" in await app.text("/probe?target=one&debug=true")
    assert "postpaid" in await app.text("/")


async def test_debug_asks_once_even_where_nothing_is_cached(app: App) -> None:
    app.settings = settings(account("one", cache_ttl=0.0))
    await app.service.reload()
    await app.text("/probe?target=one&debug=true")
    assert app.provider.count() == 1


async def test_debug_tells_of_failures_and_of_values_that_are_kept(app: App) -> None:
    app.settings = settings(account("one", cache_ttl=0.0))
    await app.service.reload()
    await app.text("/probe?target=one")
    app.provider.script = lambda _: Reply(b'{"status": "error", "code": 8}', 500, 0.0)
    text = await app.text("/probe?target=one&debug=true")
    assert "api credit: failing, server_error: HTTP 500, code 8\n" in text
    assert "  values served, kept from an earlier call:\n" in text


async def test_the_page_on_troubleshooting_shows_what_debug_tells(app: App) -> None:
    page = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text("utf-8")
    (shown,) = re.findall(r"```text\n(account old-intranet.*?)```", page, re.DOTALL)
    app.settings = settings(account("old-intranet", "gatewayapi"))
    await app.service.reload()
    app.provider.script = lambda _: Reply(b'{"code": "0x0229"}', 401, 0.0)
    text = await app.text("/probe?target=old-intranet&debug=true")

    def plain(lines: str) -> str:
        """Without what is another each time: the address, how long it took and has to wait; the script has no headers."""
        lines = re.sub(r"^  headers: .*\n", "", lines.strip(), flags=re.MULTILINE)
        return re.sub(r"https?://\S+?(?=/rest/me)|[0-9]+s$|[0-9.]+(?= s,)", "…", lines, flags=re.MULTILINE)

    assert plain(text.partition("\nmetrics\n")[0]) == plain(shown)


async def test_debug_cuts_a_long_price_list_and_names_remarks(app: App) -> None:
    rows = ",".join(f'{{"country": "DK", "prefix": {n}, "eur": 0.1}}' for n in range(30))
    app.provider.script = lambda _: Reply(b'{"standard": [%s, {"eur": 1}]}' % rows.encode(), seconds=0.0)
    app.settings = settings(account("list", "gatewayapi", apis=["prices"]))
    await app.service.reload()
    text = await app.text("/probe?target=list&debug=true")
    assert "    price: DK +0 standard: 0.1 EUR\n" in text
    assert "    and 10 prices more\n" in text
    assert "    remark: a price without country, prefix or tier is left out\n" in text


async def test_debug_of_an_account_that_has_never_answered(app: App) -> None:
    app.provider.script = lambda _: agile(seconds=1.0)
    text = await app.text("/probe?target=one&debug=true", headers={"X-Prometheus-Scrape-Timeout-Seconds": "0.6"})
    assert "api credit: failing, timeout" in text
    assert "  no call has ended yet\n" in text
    assert "  no values are served\n" in text


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready"])
async def test_health_answers_get_and_head_and_nothing_else(app: App, path: str) -> None:
    await app.text(path)
    assert (await app.client.head(path)).status == 200
    assert (await app.client.post(path)).status == 405


async def test_metrics_answers_get_and_head_and_nothing_else(app: App) -> None:
    head = await app.client.head("/metrics")
    assert (head.status, await head.read()) == (200, b"")
    for method in ("POST", "PUT", "DELETE"):
        refused = await app.client.request(method, "/metrics")
        assert (refused.status, "GET" in refused.headers["Allow"]) == (405, True)


async def test_any_other_path_is_not_found(app: App) -> None:
    assert await app.text("/nothing", 404) == (
        "There is nothing here; metrics are at /metrics, a page for people at /\n"
    )
    for path, meant in {
        "/metrics/": "/metrics",
        "/metric": "/metrics",
        "/prob": "/probe",
        "/-/health": "/-/healthy",
    }.items():
        assert await app.text(path, 404) == f"There is nothing here; did you mean {meant}?\n"


async def test_a_path_that_is_not_there_is_told_the_one_that_was_chosen() -> None:
    async with App(account("one"), options=WebOptions(telemetry_path="/sms/metrics")) as app:
        await app.text("/sms/metrics")
        for path in ("/sms/metrics/", "/metrics"):
            assert "/sms/metrics" in await app.text(path, 404)


async def test_the_form_is_what_the_client_takes(app: App) -> None:
    plain = await app.client.get("/metrics", headers={"Accept": "application/json"})
    assert plain.headers["Content-Type"] == TEXT
    assert plain.headers["Vary"] == "Accept, Accept-Encoding"
    assert list(parse_text(await plain.text()))
    for path in ("/metrics", "/probe?target=one"):
        answer = await app.client.get(path, headers={"Accept": "application/openmetrics-text;version=1.0.0"})
        assert answer.headers["Content-Type"] == OPENMETRICS
        text = await answer.text()
        assert text.endswith("# EOF\n")
        assert list(parse_openmetrics(text))


async def test_a_header_in_several_lines_is_one_list(app: App) -> None:
    lines = [("Accept", "text/plain;q=0.1"), ("Accept", "application/openmetrics-text;version=1.0.0")]
    lines += [("Accept-Encoding", "br"), ("Accept-Encoding", "gzip")]
    answer = await app.client.get("/metrics", headers=CIMultiDict(lines))
    assert answer.headers["Content-Type"] == OPENMETRICS
    assert answer.headers["Content-Encoding"] == "gzip"


async def test_gzip_is_sent_to_those_who_take_it() -> None:
    async with App(*(account(f"account-{n}") for n in range(400))) as app:
        for path in ("/metrics", "/metrics?collect[]=exporter"):
            answer = await app.client.get(path, headers={"Accept-Encoding": "gzip"}, auto_decompress=False)
            assert answer.headers["Content-Encoding"] == "gzip"
            assert gzip.decompress(await answer.read()).startswith(b"# HELP")
            plain = await app.client.get(path, headers={"Accept-Encoding": "identity"})
            assert "Content-Encoding" not in plain.headers


async def test_a_large_answer_has_its_length_and_to_head_no_body() -> None:
    async with App(*(account(f"a-{n}", labels={"shop": "caffè"}) for n in range(400))) as app:
        plain = await app.client.get("/metrics?collect[]=accounts", headers={"Accept-Encoding": "identity"})
        body = await plain.read()
        assert len(body) == int(plain.headers["Content-Length"]) > 300_000
        head = await app.client.head("/metrics?collect[]=accounts", headers={"Accept-Encoding": "identity"})
        assert await head.read() == b""
        assert int(head.headers["Content-Length"]) > 300_000
        assert (await app.client.get("/-/healthy")).status == 200


@pytest.mark.end_to_end  # measures time
async def test_a_scrape_ends_before_the_scrapers_timeout_less_the_offset(app: App) -> None:
    app.provider.script = lambda call: agile(seconds=30.0 if call.url.startswith("https://slow") else 0.0)
    app.settings = settings(account("slow", base_url="https://slow.test"), account("one"))
    await app.service.reload()
    loop = asyncio.get_running_loop()
    began = loop.time()
    text = await app.text("/metrics", headers={"X-Prometheus-Scrape-Timeout-Seconds": "1.5"})
    assert loop.time() - began < 1.0
    assert 'sms_api_failure{provider="agiletelecom",account="slow",api="credit",reason="timeout"} 1\n' in text
    assert 'sms_account_up{provider="agiletelecom",account="one"} 1\n' in text


@pytest.mark.parametrize("told", [None, "soon", "0", "-1", "0.4", "nan", "inf", ""])
async def test_a_timeout_that_is_of_no_use_leaves_the_accounts_own_in_force(app: App, told: str | None) -> None:
    app.provider.script = lambda _: agile(seconds=0.3)
    headers = {} if told is None else {"X-Prometheus-Scrape-Timeout-Seconds": told}
    text = await app.text("/metrics", headers=headers)
    assert 'sms_account_up{provider="agiletelecom",account="one"} 1\n' in text


async def test_more_scrapes_at_once_than_allowed_are_refused_at_once_but_health_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with App(account("one"), options=WebOptions(max_requests=2)) as app:
        app.provider.script = lambda _: agile(seconds=3.0)  # on a busy machine too longer than what is asked beside it
        running = [asyncio.create_task(app.text("/metrics")) for _ in range(2)]
        await asyncio.sleep(0.3)
        for path in ("/metrics", "/probe?target=one", "/metrics?collect[]=exporter"):
            assert "(2)" in await app.text(path, 503)
        await app.text("/-/healthy")
        await asyncio.gather(*running)
        await app.text("/metrics")
    assert [record.getMessage() for record in caplog.records] == ["More requests at once than --web.max-requests"]


async def test_zero_is_no_limit() -> None:
    async with App(account("one"), options=WebOptions(max_requests=0)) as app:
        app.provider.script = lambda _: agile(seconds=0.1)
        await asyncio.gather(*(app.text("/metrics") for _ in range(50)))


async def test_the_telemetry_path_can_be_another() -> None:
    async with App(account("one"), options=WebOptions(telemetry_path="/sms/metrics")) as app:
        assert "sms_account_up" in await app.text("/sms/metrics")
        await app.text("/metrics", 404)


async def test_reload_by_http_is_off_unless_enabled(app: App) -> None:
    for method in ("POST", "PUT"):
        refused = await app.client.request(method, "/-/reload")
        assert (refused.status, "--web.enable-lifecycle" in await refused.text()) == (403, True)
    assert (await app.client.get("/-/reload")).status == 405


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://another.test"}, 200),  # a proxy has changed the host
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://exporter.test"}, 403),
        ({"Origin": "http://EXPORTER.test"}, 200),
        ({"Origin": "https://sms.example.org"}, 200),
        ({"Origin": "http://exporter.test:81"}, 403),
        ({"Origin": "https://evil.test"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
    ],
)
async def test_another_sites_page_may_not_reload(headers: dict[str, str], status: int) -> None:
    options = WebOptions(enable_lifecycle=True, external_url="https://sms.example.org/sms")
    async with App(account("one"), options=options) as app:
        for method in ("POST", "PUT"):
            answer = await app.client.request(method, "/-/reload", headers=headers | {"Host": "exporter.test"})
            assert answer.status == status


async def test_reload_puts_a_good_file_in_force_and_a_bad_one_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with App(account("one"), options=WebOptions(enable_lifecycle=True)) as app:
        app.settings = settings(account("one"), account("two"))
        assert (await app.client.post("/-/reload")).status == 200
        assert "sms_exporter_accounts 2\n" in await app.text("/metrics")
        app.settings = ConfigError([Fault("x.yml", 7, "accounts[1].key", "unknown key", "did you mean name?")])
        answer = await app.client.put("/-/reload")
        assert answer.status == 500
        assert "x.yml:7: accounts[1].key: unknown key; did you mean name?" in await answer.text()
        text = await app.text("/metrics")
        assert "sms_exporter_accounts 2\n" in text
        assert "sms_exporter_config_last_reload_successful 0\n" in text
        app.settings = settings()
        assert (await app.client.post("/-/reload")).status == 200
        text = await app.text("/metrics")
        assert "sms_exporter_accounts 0\n" in text
        assert "sms_exporter_config_last_reload_successful 1\n" in text
    assert "x.yml:7" in caplog.records[-1].__dict__["err"]


async def test_without_accounts_it_serves_all_the_same() -> None:
    async with App() as app:
        assert "sms_exporter_accounts 0\n" in await app.text("/metrics")
        assert await app.text("/metrics?collect[]=accounts") == ""
        assert (
            await app.text(
                "/metrics?collect[]=accounts", headers={"Accept": "application/openmetrics-text;version=1.0.0"}
            )
            == "# EOF\n"
        )
        await app.text("/-/ready")


async def test_the_server_says_no_more_of_itself_than_its_name(app: App) -> None:
    answer = await app.client.get("/-/healthy")
    assert answer.headers["Server"] == "sms-exporter"


async def test_a_client_that_leaves_before_the_answer_is_no_error(app: App, caplog: pytest.LogCaptureFixture) -> None:
    app.provider.script = lambda _: agile(seconds=0.3)
    assert app.client.port is not None
    _, writer = await asyncio.open_connection(app.client.host, app.client.port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
    await writer.drain()
    await asyncio.sleep(0.1)
    writer.transport.abort()
    await asyncio.sleep(0.5)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
    assert "sms_account_up" in await app.text("/metrics")
