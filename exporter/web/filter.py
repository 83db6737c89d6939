"""Which accounts the page shows: a text and a state, as they stand in its address."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from exporter.check.health import Severity

_STATES = {severity.word: severity for severity in Severity}


@dataclass(frozen=True, slots=True)
class Filter:
    """Every word of `text` must stand in what the page says of an account; no `state` is any."""

    text: str = ""
    state: Severity | None = None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> Self:
        """The filter of an address's parameters `q` and `state`.

        Raises:
            ValueError: there is no such state; its text says which there are.
        """
        state = query.get("state", "")
        if state and state not in _STATES:
            raise ValueError(f"state is one of {', '.join(_STATES)}")
        return cls(" ".join(query.get("q", "").split()), _STATES.get(state))

    @property
    def words(self) -> list[str]:
        """The words of the text, in lower case."""
        return self.text.casefold().split()

    @property
    def address(self) -> str:
        """The address of the page with this filter, relative to it."""
        given = {"q": self.text, "state": "" if self.state is None else self.state.word}
        return f"?{urlencode({name: value for name, value in given.items() if value})}"

    def of(self, state: Severity) -> "Filter":
        """The same text, in this state."""
        return replace(self, state=state)
