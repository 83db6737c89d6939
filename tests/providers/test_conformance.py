"""Every provider's folder, held to the same: its answers come to what it expects, and its requests are exact."""

import asyncio
import json
import re
from pathlib import Path

import httpx
import pytest

from exporter.accounts.registry import Registry
from exporter.accounts.resource import Clock
from exporter.accounts.scrape import scrape
from exporter.client.http import HttpClient
from exporter.config.loading import load_text
from exporter.failure import Failure, FailureError, Reason
from exporter.providers import compose, extract
from exporter.providers.catalogue import builtin
from exporter.providers.definition import Definition
from exporter.providers.values import steps
from exporter.readings import ContactQuota, Readings
from exporter.secrets import redaction
from tests.providers.recorded import ANSWERS, FOLDERS, SUFFIXES, Answer, answers, expected
from tests.sign_in import account
from tests.virtual import rng

OF_EVERY_REQUEST = {"host", "accept", "accept-encoding", "connection", "user-agent"}
"""Headers that prove nothing."""

_DIFFERS = re.compile(
    r"\b((?:oauth_(?:nonce|timestamp|signature)|ts|nonce|mac|date|salt|signature)=|X-Ovh-(?:Timestamp|Signature): )"
    r'(?<!_method=)("?)[^",\s]+\2'
)
"""What a signature makes another each time."""

PUBLIC = "public"
"""Stands for the form of an api that is asked without one."""

REQUESTS = [
    (folder, name, form)
    for folder in FOLDERS
    for name, api in builtin()[folder.name].apis.items()
    for form in ([PUBLIC] if api.public else builtin()[folder.name].sign_in)
]

every_folder = pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
every_provider = pytest.mark.parametrize("provider", builtin().values(), ids=lambda provider: provider.id)


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_a_recorded_answer_comes_to_what_is_expected(answer: Answer) -> None:
    found = answer.read()
    assert (found.reason if isinstance(found, Failure) else found) == expected(answer.folder).answers[answer.path.name]


@every_folder
def test_every_expectation_has_its_answer_and_every_file_is_an_answer(folder: Path) -> None:
    recorded = {answer.path.name for answer in answers(folder)}
    assert recorded == set(expected(folder).answers)
    assert recorded == {path.name for path in (folder / "answers").iterdir() if path.is_file()}, SUFFIXES


@every_folder
def test_every_api_has_an_answer_that_gives_readings_and_the_provider_one_that_fails(folder: Path) -> None:
    results = expected(folder).answers
    good = {answer.api_name for answer in answers(folder) if isinstance(results[answer.path.name], Readings)}
    assert good == set(builtin()[folder.name].apis)
    assert any(isinstance(result, Reason) for result in results.values())


@pytest.mark.parametrize(("folder", "api", "form"), REQUESTS, ids=lambda part: getattr(part, "name", part))
def test_an_api_is_asked_exactly_as_is_expected_in_each_form(folder: Path, api: str, form: str) -> None:
    provider = builtin()[folder.name]
    signed_in_by = next(iter(provider.sign_in)) if form == PUBLIC else form
    assert asyncio.run(request_of(provider, api, signed_in_by)) == expected(folder).requests[api][form].strip()


@pytest.mark.parametrize(("folder", "name", "form"), REQUESTS, ids=lambda part: getattr(part, "name", part))
def test_an_api_is_asked_by_the_method_that_its_definition_documents(folder: Path, name: str, form: str) -> None:
    """A POST changes something unless the provider says that it reads."""
    provider = builtin()[folder.name]
    api, sign_in = provider.apis[name], provider.sign_in[next(iter(provider.sign_in)) if form == PUBLIC else form]
    sent = asyncio.run(request_of(provider, name, next(iter(provider.sign_in)) if form == PUBLIC else form))
    *before, method = re.findall(r"^([A-Za-z]+) https?://", sent, re.MULTILINE)
    is_posted = bool(api.form or api.json) or (sign_in.form is not None and sign_in.session is None and not api.public)
    assert method == ("POST" if is_posted else "GET")
    assert method in provider.methods(api)
    if sign_in.token_url is not None:
        documented = ["POST"]
    else:
        documented = [] if sign_in.session is None else [sign_in.session.method(sign_in)]
    assert before == ([] if api.public else documented)


@every_folder
def test_no_request_is_expected_that_is_never_made(folder: Path) -> None:
    written = {(folder, api, form) for api, forms in expected(folder).requests.items() for form in forms}
    assert written == {each for each in REQUESTS if each[0] == folder}


def given_to(provider: Definition, form: str) -> bytes | None:
    """What a call that signs in is answered, by the rule of `tests.sign_in`; None where none does."""
    sign_in = provider.sign_in[form]
    if sign_in.session is not None:
        names = {name: f"the-{name.replace('_', '-')}" for name in sign_in.session.keep}
        return compose.session(sign_in.session, names).body
    return None if sign_in.token_url is None else b'{"access_token": "the-access-token"}'


async def request_of(provider: Definition, api: str, form: str) -> str:
    """What an account sends when it asks one api: a line a header; what differs each time is `…`.

    Where a call of its own signs in, it comes first, and an empty line after it.
    """
    sent: list[str] = []
    given = given_to(provider, form)

    def refuse(request: httpx.Request) -> httpx.Response:
        headers = [(name.decode(), value.decode()) for name, value in request.headers.raw]
        own = [f"{name}: {value}" for name, value in headers if name.lower() not in OF_EVERY_REQUEST]
        body = [request.content.decode()] if request.content else []
        sent.append("\n".join([f"{request.method} {request.url}", *own, *body]))
        return httpx.Response(200, content=given) if given is not None and len(sent) == 1 else httpx.Response(500)

    with redaction.forgetting():
        settings = load_text(json.dumps({"accounts": [account(form, provider, api)]}), "made").settings
        accounts = Registry(settings, HttpClient(lambda _http, _proxy: httpx.MockTransport(refuse)), Clock(), rng())
        await scrape(accounts, 5)
        await accounts.aclose()
    return _DIFFERS.sub(lambda found: f"{found[1]}{found[2]}…{found[2]}", "\n\n".join(sent))


@pytest.mark.parametrize(
    ("provider", "pointer"),
    [
        (provider, provider.errors.retry_after.pointer)
        for provider in builtin().values()
        if provider.errors.retry_after is not None and provider.errors.retry_after.pointer is not None
    ],
    ids=str,
)
def test_a_body_may_say_how_long_to_wait(provider: Definition, pointer: str) -> None:
    body: object = 12
    for step in reversed(list(steps(pointer))):
        body = {step: body}
    with pytest.raises(FailureError) as error:
        extract.answer(429, json.dumps(body).encode(), provider, next(iter(provider.apis.values())))
    assert error.value.failure == Failure(Reason.RATE_LIMITED, "HTTP 429", 12, by_status=True)


def test_the_used_ratio_is_used_divided_by_the_limit_and_absent_without_one() -> None:
    assert ContactQuota(32450, 50000).used_ratio == 0.649
    assert ContactQuota(5, 0).used_ratio is None
    assert ContactQuota(5).used_ratio is None
    assert ContactQuota(1e308, 1e-10).used_ratio is None  # no number of this world
