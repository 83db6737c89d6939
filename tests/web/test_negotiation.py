"""Which format a client gets: text 0.0.4 or OpenMetrics 1.0, and gzip."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.web.negotiation import LONGEST_HEADER, OPENMETRICS, TEXT, accepts_gzip, choose_format

PROMETHEUS_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
PROMETHEUS_2 += "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, TEXT),
        ("", TEXT),
        ("*/*", TEXT),
        (BROWSER, TEXT),
        ("application/json", TEXT),
        ("text/plain", TEXT),
        ("text/plain;version=0.0.4", TEXT),
        ("text/*", TEXT),
        ("application/openmetrics-text", OPENMETRICS),
        ("Application/OpenMetrics-Text; Version=1.0.0", OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;q=0.5, text/plain;version=0.0.4;q=0.2", OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;q=0.2, text/plain;version=0.0.4;q=0.5", TEXT),
        ("text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0", TEXT),
        ("application/openmetrics-text;version=1.0.0, text/plain;version=0.0.4", OPENMETRICS),
        ("application/openmetrics-text;version=2.0.0", TEXT),
        ("application/openmetrics-text;version=9.9.9", TEXT),
        ("application/openmetrics-text;version=bogus", TEXT),
        ("application/openmetrics-text;version=0.0.1", TEXT),
        ("application/openmetrics-text;version=2.0.0,application/openmetrics-text;version=1.0.0;q=0.1", OPENMETRICS),
        ("text/plain;version=1.0.0", TEXT),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=0, */*", TEXT),
        ("text/plain;q=0, application/openmetrics-text;q=0.1", OPENMETRICS),
        ("text/plain;q=0, */*", OPENMETRICS),
        ("text/plain;q=0, application/openmetrics-text;q=0, */*", TEXT),
        ("application/openmetrics-text;q=x, text/plain;q=0.1", TEXT),
        ("application/openmetrics-text;q=2, text/plain;q=0.1", TEXT),
        ("application/*;q=0.9, text/plain;q=0.5", OPENMETRICS),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, f"{OPENMETRICS}; escaping=allow-utf-8"),
        ("application/openmetrics-text;version=1.0.0;escaping=dots", f"{OPENMETRICS}; escaping=underscores"),
        ("application/openmetrics-text;version=1.0.0;escaping=bogus", f"{OPENMETRICS}; escaping=underscores"),
        (";;,,=;q", TEXT),
        ('application/openmetrics-text ; Version = "1.0.0" ; q="0.5"', OPENMETRICS),
        ("application/openmetrics-text;version=1.0.0;;", OPENMETRICS),
        ("application/openmetrics-text".ljust(LONGEST_HEADER), OPENMETRICS),
        ("application/openmetrics-text".ljust(LONGEST_HEADER + 1), TEXT),
    ],
)
def test_the_best_format_that_we_write_is_chosen_by_its_q(accept: str | None, chosen: str) -> None:
    assert choose_format(accept) == chosen


@given(accept=st.text() | st.from_regex(r"(\*/\*|text/plain|application/openmetrics-text)(;\s?(q|version)=[0-9.]*)*"))
def test_any_header_gets_one_of_the_two_formats_and_never_an_unsupported_version(accept: str) -> None:
    assert choose_format(accept).startswith((TEXT, OPENMETRICS))


@pytest.mark.parametrize(
    ("header", "accepted"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZip, deflate", True),
        ("zstd,gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0, *", False),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("x-gzip", True),
        ("gzip;q=x", False),
        ("gzip".ljust(LONGEST_HEADER), True),
        ("gzip".ljust(LONGEST_HEADER + 1), False),
    ],
)
def test_gzip_is_sent_where_it_is_accepted(header: str | None, accepted: bool) -> None:
    assert accepts_gzip(header) is accepted
