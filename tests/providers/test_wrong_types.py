"""Something of a wrong type at each pointer of each definition: a reason and no value, or a value less with a remark."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, Literal, NamedTuple

import pytest

from exporter.failure import FailureError, Reason
from exporter.providers import errors, extract, values
from exporter.providers.blocks import CreditBlock, Value
from exporter.providers.definition import Api, Definition
from exporter.providers.values import steps
from exporter.providers.xml import Elements
from exporter.readings import Readings
from tests.providers.good import APIS, good, named

every_api = pytest.mark.parametrize(("definition", "name"), APIS, ids=named)
Kind = Literal["needed", "optional", "choice", "row"]


class Place(NamedTuple):
    """A place in a document, and what it is to the definition."""

    kind: Kind
    path: tuple[str, ...]


def read(document: Any, definition: Definition, api: Api) -> Readings | Reason:
    """What a parsed answer under 200 comes to, as in `extract.answer`."""
    failure = errors.failure_of(200, document, definition)
    if failure is not None:
        return failure.reason
    try:
        return extract.readings(document, api)
    except FailureError as error:
        return error.failure.reason


def places(document: Any, api: Api) -> Iterator[Place]:
    """Every pointer of an api that leads somewhere in a document."""
    for kind, found in _all_places(document, api):
        if _leads_somewhere(document, found):
            yield Place(kind, found)


def _all_places(document: Any, api: Api) -> Iterator[tuple[Kind, tuple[str, ...]]]:
    yield from _of("optional", (), [api.account_id])
    for credit in api.credit:
        container = steps(credit.each.partition("/*")[0].partition("/{")[0])
        if container:
            yield "choice", container
        for item in _items(document, credit.each):
            if _is_meant(credit, document, item):
                yield from _of("needed", item, [credit.balance, credit.currency, credit.wallet])
                yield from _of("optional", item, _others(credit, "balance", "currency", "wallet"))
                yield from (("choice", (*item, *steps(pointer))) for pointer in credit.where)
                if credit.messages_remaining is not None:
                    yield "optional", (*item, *steps(credit.messages_remaining))
    if api.subscription is not None:
        yield from _of("needed", (), [api.subscription.status])
        yield from _of("optional", (), _others(api.subscription, "status"))
        if api.subscription.features is not None:
            yield "optional", steps(api.subscription.features.pointer)
    if api.contacts is not None:
        yield from _of("needed", (), [api.contacts.used])
        yield from _of("optional", (), _others(api.contacts, "used"))
    if api.prices is not None:
        for item in [*_items(document, api.prices.each)][:2]:
            yield from _of("row", item, _others(api.prices))
            yield from (("choice", (*item, *steps(pointer))) for pointer in api.prices.where)


def _of(kind: Kind, item: tuple[str, ...], found: Sequence[Value | None]) -> Iterator[tuple[Kind, tuple[str, ...]]]:
    for value in found:
        for pointer in () if value is None else value.pointers:
            yield kind, (*item, *steps(pointer))


def _others(block: Any, *but: str) -> list[Value | None]:
    found = [getattr(block, name) for name in sorted(block.given - set(but))]
    return [value for value in found if isinstance(value, Value)]


def _items(document: Any, each: str) -> Iterator[tuple[str, ...]]:
    paths: list[tuple[str, ...]] = [()]
    for step in steps(each):
        if step == "*" or (step.startswith("{") and step.endswith("}")):
            paths = [(*path, str(key)) for path in paths for key in _keys(_found(document, path))]
        else:
            paths = [(*path, step) for path in paths]
    yield from paths


def _keys(item: Any) -> list[Any]:
    return [*item] if isinstance(item, dict) else [*range(len(item))] if isinstance(item, list) else []


def _found(document: Any, path: Sequence[str]) -> Any:
    for step in path:
        document = values.step_into(document, step)
    return document


def _is_meant(block: CreditBlock, document: Any, path: tuple[str, ...]) -> bool:
    item = _found(document, path)
    return values.matches(block.where, item) and not (block.unless and values.matches(block.unless, item))


def _leads_somewhere(document: Any, path: Sequence[str]) -> bool:
    found = _found(document, path)
    return found is not values.MISSING and values.only(found) is not None


def changed(document: Any, path: Sequence[str], wrong: Any) -> Any:
    """A copy of a document with something else at a place."""
    if not path:
        return wrong
    document = copy.deepcopy(document)
    parent = values.only(_found(document, path[:-1])) if not path[-1].isdigit() else _found(document, path[:-1])
    if isinstance(parent, list):
        parent[int(path[-1])] = wrong
    else:
        parent[path[-1]] = Elements([wrong]) if isinstance(parent[path[-1]], Elements) else wrong
    return document


def facts(told: Any, place: str = "") -> dict[str, Any]:
    """All that readings tell, by place; what is None or empty is no fact."""
    if is_dataclass(told):
        pairs = [(field.name, getattr(told, field.name)) for field in fields(told) if field.name != "remarks"]
    elif isinstance(told, Mapping):
        pairs = [*told.items()]
    elif isinstance(told, tuple):
        names = ("currency", "wallet", "country", "prefix", "tier")
        pairs = [("/".join(str(getattr(each, name, "")) for name in names), each) for each in told]
    else:
        return {} if told is None or told is False else {place: told}
    return {key: fact for name, each in pairs for key, fact in facts(each, f"{place}/{name}").items()}


@every_api
def test_a_wrong_type_gives_a_reason_or_a_value_less(definition: Definition, name: str) -> None:
    api = definition.apis[name]
    document = extract.parse(good(definition.id, name), api)
    told = read(document, definition, api)
    assert isinstance(told, Readings)
    found = [*places(document, api)]
    assert {place.kind for place in found} & {"needed", "row"}
    for place in found:
        wrongs: tuple[Any, ...] = ([], {"unexpected": {}}) if api.format != "text" else ("<html>",)
        for wrong in wrongs:
            result = read(changed(document, place.path, wrong), definition, api)
            where = f"{place.kind} {'/'.join(place.path)}"
            if place.kind == "needed" or isinstance(result, Reason):
                assert result is Reason.INVALID_RESPONSE, where
                assert place.kind != "optional" or api.format == "text", where
            else:
                assert facts(result).items() < facts(told).items(), where
                assert len(result.remarks) > len(told.remarks) or place.kind == "choice", where


@every_api
def test_a_code_of_a_wrong_type_is_an_invalid_response(definition: Definition, name: str) -> None:
    code, api = definition.errors.code, definition.apis[name]
    if code is None or code.pattern is not None or api.format == "xml":
        return  # no code, or one that only a text is held to
    document: Any = {}
    inner = document
    *before, last = steps(code.pointers[0])
    for step in before:
        inner = inner.setdefault(step, {})
    inner[last] = []
    assert read(document, definition, api) is Reason.INVALID_RESPONSE
