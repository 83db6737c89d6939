"""Content negotiation: text 0.0.4 or OpenMetrics 1.0 by `Accept`, gzip by `Accept-Encoding`."""

from dataclasses import dataclass

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"

LONGEST_HEADER = 4096
"""Characters of a header; a longer one counts as absent. Prometheus sends some 300."""

_ESCAPINGS_OF_PLAIN_NAMES = frozenset({"allow-utf-8", "underscores", "values"})
"""Escaping schemes that leave our names as they are; `dots` would double their underscores."""


@dataclass(frozen=True, slots=True)
class _Range:
    """One entry of an `Accept` header."""

    media: str
    parameters: dict[str, str]
    quality: float


def choose_format(accept: str | None) -> str:
    """The `Content-Type` to answer with; text 0.0.4 wherever nothing that we have is acceptable.

    The entry with the highest q that we can serve wins, of equal ones the first. An entry with a version
    that we don't write is passed over, so that no answer is ever labelled with it.
    """
    ranges = _ranges(accept)
    refused = {_content_type(entry) for entry in ranges if entry.quality <= 0 and "*" not in entry.media}
    for entry in sorted(ranges, key=lambda entry: -entry.quality):
        chosen = _content_type(entry)
        if chosen is not None and entry.quality > 0:
            if chosen not in refused:
                return chosen
            if entry.media == "*/*" and TEXT in refused and OPENMETRICS not in refused:
                return OPENMETRICS
    return TEXT


def names_html(accept: str | None) -> bool:
    """Whether HTML is asked for by name, as browsers do and curl doesn't; a q of 0 refuses it."""
    return any(entry.media == "text/html" and entry.quality > 0 for entry in _ranges(accept))


def _ranges(header: str | None) -> list[_Range]:
    """The entries of a header that can be read, in time that grows with its length alone."""
    if header is None or len(header) > LONGEST_HEADER:
        return []
    return [entry for entry in map(_parse, header.split(",")) if entry is not None]


def _parse(entry: str) -> _Range | None:
    media, *written = entry.split(";")
    pairs = (each.partition("=") for each in written)
    parameters = {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
    try:
        quality = float(parameters.get("q", "1"))
    except ValueError:
        return None
    return _Range(media.strip().lower(), parameters, quality) if 0 <= quality <= 1 else None


def _content_type(entry: _Range) -> str | None:
    version = entry.parameters.get("version")
    if entry.media in {"application/openmetrics-text", "application/*"} and version in {None, "1.0.0"}:
        escaping = entry.parameters.get("escaping")
        if escaping is None:
            return OPENMETRICS
        return f"{OPENMETRICS}; escaping={escaping if escaping in _ESCAPINGS_OF_PLAIN_NAMES else 'underscores'}"
    if entry.media in {"text/plain", "text/*", "*/*"} and version in {None, "0.0.4"}:
        return TEXT
    return None


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether gzip is acceptable: named (or `*`) with a q above 0."""
    qualities = {entry.media: entry.quality for entry in _ranges(accept_encoding)}
    return qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0))) > 0
