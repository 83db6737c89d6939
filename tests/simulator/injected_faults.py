"""What goes wrong on demand: a fault injected for an account, an api or a provider until it is taken away."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from pydantic import ConfigDict, TypeAdapter

from exporter.simulator.sending import Answer
from exporter.simulator.server import Call


@dataclass(frozen=True, slots=True)
class InjectedFault(Answer):
    """Another answer than the usual one.

    Without a status the usual answer is given, though `delay_seconds` late and with `ending`. `times` is the
    number of calls after which the fault is over (None: never).
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    times: int | None = None

    def change(self, usual: Answer) -> Answer:
        """What is answered in place of the usual answer."""
        if self.status is None:
            return replace(usual, delay_seconds=self.delay_seconds, ending=self.ending)
        return self


@dataclass(frozen=True, slots=True)
class Target:
    """Whose calls an injected fault meets; None stands for all. A call without a known credential has no account."""

    account: str | None = None
    provider: str | None = None
    api: str | None = None


class InjectedFaults:
    """The injected faults in force. Where several fit a call, the one that names more of it counts, then the newer."""

    def __init__(self) -> None:
        self._faults: dict[Target, InjectedFault] = {}

    def inject(
        self, fault: InjectedFault, *, account: str | None = None, provider: str | None = None, api: str | None = None
    ) -> None:
        """Let a fault happen from now on; it replaces one of the same target."""
        target = Target(account, provider, api)
        self._faults.pop(target, None)
        self._faults[target] = fault

    def clear(self, *, account: str | None = None, provider: str | None = None, api: str | None = None) -> None:
        """Take away what was set for just this target; for no target all that was ever set."""
        target = Target(account, provider, api)
        if target == Target():
            self._faults.clear()
        self._faults.pop(target, None)

    def answer(self, call: Call, usual: Answer) -> Answer:
        """What a call is answered now; a fault that it meets is counted as having happened."""
        fault = self._take(call.account or None, call.provider, call.api)
        return usual if fault is None else fault.change(usual)

    def _take(self, account: str | None, provider: str, api: str) -> InjectedFault | None:
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


_INJECTED_FAULT = TypeAdapter(InjectedFault)


def read_injected_fault(document: Any) -> InjectedFault:
    """An injected fault as the control endpoint takes it: the fields of `InjectedFault`, the body as text.

    Raises:
        ValueError: a field is unknown, or its value is of another type.
    """
    return _INJECTED_FAULT.validate_python(document)
