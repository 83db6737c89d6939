"""What goes wrong on demand: a fault for an account, an api or a provider until it is taken away."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter

Ending = Literal["whole", "hang", "reset", "truncate"]
"""How an answer ends: as it should; never (no header comes); with a reset; with half of its body missing."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Another answer than the true one.

    Without a status the true answer is given, though `delay_seconds` late and with `ending`. `times` is the
    number of calls after which the fault is over (None: never).
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    status: int | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delay_seconds: float = 0.0
    ending: Ending = "whole"
    times: int | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Whose calls a fault meets; None stands for all. A call without a known credential has no account."""

    account: str | None = None
    provider: str | None = None
    api: str | None = None


class Faults:
    """The faults in force. Where several fit a call, the one that names more of it counts, then the newer."""

    def __init__(self) -> None:
        self._faults: dict[Target, Fault] = {}

    def set(
        self, fault: Fault, *, account: str | None = None, provider: str | None = None, api: str | None = None
    ) -> None:
        """Let a fault happen; it replaces one of the same target."""
        target = Target(account, provider, api)
        self._faults.pop(target, None)
        self._faults[target] = fault

    def clear(self, *, account: str | None = None, provider: str | None = None, api: str | None = None) -> None:
        """Take away what was set for just this target; for no target all that was ever set."""
        target = Target(account, provider, api)
        if target == Target():
            self._faults.clear()
        self._faults.pop(target, None)

    def take(self, account: str | None, provider: str, api: str) -> Fault | None:
        """The fault that a call meets now, counted as having happened."""
        fitting = [
            target
            for target in self._faults
            if target.account in (None, account) and target.provider in (None, provider) and target.api in (None, api)
        ]
        if not fitting:
            return None
        target = max(reversed(fitting), key=_precision)
        fault = self._faults[target]
        if fault.times is not None:
            if fault.times <= 1:
                del self._faults[target]
            else:
                self._faults[target] = replace(fault, times=fault.times - 1)
        return fault


def _precision(target: Target) -> int:
    return sum(part is not None for part in (target.account, target.provider, target.api))


_FAULT = TypeAdapter(Fault)


def fault_from_json(document: Any) -> Fault:
    """A fault as the control endpoint takes it: the fields of `Fault`, the body as text.

    Raises:
        ValueError: a field is unknown, or its value is of another type.
    """
    return _FAULT.validate_python(document)
