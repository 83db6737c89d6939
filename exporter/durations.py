"""Durations as Prometheus writes them: `30s`, `1h30m`, `7d`, `0s`."""

import re

_UNITS = {"y": 365 * 86400.0, "w": 7 * 86400.0, "d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(
    r"(?:([0-9]+)y)?(?:([0-9]+)w)?(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?"
)
_LONGEST_SECONDS = 100 * _UNITS["y"]


def parse_duration(text: str) -> float:
    """Seconds of a Prometheus duration (units from large to small, each at most once, or a bare `0`).

    Raises:
        ValueError: the text is no duration, or longer than 100 years.
    """
    if text == "0":
        return 0.0
    match = _DURATION.fullmatch(text)
    if not text or match is None or len(text) > 64:
        raise ValueError("not a duration; write it like 30s, 1h30m or 7d")
    seconds = sum(int(number) * unit for number, unit in zip(match.groups(), _UNITS.values(), strict=True) if number)
    if seconds > _LONGEST_SECONDS:
        raise ValueError("a duration is at most 100y")
    return seconds


def format_duration(seconds: float) -> str:
    """A person's reading of a length of time, two units at most: `3d 4h`, `1h 30m`, `12s`, `0.4s`."""
    if seconds < 0:
        return f"-{format_duration(-seconds)}"
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + "s"
    left = round(seconds)
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, length)
        if count:
            parts.append(f"{count}{unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def format_span(seconds: float) -> str:
    """A length of time in one unit, rounded down: `3 days`, `1 hour`, `20 minutes`."""
    for unit, length in (("day", 86400.0), ("hour", 3600.0), ("minute", 60.0)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count:,} {unit}" + ("" if count == 1 else "s")
    return "less than a minute"


def format_age(seconds: float) -> str:
    """How long ago something was, rounded down: `just now`, `12 s ago`, `3 days ago`."""
    if seconds < 1:
        return "just now"
    return f"{int(seconds)} s ago" if seconds < 60 else f"{format_span(seconds)} ago"
