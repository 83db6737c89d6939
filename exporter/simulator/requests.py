"""Requests held to a definition: whether one is as it is documented, and what stands in it where names stood."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

from exporter.providers.definition import Request
from exporter.providers.template import Template

Claim = tuple[str, str]
"""A name of a definition (a setting, a secret, what a session keeps) and the text that stood for it."""


class OtherRequestError(Exception):
    """It isn't the request that the definition documents."""


@dataclass(frozen=True)
class Asked:
    """A request as it came; `url` as the client wrote it, `path` what follows the base URL in it, still encoded."""

    method: str
    url: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    @cached_property
    def query(self) -> Sequence[Claim]:
        """The query's names and values, decoded."""
        return parse_qsl(self.url.partition("?")[2], keep_blank_values=True)

    @cached_property
    def form(self) -> Sequence[Claim]:
        """The form's names and values; a body that is no form has none."""
        return parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)

    @cached_property
    def json(self) -> Any:
        """The body's JSON.

        Raises:
            OtherRequestError: it is none.
        """
        try:
            return json.loads(self.body)
        except ValueError:
            raise OtherRequestError from None


def claims(documented: Request, methods: Iterable[str], asked: Asked) -> list[Claim]:
    """What stands where the documented request has names; it is made by one of those methods.

    Raises:
        OtherRequestError: it isn't this request.
    """
    if asked.method not in methods:
        raise OtherRequestError
    found = path_claims(documented.path, asked.path)
    found += _among(documented.query, asked.query)
    found += header_claims(documented.headers, asked)
    if documented.form is not None:
        found += _among(documented.form, asked.form)
    if documented.json is not None:
        found += _in_json(documented.json, asked.json)
    return found


def path_claims(documented: Template, path: str) -> list[Claim]:
    """What stands where a path has names."""
    return [(name, unquote(text)) for name, text in _held(documented, path, "[^/?]+")]


def header_claims(documented: Mapping[str, Template], asked: Asked) -> list[Claim]:
    """What stands where headers have names."""
    return [claim for name, text in documented.items() for claim in _held(text, asked.headers.get(name))]


def _among(documented: Mapping[str, Template], given: Iterable[Claim]) -> list[Claim]:
    known = dict(given)
    return [claim for name, text in documented.items() for claim in _held(text, known.get(name))]


def _in_json(documented: Any, given: Any) -> Iterator[Claim]:
    if isinstance(documented, Template):
        yield from _held(documented, given)
    elif isinstance(documented, dict) and isinstance(given, dict) and documented.keys() == given.keys():
        for key, part in documented.items():
            yield from _in_json(part, given[key])
    elif isinstance(documented, list) and isinstance(given, list) and len(documented) == len(given):
        for part, other in zip(documented, given, strict=True):
            yield from _in_json(part, other)
    elif (type(documented), documented) != (type(given), given):
        raise OtherRequestError


def _held(documented: Template, given: object, what: str = ".*") -> list[Claim]:
    match = _pattern(documented, what).fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise OtherRequestError
    return [*match.groupdict().items()]


@cache
def _pattern(documented: Template, what: str) -> "re.Pattern[str]":
    seen: set[str] = set()
    text = ""
    for literal, name in documented.pieces:
        text += re.escape(literal)
        if name is not None:
            text += f"(?P={name})" if name in seen else f"(?P<{name}>{what})"
            seen.add(name)
    return re.compile(text, re.DOTALL)
