"""What no definition documents: other statuses, other bodies, another provider's answers. None gives a value."""

import asyncio
import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from exporter.accounts.observation import Observation
from exporter.check.result import check
from exporter.client.http import HttpClient
from exporter.config.loading import load_text
from exporter.failure import FailureError, Reason
from exporter.providers import extract, values
from exporter.providers.blocks import Value
from exporter.providers.catalogue import builtin
from exporter.providers.definition import Api, Definition
from exporter.secrets import redaction
from tests.providers.good import APIS, DEFINITIONS, good, named
from tests.providers.invented import defined
from tests.providers.test_conformance import given_to
from tests.sign_in import account

PAGE = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>Back soon</h1></body></html>\n"
BODIES = [b"", b" \n", PAGE, b"{}", b"[]", b"null", b"true", b'{"a": {"b": []}}', b"<a><b/></a>", b"\xff\xfe", b"[" * 9]
STATUSES = {
    401: Reason.UNAUTHORIZED,
    403: Reason.FORBIDDEN,
    404: Reason.BAD_REQUEST,
    422: Reason.BAD_REQUEST,
    429: Reason.RATE_LIMITED,
    500: Reason.SERVER_ERROR,
    502: Reason.SERVER_ERROR,
    503: Reason.SERVER_ERROR,
    599: Reason.SERVER_ERROR,
    301: Reason.REDIRECT,
    302: Reason.REDIRECT,
    307: Reason.REDIRECT,
    308: Reason.REDIRECT,
}
every_api = pytest.mark.parametrize(("definition", "name"), APIS, ids=named)
every_builtin_api = pytest.mark.parametrize(
    ("definition", "name"), [each for each in APIS if each[0].id in builtin()], ids=named
)


def reason_of(definition: Definition, name: str, status: int, body: bytes) -> Reason:
    with pytest.raises(FailureError) as error:
        extract.answer(status, body, definition, definition.apis[name])
    return error.value.failure.reason


def of_a_lack(definition: Definition) -> set[str | None]:
    """The reasons that a definition tells by what an answer lacks: bodies of nothing may tell them."""
    return {each.reason for each in definition.errors.bodies if each.lacks and not each.where and not each.has}


@every_api
def test_a_status_alone_tells_its_reason_whatever_lies_in_the_body(definition: Definition, name: str) -> None:
    for status, usual in STATUSES.items():
        expected = {definition.errors.statuses.get(status, usual), *of_a_lack(definition)}
        for body in BODIES:
            assert reason_of(definition, name, status, body) in expected, (status, body)


@every_api
def test_a_body_of_something_else_is_an_invalid_response(definition: Definition, name: str) -> None:
    for body in BODIES:
        assert reason_of(definition, name, 200, body) in {Reason.INVALID_RESPONSE, *of_a_lack(definition)}, body


@every_api
def test_an_answer_that_is_cut_off_is_an_invalid_response(definition: Definition, name: str) -> None:
    whole = good(definition.id, name)
    if definition.apis[name].format == "text":
        return  # a shorter line may be another number: the transport sees what is missing
    for end in {1, len(whole) // 4, len(whole) // 2, len(whole.rstrip()) - 1}:
        assert reason_of(definition, name, 200, whole[:end]) is Reason.INVALID_RESPONSE


def foreign() -> Iterator[tuple[Definition, str, Definition, str]]:
    for definition, name in APIS:
        for other, other_name in APIS:
            if other.id != definition.id:
                yield definition, name, other, other_name


def test_another_providers_good_answer_gives_nothing_but_what_stands_where_ours_does() -> None:
    refused = 0
    for definition, name, other, other_name in foreign():
        body, api = good(other.id, other_name), definition.apis[name]
        try:
            extract.answer(200, body, definition, api)
        except FailureError as error:
            assert error.failure.reason in {Reason.INVALID_RESPONSE, *of_a_lack(definition)} | told_by_code(definition)
            refused += 1
        else:
            document = extract.parse(body, api)
            assert any(stands_there(value, document) for value in needed(api)), (definition.id, other.id)
    assert refused > 0.9 * len(list(foreign()))


def told_by_code(definition: Definition) -> set[str]:
    """Reasons of codes: another's word may stand where ours does."""
    return set(definition.errors.codes.values()) if definition.errors.code is not None else set()


def needed(api: Api) -> list[tuple[str, Value]]:
    """The values without which the api tells nothing, each with the block's `each`."""
    found = [(block.each, block.balance) for block in api.credit]
    found += [("", api.subscription.status)] if api.subscription is not None else []
    found += [("", api.contacts.used)] if api.contacts is not None else []
    return found + ([(api.prices.each, api.prices.country)] if api.prices is not None else [])


def stands_there(place: tuple[str, Value], document: object) -> bool:
    return any(not values.is_missing(place[1], item, names) for item, names in values.each(document, place[0]))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"<!DOCTYPE accounts><accounts/>", "the body has a DOCTYPE"),
        (b'<!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><a>&b;</a>', "the body has a DOCTYPE"),
        (b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><a>&a;</a>', "the body has a DOCTYPE"),
        (b"<accounts>&own;</accounts>", "the body is not XML"),
        (b"<a>" * 10_000 + b"</a>" * 10_000, "the body is nested too deeply"),
    ],
    ids=["doctype", "entities", "external", "undeclared", "levels"],
)
def test_xml_declares_nothing_and_is_nested_within_bounds(body: bytes, why: str) -> None:
    definition = DEFINITIONS["elements"]
    with pytest.raises(FailureError) as error:
        extract.answer(200, body, definition, definition.apis["credit"])
    assert (error.value.failure.reason, error.value.failure.detail) == (Reason.INVALID_RESPONSE, why)


_BACKTRACKING = """
id: slow
name: Patterns by which other engines backtrack for ever
base_url: https://slow.example
sign_in: {api_key: {query: key}}
apis:
  credit:
    path: /balance
    format: text
    cache_ttl: 1m
    credit:
      balance: {pointer: "", pattern: "(?:(?:a+)+)+([0-9]+)"}
      currency: {constant: EUR}
"""


def test_a_pattern_takes_no_longer_than_its_text_is_long() -> None:
    definition = defined(_BACKTRACKING)
    api = definition.apis["credit"]
    assert extract.answer(200, b"aaaa12", definition, api).credits[0].balance == 12
    for body in (b"a" * 4_000 + b"!", b"a" * 10**6 + b"!", b"a" * 10**6, b"a1" * 500_000):
        assert reason_of(definition, "credit", 200, body) is Reason.INVALID_RESPONSE


# Through the client


def observed(definition: Definition, name: str, respond: Callable[[httpx.Request], httpx.Response]) -> Observation:
    """What an account shows of an api that is answered like this."""
    written = account(next(iter(definition.sign_in)), definition, name)
    with redaction.forgetting():
        settings = load_text(json.dumps({"accounts": [written]}), "made").settings
        client = HttpClient(lambda _http, _proxy: httpx.MockTransport(respond))
        result = asyncio.run(check(settings, (), 5, client))
    (observation,) = result.accounts[0].view.observations
    return observation


def failing(definition: Definition, name: str, response: httpx.Response) -> tuple[Reason, float | None]:
    observation = observed(definition, name, lambda _request: response)
    assert observation.readings is None
    assert observation.failure is not None
    return observation.failure.reason, observation.failure.retry_after_seconds


@every_builtin_api
def test_a_good_answer_gives_values_through_the_client(definition: Definition, name: str) -> None:
    given = given_to(definition, next(iter(definition.sign_in)))
    bodies = [each for each in (given, good(definition.id, name)) if each is not None]
    observation = observed(definition, name, lambda _request: httpx.Response(200, content=bodies.pop(0)))
    assert observation.readings is not None
    assert observation.failure is None


@every_builtin_api
def test_the_header_says_when_to_come_again(definition: Definition, name: str) -> None:
    assert failing(definition, name, httpx.Response(429))[1] is None
    assert failing(definition, name, httpx.Response(429, headers={"Retry-After": "17"})) == (Reason.RATE_LIMITED, 17)


@every_builtin_api
def test_an_answer_that_is_too_large_is_not_read(definition: Definition, name: str) -> None:
    size = max(2 * 1024 * 1024, definition.apis[name].max_bytes + 1)
    body = good(definition.id, name).ljust(size)
    assert failing(definition, name, httpx.Response(200, content=body))[0] is Reason.INVALID_RESPONSE


@every_builtin_api
def test_a_redirect_is_not_followed(definition: Definition, name: str) -> None:
    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://elsewhere.example/"})

    observation = observed(definition, name, respond)
    assert observation.failure is not None
    assert observation.failure.reason is Reason.REDIRECT
    assert len(asked) == 1


def test_the_definitions_are_held_to_the_same_here_as_elsewhere() -> None:
    assert {definition.id for definition, _ in APIS} == set(DEFINITIONS) > set(builtin())
