"""The page at `/`: every account for a person, worst first, in words."""

import base64
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from exporter.accounts.observation import View
from exporter.check.health import Severity, rank
from exporter.check.words import moment
from exporter.web.filter import Filter
from exporter.web.folds import fold
from exporter.web.rows import is_waiting, link, make_rows

DOCUMENTATION = "https://github.com/sms-exporter/sms-exporter/tree/main/docs"
WAIT_SECONDS = 2.0
"""How long the page waits for providers."""

_REFRESH_SECONDS = 30
_REFRESH_SOON_SECONDS = 3
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Page:
    """What the page shows; `telemetry_path` is where metrics are, `is_loaded` whether the newest reload succeeded."""

    views: Sequence[View]
    now_timestamp_seconds: float
    version: str
    telemetry_path: str = "/metrics"
    is_loaded: bool = True
    filter: Filter = field(default_factory=Filter)


def render(page: Page) -> str:
    """The page as HTML.

    The filter's text narrows all of it, title and counts too; its state narrows the table alone.
    """
    rows = sorted(make_rows(page.views, page.now_timestamp_seconds), key=lambda row: rank(row.findings, row.name))
    words = page.filter.words
    groups = [
        (severity, [row for row in rows if row.severity is severity and row.matches(words)]) for severity in Severity
    ]
    shown = [group for group in groups if page.filter.state in {None, group[0]}]
    waiting = any(is_waiting(observation) for view in page.views for observation in view.observations)
    return _template("page.html").render(
        page=page,
        states=list(Severity),
        shown=[(severity, list(fold(members))) for severity, members in shown],
        shown_count=sum(len(members) for _, members in shown),
        counts=[(severity, len(members)) for severity, members in groups],
        refresh_seconds=_REFRESH_SOON_SECONDS if waiting else _REFRESH_SECONDS,
        updated=moment(page.now_timestamp_seconds, "%Y-%m-%d %H:%M:%S UTC"),
        documentation=DOCUMENTATION,
        style=_asset("page.css"),
        script=_asset("page.js"),
    )


def render_debug(name: str, text: str) -> str:
    """The debug text of the account of this name as HTML, with a way back to the page."""
    return _template("debug.html").render(name=name, text=text, query=link(name), style=_asset("page.css"))


@functools.cache
def headers() -> dict[str, str]:
    """The headers that keep the page to itself: nothing is loaded from elsewhere, nothing is kept."""
    policy = {
        "default-src": "'none'",
        "style-src": _hash(_asset("page.css")),
        "script-src": _hash(_asset("page.js")),
        "connect-src": "'self'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return {
        "Content-Type": "text/html; charset=UTF-8",
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


@functools.cache
def _template(name: str) -> Template:
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        loader=FileSystemLoader(_TEMPLATES),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)


@functools.cache
def _asset(name: str) -> Markup:
    return Markup((_TEMPLATES / name).read_text("utf-8"))  # noqa: S704  # a file of ours


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
