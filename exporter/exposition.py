"""Families to text: which format the asker takes, and lines that are rendered once and kept while they hold."""

import asyncio
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import CollectorRegistry

from exporter.account import Observation, View
from exporter.metrics import (
    ACCOUNT_FAMILIES,
    EXPORTER_FAMILIES,
    AccountFamily,
    ApiFamily,
    ExporterState,
    Family,
    ReadingFamily,
    Sample,
)
from exporter.providers.definition import Definition
from exporter.settings import AccountSettings

Chunk = list[tuple[int, str]]
"""Lines of families, by their place in the table."""

_CACHED = " May come from the cache."
_PAUSE_EVERY_ACCOUNTS = 50


@dataclass(slots=True)
class _Rendered:
    """The lines of one account as they were last rendered, with what they were rendered from and by."""

    lines: "_Lines"
    view: View
    apis: dict[str, Chunk]
    account: Chunk


class Exposition:
    """Renders scrapes of one configuration: `label_names` are the operators' labels, the union over all accounts."""

    def __init__(self, label_names: Sequence[str], providers: Iterable[Definition]) -> None:
        self._label_names = tuple(label_names)
        in_use = list({provider.id: provider for provider in providers}.values())
        self._headers = [headers(family, _help(family, in_use)) for family in ACCOUNT_FAMILIES]
        self._rendered: dict[str, _Rendered] = {}

    async def accounts(self, views: Sequence[View], *, openmetrics: bool) -> list[str]:
        """The text of all account families, in parts to be joined; lets others run in between."""
        columns: list[list[str]] = [[] for _ in ACCOUNT_FAMILIES]
        for place, view in enumerate(views):
            if place % _PAUSE_EVERY_ACCOUNTS == _PAUSE_EVERY_ACCOUNTS - 1:
                await asyncio.sleep(0)
            rendered = self._render(view)
            for chunk in (*rendered.apis.values(), rendered.account):
                for family, text in chunk:
                    columns[family].append(text)
        parts = []
        for header, lines in zip(self._headers, columns, strict=True):
            if lines:
                parts.append(header[openmetrics])
                parts += lines
        return parts

    def _render(self, view: View) -> _Rendered:
        known = self._rendered.get(view.settings.name)
        if known is None or known.view.settings is not view.settings:
            known = _Rendered(_Lines(view.settings, self._label_names), View(view.settings, ()), {}, [])
        before = known.view.observations
        unchanged = {o.api for o, seen in zip(view.observations, before, strict=False) if o is seen}
        if before and len(unchanged) == len(view.observations):
            return known
        rendered = _Rendered(
            known.lines,
            view,
            {o.api: known.apis[o.api] if o.api in unchanged else known.lines.of_api(o) for o in view.observations},
            known.lines.of_account(view),
        )
        self._rendered[view.settings.name] = rendered
        return rendered


class _Lines:
    """Renders one account's lines; what they all begin with is put together once."""

    def __init__(self, settings: AccountSettings, label_names: Sequence[str]) -> None:
        self._settings = settings
        labels = {"provider": settings.provider.id, "account": settings.name}
        labels |= {name: settings.labels.get(name, "") for name in label_names}
        text = _label_text(labels.keys(), labels.values())
        self._beginnings = [f"{family.name}{{{text}" for family in ACCOUNT_FAMILIES]

    def of_api(self, observation: Observation) -> Chunk:
        chunk: Chunk = []
        readings = observation.readings
        for place, family in enumerate(ACCOUNT_FAMILIES):
            if isinstance(family, ReadingFamily):
                if readings is not None:
                    self._add(chunk, place, family.labels, family.samples(readings, self._settings))
            elif isinstance(family, ApiFamily):
                self._add(chunk, place, family.labels, family.samples(observation))
        return chunk

    def of_account(self, view: View) -> Chunk:
        chunk: Chunk = []
        for place, family in enumerate(ACCOUNT_FAMILIES):
            if isinstance(family, AccountFamily):
                self._add(chunk, place, family.labels, family.samples(view))
        return chunk

    def _add(self, chunk: Chunk, place: int, labels: tuple[str, ...], samples: Iterable[Sample]) -> None:
        text = ""
        beginning = self._beginnings[place]
        for values, value in samples:
            text += beginning
            for name, label in zip(labels, values, strict=True):
                text += f',{name}="{escape(label)}"'
            text += f"}} {number(value)}\n"
        if text:
            chunk.append((place, text))


def exporter(state: ExporterState, *, openmetrics: bool) -> list[str]:
    """The text of the exporter's own families, `process_*` and `python_info` among them."""
    parts = []
    for family in EXPORTER_FAMILIES:
        parts.append(headers(family, family.help + ".")[openmetrics])
        parts += [_line(family.name, dict(zip(family.labels, labels, strict=True)), value)
                  for labels, value in family.samples(state)]  # fmt: skip
    for metric in _process_metrics():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        described = Family(name, metric.documentation, kind="counter" if metric.type == "counter" else "gauge")
        parts.append(headers(described, metric.documentation)[openmetrics])
        parts += [_line(sample.name, sample.labels, sample.value) for sample in metric.samples]
    return parts


def whole(parts: Iterable[str], *, openmetrics: bool) -> str:
    """The text that parts make: OpenMetrics says where it ends."""
    return "".join(parts) + ("# EOF\n" if openmetrics else "")


# Their own registry: the library's would call them at registration and would add collectors of its own.
_REGISTRY = CollectorRegistry(auto_describe=False)
_PROCESS = ProcessCollector(registry=_REGISTRY)
_PLATFORM = PlatformCollector(registry=_REGISTRY)


def _process_metrics() -> list[Metric]:
    return [*_PROCESS.collect(), *_PLATFORM.collect()]


def headers(family: Family, help_text: str) -> tuple[str, str]:
    """HELP and TYPE of a family, for text 0.0.4 and for OpenMetrics (where a counter is named without `_total`)."""
    text = help_text.replace("\\", "\\\\").replace("\n", "\\n")
    plain = f"# HELP {family.name} {text}\n# TYPE {family.name} {family.kind}\n"
    name = family.name.removesuffix("_total") if family.kind == "counter" else family.name
    quoted = text.replace('"', '\\"')
    return plain, f"# HELP {name} {quoted}\n# TYPE {name} {family.kind}\n"


def _help(family: Family, providers: Sequence[Definition]) -> str:
    """A family's help with the fields of the providers in use."""
    if not isinstance(family, ReadingFamily | AccountFamily) or family.field is None:
        return family.help + "."
    fields = [
        f"{provider.name} {name}"
        for provider in providers
        for api in provider.apis.values()
        if (name := family.sources(api)) is not None
    ]
    named = f" ({', '.join(fields)})" if fields else ""
    return f"{family.help}{named}.{_CACHED}"


def _line(name: str, labels: dict[str, str], value: float) -> str:
    text = _label_text(labels.keys(), labels.values())
    return f"{name}{{{text}}} {number(value)}\n" if text else f"{name} {number(value)}\n"


def _label_text(names: Iterable[str], values: Iterable[str]) -> str:
    return ",".join(f'{name}="{escape(value)}"' for name, value in zip(names, values, strict=True))


def escape(value: str) -> str:
    """A label's value as both formats write it."""
    if value.isalnum():  # most are: a status, a channel, a country
        return value
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def number(value: float) -> str:
    """A value as both formats read it back exactly."""
    exact = float(value)
    return str(int(exact)) if exact.is_integer() and abs(exact) < 1e15 else repr(exact)


def compress(body: bytes) -> bytes:
    """Gzip at its fastest: a megabyte of metrics shrinks to a twentieth in 4 ms."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()
