"""The page in a real Chromium: on a telephone and a desk, light and dark, by keyboard, and when it refreshes itself."""

import asyncio
import importlib.resources
import json
import os
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import pytest
from aiohttp import web
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from exporter.accounts.service import Service
from exporter.client.http import Call
from exporter.failure import Reason
from exporter.settings import AccountSettings, Pair, Settings, Thresholds
from exporter.web.routes import create_app
from tests.conftest import program
from tests.processes import exporter, simulator
from tests.virtual import Reply, ScriptedClient, account, rng

pytestmark = pytest.mark.end_to_end

PHONE, DESK = 360, 1280
FLAGS = [
    "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
REFRESH_MS = 30_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = program("chromium")
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


class Look:
    """A page as somebody looks at it, with all that it asked for and complained of."""

    def __init__(self, browser: Browser, width: int = DESK, scheme: str = "light", **options: Any) -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 640},
            color_scheme=scheme,  # type: ignore[arg-type]
            **options,
        )
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.context.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        self.complaints.append(message.text)

    def _asked(self, request: Request) -> None:
        self.requests.append(request.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def at(self, url: str) -> Page:
        self.page.goto(url)
        return self.page

    def assert_quiet(self, origin: str) -> None:
        assert self.complaints == []
        assert self.requests
        assert all(url.startswith((origin, "data:")) for url in self.requests)


class Served:
    """The exporter in a thread of its own; what providers say can be changed at any time."""

    def __init__(self, *accounts: AccountSettings) -> None:
        self.balances = {each.name: 500.0 for each in accounts}
        self.failing: set[str] = set()
        self._accounts = accounts
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self._await(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._await(self._service.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _await(self, what: Any) -> None:
        asyncio.run_coroutine_threadsafe(what, self._loop).result(30)

    async def _start(self) -> None:
        self._service = Service(lambda: Settings(self._accounts), ScriptedClient(self._answer), rng=rng())
        self._port = 0
        await self._listen()

    async def _listen(self) -> None:
        self._runner = web.AppRunner(create_app(self._service), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}/"

    def stop(self) -> None:
        self._await(self._runner.cleanup())

    def start_again(self) -> None:
        self._await(self._listen())

    def _answer(self, call: Call) -> Reply:
        name = call.url.removeprefix("https://").partition(".")[0]
        if name in self.failing:
            return Reply(failure=Reason.TIMEOUT, seconds=0.0)
        return Reply(json.dumps({"credit": self.balances[name]}).encode(), seconds=0.0)


def asked_always(name: str, **changes: Any) -> AccountSettings:
    """An account whose data is never taken from the cache."""
    thresholds = Thresholds({"EUR": Pair(100.0, 50.0)})
    return account(name, base_url=f"https://{name}.test", cache_ttl=0.0, thresholds=thresholds, **changes)


@pytest.fixture
def served() -> Iterator[Served]:
    with Served(*(asked_always(f"account-{number:02}") for number in range(30))) as served:
        yield served


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An exporter whose twenty accounts are in every state there is."""
    folder = tmp_path_factory.mktemp("page")
    with (
        simulator(folder, "--speed", "0.001", "--latency", "0") as provider,
        exporter(folder, provider.config_file) as (address, _),
    ):
        yield f"http://{address}/"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("empty")
    (folder / "sms-exporter.yml").write_text("accounts: []\n")
    with exporter(folder, folder / "sms-exporter.yml") as (address, _):
        yield f"http://{address}/"


def axe(page: Page) -> list[str]:
    """What the accessibility check finds, or can't decide."""
    source = (importlib.resources.files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
    page.evaluate(source)
    found = page.evaluate("axe.run()")
    assert len(found["passes"]) > 10
    return [f"{each['id']}: {node['html']}" for kind in ("violations", "incomplete") for each in found[kind]
            for node in each["nodes"]]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("state", ["simulated", "empty"])
def test_it_is_accessible_fits_and_keeps_to_itself(
    browser: Browser, request: pytest.FixtureRequest, state: str, width: int, scheme: str
) -> None:
    url = request.getfixturevalue(state)
    with Look(browser, width, scheme) as look:
        page = look.at(url)
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, ground[4:-1].split(","))) < 150) is (scheme == "dark")
        look.assert_quiet(url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_the_debug_page_is_accessible_fits_and_leads_back(
    browser: Browser, simulated: str, width: int, scheme: str
) -> None:
    with Look(browser, width, scheme) as look:
        page = look.at(f"{simulated}probe?target=gym-members&debug=true")
        expect(page.locator("main")).to_contain_text("account gym-members at ")
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_url(simulated)
        look.assert_quiet(simulated)


def test_the_check_would_find_something(browser: Browser, simulated: str) -> None:
    with Look(browser) as look:
        page = look.at(simulated)
        page.evaluate("document.querySelector('tbody th .quiet').style.color = '#bbb'")
        page.evaluate("document.documentElement.removeAttribute('lang')")
        assert {found.partition(":")[0] for found in axe(page)} == {"color-contrast", "html-has-lang"}


def test_every_state_of_the_demo_is_told_in_words(browser: Browser, simulated: str) -> None:
    with Look(browser) as look:
        page = look.at(simulated)
        for word in ("critical", "unknown", "warning", "fine"):
            assert (
                page.locator(f"tbody#{word} .badge").all_inner_texts() == [word] * page.locator(f"#{word} tr").count()
            )
        order = [group.get_attribute("id") for group in page.locator("tbody").all()]
        assert order == ["critical", "unknown", "warning", "fine"]
        expect(page.locator("#unknown")).to_contain_text("Key rejected")
        expect(page.locator("tr", has_text="gym-members")).to_contain_text("Suspended by the provider")
        assert page.locator("tbody tr").count() == 20


def test_on_a_telephone_an_account_is_a_card_with_everything_below_one_another(
    browser: Browser, simulated: str
) -> None:
    with Look(browser, PHONE) as look:
        card = look.at(simulated).locator("tr", has_text="gym-members")
        boxes = [box for part in card.locator("> *:visible").all() if (box := part.bounding_box())]
        assert len(boxes) == 5
        assert all(upper["y"] + upper["height"] <= lower["y"] for upper, lower in pairwise(boxes))
        assert {box["x"] for box in boxes} == {boxes[0]["x"]}
        for link in card.get_by_role("link").all():
            box = link.bounding_box()
            assert box is not None
            assert box["height"] >= 24


def test_a_keyboard_is_enough(browser: Browser, simulated: str) -> None:
    with Look(browser) as look:
        page = look.at(simulated)
        names = []
        for _ in range(13):
            page.keyboard.press("Tab")
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid"
            names.append(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
        assert names[:4] == ["Metrics", "Targets", "Health", "Documentation"]
        assert names[4:8] == ["count-critical", "count-unknown", "count-warning", "count-fine"]
        assert names[8:12] == ["filter-text", "filter-state", "filter-button", "refresh"]
        assert names[12].startswith("debug-")
        look.assert_quiet(simulated)
        page.keyboard.press("Enter")
        page.wait_for_url("**/probe?target=*&debug=true")
        expect(page.locator("body")).to_contain_text(f"account {names[12].removeprefix('debug-')}")
        page.go_back()
        page.locator("#count-fine").focus()
        page.keyboard.press("Enter")
        expect(page.locator("tbody")).to_have_count(1)
        expect(page.locator("tbody#fine")).to_be_in_viewport()


@pytest.mark.parametrize("has_script", [True, False])
def test_accounts_are_filtered_by_keyboard_and_the_filter_stays(
    browser: Browser, served: Served, has_script: bool
) -> None:
    with Look(browser, java_script_enabled=has_script) as look:
        page = look.at(served.url)
        page.locator("#filter-text").press_sequentially("account-0")
        page.keyboard.press("Enter")
        expect(page.locator("tbody tr")).to_have_count(10)
        assert page.url == f"{served.url}?q=account-0&state="
        served.balances["account-07"] = 60.0
        served.balances["account-17"] = 60.0
        page.locator("#refresh").press("Enter")
        expect(page.locator("tbody#warning tr")).to_have_count(1)
        expect(page.locator("#summary")).to_contain_text("1 warning 9 fine 10 of 30 accounts are shown.")
        page.locator("#filter-state").focus()
        page.keyboard.type("warn")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator("tbody tr")).to_contain_text("account-07")
        assert page.locator("#filter-text").input_value() == "account-0"
        page.locator("#filter-off").press("Enter")
        expect(page.locator("tbody tr")).to_have_count(30)
        look.assert_quiet(served.url)


def test_a_fold_opens_by_keyboard_and_stays_open(browser: Browser, served: Served) -> None:
    served.failing = {f"account-{number:02}" for number in range(10)}
    with Look(browser) as look:
        look.page.clock.install()
        page = look.at(served.url)
        expect(page.locator("tbody#unknown tr")).to_have_count(1)
        line = page.locator("summary")
        expect(line).to_contain_text("10 accounts of Agile Telecom: timeout")
        expect(page.locator("#debug-account-03")).to_be_hidden()
        line.press("Enter")
        expect(page.locator("#debug-account-03")).to_be_visible()
        assert axe(page) == []
        served.balances["account-29"] = 60.0
        page.clock.fast_forward(REFRESH_MS)
        expect(page.locator("tbody#warning")).to_contain_text("account-29")
        expect(line).to_be_focused()
        expect(page.locator("#debug-account-03")).to_be_visible()
        line.press("Enter")
        expect(page.locator("#debug-account-03")).to_be_hidden()
        look.assert_quiet(served.url)


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("count", [20, 200, 1000])
def test_however_many_accounts_it_is_accessible_and_fits(browser: Browser, count: int, width: int) -> None:
    accounts = [asked_always(f"account-{number:04}") for number in range(count)]
    with Served(*accounts) as served, Look(browser, width) as look:
        served.failing = {each.name for each in accounts[: count // 4]}
        served.balances[accounts[-1].name] = 60.0
        page = look.at(served.url)
        assert page.locator("tbody tr").count() == count - count // 4 + 1
        page.locator("summary").press("Enter")
        assert page.locator("li .name:visible").count() == count // 4
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == width
        heights = page.locator("tr.brief").evaluate_all("rows => rows.map(row => row.offsetHeight)")
        assert len(heights) == count - count // 4 - 1
        assert max(heights) < 40
        look.assert_quiet(served.url)


def test_a_filtered_page_refreshes_itself_filtered(browser: Browser, served: Served) -> None:
    with Look(browser) as look:
        look.page.clock.install()
        page = look.at(f"{served.url}?q=account-2")
        page.locator("#filter-text").fill("half a wo")
        served.balances["account-03"] = 1.0
        served.balances["account-23"] = 60.0
        page.clock.fast_forward(REFRESH_MS)
        expect(page.locator("tbody#warning")).to_contain_text("account-23")
        assert page.locator("tbody tr").count() == 10
        assert page.locator("#filter-text").input_value() == "half a wo"


def top_of(page: Page, selector: str) -> float:
    top: float = page.evaluate("selector => document.querySelector(selector).getBoundingClientRect().top", selector)
    return top


def test_it_refreshes_itself_and_keeps_the_focus_in_its_place(browser: Browser, served: Served) -> None:
    with Look(browser) as look:
        look.page.clock.install()
        page = look.at(served.url)
        page.locator("#debug-account-20").focus()
        before = top_of(page, "#debug-account-20")
        assert page.evaluate("scrollY") > 0
        served.balances["account-29"] = 49.99
        page.clock.fast_forward(REFRESH_MS)
        expect(page.locator("tbody#critical")).to_contain_text("Credit below 50 EUR: 49.99 EUR left")
        expect(page.locator("#summary")).to_contain_text("1 critical")
        assert page.evaluate("document.activeElement.id") == "debug-account-20"
        assert top_of(page, "#debug-account-20") == pytest.approx(before, abs=1)
        expect(page).to_have_title("1 critical – SMS accounts")
        served.balances["account-29"] = 500.0
        page.clock.fast_forward(REFRESH_MS)
        expect(page.locator("tbody#critical")).to_have_count(0)
        assert top_of(page, "#debug-account-20") == pytest.approx(before, abs=1)
        look.assert_quiet(served.url)


def test_a_refresh_leaves_the_page_where_it_was_scrolled_to(browser: Browser, served: Served) -> None:
    with Look(browser, PHONE) as look:
        look.page.clock.install()
        page = look.at(served.url)
        page.evaluate("scrollTo(0, 500)")
        served.balances["account-00"] = 60.0
        page.clock.fast_forward(REFRESH_MS)
        expect(page.locator("tbody#warning")).to_contain_text("60.00 EUR left")
        assert page.evaluate("scrollY") == 500


def test_refresh_by_hand_happens_in_place_and_keeps_the_focus(browser: Browser, served: Served) -> None:
    with Look(browser) as look:
        page = look.at(served.url)
        page.evaluate("window.stays = true")
        served.balances["account-07"] = 60.0
        page.locator("#refresh").focus()
        page.keyboard.press("Enter")
        expect(page.locator("tbody#warning")).to_contain_text("account-07")
        assert page.evaluate("[window.stays, document.activeElement.id]") == [True, "refresh"]


def test_what_somebody_has_marked_stays_marked(browser: Browser, served: Served) -> None:
    with Look(browser) as look:
        look.page.clock.install()
        page = look.at(served.url)
        page.evaluate("getSelection().selectAllChildren(document.querySelector('tbody .name'))")
        asked = len(look.requests)
        page.clock.fast_forward(REFRESH_MS)
        assert page.evaluate("getSelection().toString().trim()") == "account-00"
        assert len(look.requests) == asked
        page.evaluate("getSelection().empty()")
        served.balances["account-00"] = 60.0
        page.clock.fast_forward(REFRESH_MS)
        expect(page.locator("tbody#warning")).to_contain_text("account-00")


def test_an_exporter_that_is_gone_is_told_and_what_was_known_stays(browser: Browser, served: Served) -> None:
    with Look(browser) as look:
        look.page.clock.install()
        page = look.at(served.url)
        served.stop()
        page.clock.fast_forward(REFRESH_MS)
        expect(page.get_by_role("alert")).to_have_text("Not refreshed since: the exporter can't be reached.")
        assert page.locator("tbody tr").count() == 30
        served.start_again()
        page.clock.fast_forward(REFRESH_MS)
        expect(page.get_by_role("alert")).to_have_text("")


@pytest.mark.parametrize(("status", "why"), [(503, "it answered 503"), (200, "it answered something else")])
def test_an_answer_that_is_no_page_is_told(browser: Browser, served: Served, status: int, why: str) -> None:
    with Look(browser) as look:
        look.page.clock.install()
        page = look.at(served.url)
        page.route("**/*", lambda route: route.fulfill(status=status, body="<p>log in first</p>"))
        page.clock.fast_forward(REFRESH_MS)
        expect(page.get_by_role("alert")).to_have_text(f"Not refreshed since: {why}.")
        assert page.locator("tbody tr").count() == 30


def test_without_javascript_the_page_is_whole_and_a_link_reloads_it(browser: Browser, served: Served) -> None:
    with Look(browser, java_script_enabled=False) as look:
        page = look.at(served.url)
        expect(page.locator("tbody tr")).to_have_count(30)
        served.balances["account-03"] = 1.0
        page.get_by_role("link", name="Refresh").click()
        expect(page.locator("tbody#critical")).to_contain_text("account-03")


def test_what_others_wrote_runs_nowhere(browser: Browser) -> None:
    hostile = "<img src=x onerror='window.ran=1'><script>window.ran=1</script>"
    with Served(asked_always("one", labels={"cost_center": hostile})) as served, Look(browser) as look:
        look.page.clock.install()
        page = look.at(served.url)
        served.balances["one"] = 60.0
        page.clock.fast_forward(REFRESH_MS)
        expect(page.locator("tbody#warning")).to_contain_text(hostile)
        assert page.evaluate("window.ran") is None
        assert page.locator("img").count() == 0
        look.assert_quiet(served.url)


def test_code_that_got_in_all_the_same_is_held_by_the_policy(browser: Browser, served: Served) -> None:
    with Look(browser) as look:
        page = look.at(served.url)
        with page.expect_event("requestfailed") as failed:
            page.evaluate(
                """() => {
                    const script = document.createElement("script");
                    script.textContent = "window.ran = 1";
                    document.body.append(script);
                    document.body.append(Object.assign(new Image(), { src: "https://elsewhere.test/x.png" }));
                }"""
            )
        assert failed.value.failure == "csp"
        assert page.evaluate("window.ran") is None
        assert len(look.complaints) == 2
        assert all("Content Security Policy" in complaint for complaint in look.complaints)


def test_a_thousand_accounts_are_shown_and_refreshed(browser: Browser) -> None:
    with Served(*(asked_always(f"a{number:04}") for number in range(1000))) as served, Look(browser, PHONE) as look:
        look.page.clock.install()
        page = look.at(served.url)
        assert page.locator("tbody tr").count() == 1000
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE
        page.locator("#debug-a0700").focus()
        before = top_of(page, "#debug-a0700")
        served.balances["a0999"] = 1.0
        page.clock.fast_forward(REFRESH_MS)
        expect(page.locator("tbody#critical")).to_contain_text("a0999")
        assert page.evaluate("document.activeElement.id") == "debug-a0700"
        assert top_of(page, "#debug-a0700") == pytest.approx(before, abs=1)
