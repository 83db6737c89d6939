"""The soak in its short form, and whether it can fail."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.soak import (
    MOST_GROWTH_MIB,
    MOST_IDLE_CPU_SECONDS,
    MOST_NEW_FDS,
    MOST_NEW_THREADS,
    Reading,
    Report,
    soak,
)

SHORT = 400


@pytest.mark.end_to_end
@pytest.mark.parametrize("tls", [False, True], ids=["HTTP", "TLS, with connections closed and reset"])
def test_scrapes_under_switching_injected_faults_leave_nothing_behind(tmp_path: Path, tls: bool) -> None:
    report = soak(tmp_path, SHORT, tls=tls)
    print(report)
    assert report.violations() == []
    assert report.statuses["200"] == SHORT
    # Injected faults have happened, and many of them: without, this would show nothing.
    assert len(report.reasons) >= 8
    assert report.left > 0
    assert report.reloads == SHORT // 60
    assert report.calls > SHORT
    assert report.spoilt.keys() == ({"close", "reset"} if tls else set())


def readings(*rss_mib: float, fds: int = 40, threads: int = 4) -> list[Reading]:
    return [Reading(n, rss, fds, threads) for n, rss in enumerate(rss_mib)]


def last(fds: int = 40, threads: int = 4) -> list[Reading]:
    return [*readings(*[60.0] * 9), Reading(9, 60.0, fds, threads)]


def good() -> Report:
    steady = readings(60, *[64.0] * 9)
    return Report(Counter({"200": 100}), start=Reading(0, 50.0, 15, 4), readings=steady, apis=40, exit_code=0)


def test_a_steady_run_is_good_though_its_first_fifth_grew() -> None:
    assert good().violations() == []
    assert "100 scrapes" in str(good())


@pytest.mark.parametrize(
    ("report", "violation"),
    [
        (replace(good(), statuses=Counter({"200": 99, "503": 1})), "not every scrape"),
        (replace(good(), statuses=Counter()), "not every scrape"),
        (replace(good(), readings=readings(*(60 + n * 3 * MOST_GROWTH_MIB / 7 for n in range(10)))), "memory grew"),
        (replace(good(), readings=last(fds=41 + MOST_NEW_FDS)), "file descriptors grew"),
        (replace(good(), apis=16), "40 file descriptors for 16 apis"),
        (replace(good(), readings=last(threads=5 + MOST_NEW_THREADS)), "threads"),
        (replace(good(), calls_when_quiet=1), "1 calls after the last scrape"),
        (replace(good(), cpu_seconds_when_quiet=2 * MOST_IDLE_CPU_SECONDS), "CPU"),
        (replace(good(), exit_code=1), "ended with 1"),
        (replace(good(), said="Task was destroyed but it is pending!"), "task"),
    ],
)
def test_whatever_grows_or_is_left_is_a_violation(report: Report, violation: str) -> None:
    (said,) = report.violations()
    assert violation in said
