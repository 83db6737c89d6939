"""Durations as Prometheus writes them, and as a person reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30s", 30),
        ("1h30m", 5400),
        ("7d", 604800),
        ("0s", 0),
        ("0", 0),
        ("1w", 604800),
        ("1y", 31536000),
        ("250ms", 0.25),
        ("1d12h", 129600),
    ],
)
def test_a_duration_is_read_as_prometheus_reads_it(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "30", "1.5h", "-1h", "30m1h", "1h1h", "1 h", "s", "1M", "٣s", "101y", "9" * 70 + "s"]
)
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.42, "0.4s"),
        (5, "5s"),
        (59.6, "1m"),
        (90, "1m 30s"),
        (3600, "1h"),
        (3660, "1h 1m"),
        (90061, "1d 1h"),
        (86460, "1d"),
        (-90, "-1m 30s"),
    ],
)
def test_a_person_reads_two_units_at_most(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(parts=st.lists(st.integers(0, 10), min_size=4, max_size=4))
def test_every_combination_of_units_in_order_is_read(parts: list[int]) -> None:
    text = "".join(f"{number}{unit}" for number, unit in zip(parts, ("d", "h", "m", "s"), strict=True))
    assert parse_duration(text) == sum(n * u for n, u in zip(parts, (86400, 3600, 60, 1), strict=True))
