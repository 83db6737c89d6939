"""Lays thresholds over one another: built-in, `defaults`, account."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from exporter.config import models
from exporter.config.merge import Scope
from exporter.documents.faults import Path
from exporter.documents.model import Model
from exporter.documents.reader import Place
from exporter.documents.report import Report
from exporter.durations import format_duration
from exporter.settings import Pair, Thresholds

_DAY = 86400.0
_HALVES = ("warning", "critical")
_MOST_LIKELY_RATIO = 2.0


@dataclass(frozen=True, slots=True)
class _Written:
    """Where a limit is written; the later of two is the greater in `order`."""

    path: Path
    report: Report
    order: tuple[int, Place]


@dataclass(frozen=True, slots=True)
class _Limit:
    """One limit; one that is not written is built in."""

    value: float
    written: _Written | None = None


_Halves = dict[str, _Limit | None]
"""Limits by severity; None where one was removed."""


def _built_in(warning: float, critical: float) -> _Halves:
    return {"warning": _Limit(warning), "critical": _Limit(critical)}


def _built_in_credit() -> dict[str, _Halves]:
    return {currency: _built_in(100.0, 50.0) for currency in ("EUR", "USD", "GBP", "CHF")}


@dataclass(slots=True)
class _Credit:
    """The credit limits while scopes are merged: by pot beats by unit, that beats flat, flat beats built-in."""

    built_in: dict[str, _Halves] = field(default_factory=_built_in_credit)
    flat: _Halves = field(default_factory=dict)
    units: dict[str, _Halves] = field(default_factory=dict)
    wallets: dict[str, _Halves] = field(default_factory=dict)
    removed: bool = False

    def of(self, unit: str) -> _Halves:
        return {**self.built_in.get(unit, {}), **self.flat, **self.units.get(unit, {})}

    @property
    def any_written(self) -> bool:
        written = (self.flat, *self.units.values(), *self.wallets.values())
        return any(limit for halves in written for limit in halves.values())


def merge_thresholds(scopes: Sequence[Scope], *, postpaid: bool = False, unused: Collection[str] = ()) -> Thresholds:
    """The thresholds in force; pairs that the operator wrote the wrong way round are in the reports.

    `unused` are those that the account has no api for: of these the report doesn't say what is left out.
    """
    merge = _Merge(scopes, {*unused, *(("credit", "runway") if postpaid else ())})
    limits = merge.credit()
    account = scopes[-1].settings.thresholds
    without_runway = postpaid or (merge.without_credit and not _sets_any(account and account.runway))
    if without_runway:
        merge.silent.add("runway")
    runway = merge.pair("runway", _built_in(7 * _DAY, 2 * _DAY))
    if postpaid:
        merge.warn_of_postpaid()
        limits = Thresholds()
    if without_runway:
        runway = Pair()
    spike = merge.pair("spend_spike", {"warning": _Limit(5.0)})
    used = merge.pair("contacts_used_ratio", _built_in(0.8, 1.0), below=False)
    remaining = merge.pair("subscription_remaining", _built_in(30 * _DAY, 7 * _DAY))
    return replace(limits, runway=runway, spend_spike=spike, contacts_used_ratio=used, subscription_remaining=remaining)


def _sets_any(written: object) -> bool:
    if isinstance(written, Model):
        return any(_sets_any(getattr(written, name)) for name in written.given) or _sets_any(written.extras)
    return any(map(_sets_any, written.values())) if isinstance(written, Mapping) else written is not None


class _Merge:
    def __init__(self, scopes: Sequence[Scope], silent: set[str]) -> None:
        self._scopes = scopes
        self.silent = silent
        self.without_credit = False

    def credit(self) -> Thresholds:
        """The limits of credit alone."""
        merged = _Credit()
        for index, scope in enumerate(self._scopes):
            written = scope.settings.thresholds
            if _removed(scope.settings, "thresholds") or (written and _removed(written, "credit")):
                merged = _Credit(built_in={}, removed=True)
            elif written and written.credit:
                self._add_credit(merged, written.credit, index)
        self.without_credit = merged.removed and not merged.any_written
        units = {unit: merged.of(unit) for unit in {**merged.built_in, **merged.units}}
        return Thresholds(
            credit={unit: self._pair("credit", halves, unit=unit) for unit, halves in units.items()},
            credit_any=self._pair("credit", merged.flat),
            wallets={wallet: self._pair("credit", {**merged.flat, **own}) for wallet, own in merged.wallets.items()},
            wallets_by_unit={
                (wallet, unit): _beside(own, halves)
                for wallet, own in merged.wallets.items()
                for unit, halves in units.items()
            },
        )

    def _add_credit(self, merged: _Credit, credit: models.CreditLimits, index: int) -> None:
        path = ("thresholds", "credit")
        flat = self._halves(credit, index, path)
        for severity, limit in flat.items():
            # A flat limit is set anew for units and pots from which a weaker scope took theirs.
            for halves in (*merged.units.values(), *merged.wallets.values()):
                if limit is not None and halves.get(severity, limit) is None:
                    del halves[severity]
        merged.flat |= flat
        self._add_named(merged.units, credit.extras, index, path)
        if _removed(credit, "wallets"):
            merged.wallets.clear()
        self._add_named(merged.wallets, credit.wallets or {}, index, (*path, "wallets"))

    def _add_named(
        self, named: dict[str, _Halves], pairs: Mapping[str, models.NumberPair | None], index: int, path: Path
    ) -> None:
        for name, pair in pairs.items():
            halves = dict.fromkeys(_HALVES) if pair is None else self._halves(pair, index, (*path, name))
            named[name] = {**named.get(name, {}), **halves}

    def pair(self, key: str, halves: _Halves, *, below: bool = True) -> Pair:
        for index, scope in enumerate(self._scopes):
            written = scope.settings.thresholds
            if _removed(scope.settings, "thresholds") or (written and _removed(written, key)):
                halves = {}
            elif written and (pair := getattr(written, key)):
                halves = halves | self._halves(pair, index, ("thresholds", key))
        if not below:
            self._warn_of_percentages(halves)
        return self._pair(key, halves, below=below)

    def _halves(self, pair: Model, index: int, path: Path) -> _Halves:
        """The halves that a pair writes; `path` is the pair's, below the scope."""
        scope, halves = self._scopes[index], _Halves()
        for severity in _HALVES:
            if severity in pair.given:
                value = getattr(pair, severity)
                at = (*scope.path, *path, severity)
                order = (index, scope.report.document.place(at))
                halves[severity] = None if value is None else _Limit(value, _Written(at, scope.report, order))
        return halves

    def _pair(self, key: str, halves: Mapping[str, _Limit | None], *, unit: str = "", below: bool = True) -> Pair:
        warning, critical = halves.get("warning"), halves.get("critical")
        if warning and critical and _wrong_way(warning.value, critical.value, below=below):
            if warning.written and critical.written:
                _refuse(warning.written, critical.written, below=below)
            elif warning.written:
                self._warn_of_left_out(key, "critical", critical.value, unit, warning.written, above=below)
                critical = None
            elif critical.written:
                self._warn_of_left_out(key, "warning", warning.value, unit, critical.written, above=not below)
                warning = None
        return Pair(warning.value if warning else None, critical.value if critical else None)

    def _warn_of_left_out(
        self, key: str, severity: str, value: float, unit: str, beside: _Written, *, above: bool
    ) -> None:
        """A built-in half would stand the wrong way round beside the operator's, which is at a path.

        It is told once of all units where the operator's is for every unit.
        """
        # What defaults says alone is in force nowhere: an account may write the other half.
        if key not in self.silent and len(self._scopes) > 1:
            limit = _format_limit(key, value, unit if unit in beside.path else "")
            relation = f"it is {'above' if above else 'below'} this {beside.path[-1]}"
            message = f"the built-in {severity} of {limit} is left out: {relation}"
            beside.report.warn(beside.path, message, f"write {severity} too, or {severity}: null to have none")

    def _warn_of_percentages(self, halves: _Halves) -> None:
        for limit in halves.values():
            if limit and limit.written and limit.value > _MOST_LIKELY_RATIO:
                message = "a ratio this high is never reached"
                limit.written.report.warn(limit.written.path, message, "1 is a full quota, 0.8 is 80 %")
                self.silent.add("contacts_used_ratio")

    def warn_of_postpaid(self) -> None:
        """A postpaid account has neither of the two; what it writes itself is for nothing."""
        scope = self._scopes[-1]
        account = scope.settings.thresholds
        for key in ("credit", "runway"):
            if account and _sets_any(getattr(account, key)):
                message = "no effect: a postpaid account has no credit and no runway threshold"
                scope.report.warn((*scope.path, "thresholds", key), message, "remove it, or billing: postpaid")


def _refuse(warning: _Written, critical: _Written, *, below: bool) -> None:
    last, other = (warning, critical) if warning.order > critical.order else (critical, warning)
    names = ("warning", "critical") if last is warning else ("critical", "warning")
    higher = (last is warning) != below
    relation = "above" if higher else "below"
    where = f"line {other.order[1][0]}" + ("" if other.report is last.report else f" of {other.report.file}")
    message = f"{names[0]} is {relation} the {names[1]} of {where}"
    hint = f"a warning comes first, so it is the {'higher' if below else 'lower'} of the two"
    last.report.fault(last.path, message, hint)


def _removed(settings: Model, key: str) -> bool:
    return key in settings.given and getattr(settings, key) is None


def _beside(own: _Halves, of_unit: _Halves) -> Pair:
    """A pot's own limits, and of its unit's those that stand the right way round beside them.

    Which pot has which unit the answers tell, so the one that is left out is no fault.
    """
    warning, critical = ({**of_unit, **own}.get(severity) for severity in _HALVES)
    if warning and critical and _wrong_way(warning.value, critical.value, below=True):
        warning, critical = own.get("warning"), own.get("critical")
    return Pair(warning.value if warning else None, critical.value if critical else None)


def _format_limit(key: str, value: float, unit: str) -> str:
    """A limit as an operator would write it, with its unit."""
    return format_duration(value) if key in {"runway", "subscription_remaining"} else f"{value:g} {unit}".rstrip()


def _wrong_way(warning: float, critical: float, *, below: bool) -> bool:
    return warning < critical if below else warning > critical
