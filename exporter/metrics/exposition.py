"""Families to text: which format the client takes, and lines that are rendered once and kept while they hold."""

import asyncio
import functools
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import is_not
from typing import NamedTuple, Self
from weakref import WeakValueDictionary

from prometheus_client import Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import CollectorRegistry

from exporter.accounts.observation import Observation, View
from exporter.metrics.families import (
    ACCOUNT_FAMILIES,
    EXPORTER_FAMILIES,
    AccountFamily,
    ApiFamily,
    ApiStateFamily,
    ExporterState,
    Family,
    PriceFamily,
    ReadingFamily,
    Sample,
    SettingsFamily,
    SpendFamily,
)
from exporter.providers.kinds import API_NAMES
from exporter.readings import Readings
from exporter.settings import AccountSettings, Settings

Chunk = tuple[tuple[int, ...], tuple[str, ...]]
"""Places of families in the table, and the lines of each."""

_CACHED = " May come from the cache."
_PAUSE_EVERY_ACCOUNTS = 50
_PARTS_AT_ONCE = 500
_MOST_PARTS_KEPT = 100  # an account: of a long price list the parts take more memory than they save time


class Exposition:
    """Renders scrapes of one configuration: `label_names` are the operators' labels, the union over all accounts."""

    def __init__(self, label_names: Sequence[str]) -> None:
        self._label_names = tuple(label_names)
        self._accounts: dict[str, _AccountLines] = {}
        self._prices = _Prices()
        self._kept: _Kept | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The rendering of a whole configuration's accounts."""
        return cls(settings.label_names)

    async def accounts(self, views: Sequence[View], *, openmetrics: bool) -> list[str]:
        """The text of all account families, in parts to be joined; lets others run in between."""
        if self._kept is not None and self._kept.is_of(views, openmetrics):
            return self._kept.parts
        is_scrape = len(views) > 1  # a single one is a probe's, which is not to displace what a scrape asks for again
        if is_scrape:
            self._kept = None
        shown = []
        columns: list[list[str]] = [[] for _ in ACCOUNT_FAMILIES]
        for place, view in enumerate(views):
            if place % _PAUSE_EVERY_ACCOUNTS == _PAUSE_EVERY_ACCOUNTS - 1:
                await asyncio.sleep(0)
            lines = self._accounts.get(view.settings.name)
            if lines is None or lines.settings is not view.settings:
                lines = self._accounts[view.settings.name] = _AccountLines(
                    view.settings, self._label_names, self._prices
                )
            chunks = lines.of(view)
            shown.append((lines, chunks))
            for places, rendered in chunks:
                for family, text in zip(places, rendered, strict=True):
                    columns[family].append(text)
            for family, parts in lines.prices():
                columns[family] += parts
        parts = []
        for header, texts in zip(_headers(), columns, strict=True):
            if texts:
                parts.append(header[openmetrics])
                parts += texts
        if is_scrape and len(parts) <= _MOST_PARTS_KEPT * len(views):
            self._kept = _Kept(openmetrics, shown, parts)
        return parts


class _Kept(NamedTuple):
    """The parts of a whole scrape, for the next one if nothing has changed."""

    openmetrics: bool
    shown: "list[tuple[_AccountLines, list[Chunk]]]"
    parts: list[str]

    def is_of(self, views: Sequence[View], openmetrics: bool) -> bool:
        """Whether these views would give the same parts."""
        return (
            openmetrics == self.openmetrics
            and len(views) == len(self.shown)
            and all(
                lines.settings is view.settings and lines.are_of(view) and lines.chunks is chunks
                for view, (lines, chunks) in zip(views, self.shown, strict=True)
            )
        )


class _AccountLines:
    """One account's lines; what is the same as in the scrape before is kept."""

    def __init__(self, settings: AccountSettings, label_names: Sequence[str], prices: "_Prices") -> None:
        self.settings = settings
        labels = {"provider": settings.provider.id, "account": settings.name}
        labels |= {name: settings.labels.get(name, "") for name in label_names}
        text = _label_text(labels.keys(), labels.values())
        self._labels = text
        self._of_settings = _chunk(_columns(SettingsFamily), text, settings)
        self._apis = {api.name: _ApiLines(text, api.name, settings, prices) for api in settings.apis}
        self._observed: tuple[Observation, ...] = ()
        self._standing: object = None
        self._of_account: Chunk = (), ()
        self.chunks: list[Chunk] = []

    def of(self, view: View) -> list[Chunk]:
        """The lines of what was observed; an account gives the same observation again while nothing has changed."""
        if not self.are_of(view):
            self._observed = view.observations
            standing = view.standing
            if standing != self._standing:
                self._standing = standing
                self._of_account = _chunk(_columns(AccountFamily), self._labels, view)
            self.chunks = [self._of_settings, self._of_account]
            for observation in view.observations:
                self.chunks += self._apis[observation.api].of(observation)
        return self.chunks

    def are_of(self, view: View) -> bool:
        """Whether the lines are those of what this view observed."""
        observed = self._observed
        return len(observed) == len(view.observations) and not any(map(is_not, view.observations, observed))

    def prices(self) -> Iterator[tuple[int, list[str]]]:
        """The lines of price lists that were observed last, in parts to be joined, and their families' places."""
        for api in self._apis.values():
            yield from api.prices


class _ApiLines:
    """One api's lines: those of its readings are kept while these are the same."""

    def __init__(self, labels: str, name: str, settings: AccountSettings, prices: "_Prices") -> None:
        self._settings = settings
        self._prices = prices
        self._labels = labels
        self._labels_of_api = f'{labels},api="{name}"'
        api = settings.provider.apis[name]
        self._columns = _columns_of_readings(tuple(block for block in API_NAMES if getattr(api, block)))
        self._state: object = None
        self._of_state: Chunk = (), ()
        self._readings: Readings | None = None
        self._kept: Chunk = (), ()
        self.prices: tuple[tuple[int, list[str]], ...] = ()
        self._shared: tuple[_SharedLines, ...] = ()

    def of(self, observation: Observation) -> tuple[Chunk, ...]:
        """The lines of the readings, those of what was spent, and those of how the api does."""
        if observation.readings is not self._readings:
            self._readings = observation.readings
            self._render(observation.readings)
        state = observation.state
        if state != self._state:
            self._state = state
            self._of_state = _chunk(_columns(ApiStateFamily), self._labels_of_api, observation)
        of_call = _chunk(_columns(ApiFamily), self._labels_of_api, observation)
        if not observation.spent:
            return self._kept, self._of_state, of_call
        return self._kept, _chunk(_columns(SpendFamily), self._labels, observation), self._of_state, of_call

    def _render(self, readings: Readings | None) -> None:
        self._kept, self.prices, self._shared = ((), ()), (), ()
        if readings is None:
            return
        of_readings, of_prices = self._columns
        self._kept = _chunk(of_readings, self._labels, readings, self._settings)
        for column in of_prices:
            shared = self._prices.of(column, readings, self._settings)
            if shared.ends:
                self.prices += ((column.place, shared.after(column.beginning + self._labels)),)
                self._shared += (shared,)


class _SharedLines:
    """The lines of one price list without what an account's begin with."""

    __slots__ = ("__weakref__", "_readings", "ends")

    def __init__(self, readings: Readings, ends: list[str]) -> None:
        self._readings = readings  # for as long as they are there, no others have their `id`
        self.ends = ends

    def after(self, beginning: str) -> list[str]:
        """An account's lines, in parts: of a line it has two pointers for itself."""
        parts = [beginning] * (2 * len(self.ends))
        parts[1::2] = self.ends
        return parts


class _Prices:
    """Lines of price lists, kept once for all accounts that read the same list and show the same of it."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[tuple[object, ...], _SharedLines] = WeakValueDictionary()

    def of(self, column: "_Column", readings: Readings, settings: AccountSettings) -> _SharedLines:
        """The lines of a family of prices, which the account has to keep."""
        key = (column.place, id(readings), settings.price_countries, settings.price_currencies)
        lines = self._known.get(key)
        if lines is None:
            ends = [_end(column.labels, values, value) for values, value in column.samples(readings, settings)]
            lines = self._known[key] = _SharedLines(readings, ends)
        return lines


class _Column(NamedTuple):
    """A family: what its lines begin with before an account's labels, the labels after them, where samples come from.

    The same for all accounts: of its own, each would take a fifth of what an account takes.
    """

    place: int
    beginning: str
    labels: tuple[str, ...]
    samples: Callable[..., Iterable[Sample]]


@functools.cache
def _columns(
    kind: type[SettingsFamily | AccountFamily | ApiFamily | ApiStateFamily | ReadingFamily | SpendFamily],
) -> list[_Column]:
    """The families of a kind."""
    written = 1 if kind in {ApiFamily, ApiStateFamily} else 0
    return [
        _Column(place, f"{family.name}{{", family.labels[written:], family.samples)
        for place, family in enumerate(ACCOUNT_FAMILIES)
        if isinstance(family, kind)
    ]


@functools.cache
def _columns_of_readings(blocks: tuple[str, ...]) -> tuple[list[_Column], list[_Column]]:
    """The families that an api with those blocks can give, those of prices apart."""
    columns = [
        column
        for column in _columns(ReadingFamily)
        if (field := ACCOUNT_FAMILIES[column.place].field) is None or field[0] in blocks
    ]
    of_prices = [column for column in columns if isinstance(ACCOUNT_FAMILIES[column.place], PriceFamily)]
    return [column for column in columns if column not in of_prices], of_prices


_PLACES: dict[tuple[int, ...], tuple[int, ...]] = {}
"""Which families have lines, the same for most accounts: kept once."""


def _chunk(columns: Iterable[_Column], own: str, *of: object) -> Chunk:
    """The lines of those columns that have samples; `own` are the labels that all of them have."""
    places: tuple[int, ...] = ()
    texts = []
    for place, name, labels, samples in columns:
        text = ""
        for values, value in samples(*of):
            # Most have no label left: they are rendered for every account at every scrape.
            text += name + own + (_end(labels, values, value) if labels else f"}} {number(value)}\n")
        if text:
            places += (place,)
            texts.append(text)
    return _PLACES.setdefault(places, places), tuple(texts)


def _end(names: tuple[str, ...], values: tuple[str | None, ...], value: float) -> str:
    """What follows on the labels that an account's lines begin with; a label without a value isn't there."""
    text = ""
    for name, label in zip(names, values, strict=True):
        if label is not None:
            text += f',{name}="{escape(label)}"'
    return f"{text}}} {number(value)}\n"


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


class Text:
    """The text that parts make, in UTF-8, in pieces that are made when they are asked for.

    As a whole, that of thousands of accounts would keep a third of the memory from one scrape to the next, and be four
    times as large where a single wide character is in it. OpenMetrics says where it ends.
    """

    def __init__(self, parts: Sequence[str], *, openmetrics: bool = False) -> None:
        self._parts = parts
        self._end = b"# EOF\n" if openmetrics else b""

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._parts), _PARTS_AT_ONCE):
            yield "".join(self._parts[start : start + _PARTS_AT_ONCE]).encode()
        yield self._end

    @functools.cached_property
    def size(self) -> int:
        """Bytes."""
        if all(map(str.isascii, self._parts)):
            return sum(map(len, self._parts)) + len(self._end)
        return sum(map(len, self))


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


@functools.cache
def _headers() -> list[tuple[str, str]]:
    """The headers of the account families, the same whatever is configured.

    A textfile collector drops families whose help differs from file to file.
    """
    return [headers(family, f"{family.help}.{'' if family.field is None else _CACHED}") for family in ACCOUNT_FAMILIES]


def _line(name: str, labels: Mapping[str, str | None], value: float) -> str:
    text = _label_text(labels.keys(), labels.values())
    return f"{name}{{{text}}} {number(value)}\n" if text else f"{name} {number(value)}\n"


def _label_text(names: Iterable[str], values: Iterable[str | None]) -> str:
    labels = zip(names, values, strict=True)
    return ",".join(f'{name}="{escape(value)}"' for name, value in labels if value is not None)


def escape(value: str) -> str:
    """A label's value as both formats write it."""
    if value.isalnum():  # most are: a status, a channel, a country
        return value
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def number(value: float) -> str:
    """A value as both formats read it back exactly."""
    exact = float(value)
    return str(int(exact)) if exact.is_integer() and abs(exact) < 1e15 else repr(exact)


def compress(pieces: Iterable[bytes]) -> bytes:
    """Gzip at its fastest: a megabyte of metrics shrinks to a twentieth in 4 ms."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return b"".join([*map(packer.compress, pieces), packer.flush()])
