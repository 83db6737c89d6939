"""Gathers the faults and warnings of one document, and keeps what may be secret out of them."""

from collections.abc import Callable, Iterable

from exporter.documents.faults import HIDDEN, ConfigError, Fault, Path, quoted, rendered
from exporter.documents.reader import Document, YamlFault

PATHS_ARE_RELATIVE = "paths are relative to this file"
"""The hint for a file that isn't there."""


class Report:
    """The faults and warnings about one document, each once, in the order of their lines.

    An operator's own word goes into a message only by `word`, which is left out where `is_secret` says that it is,
    or holds, a secret. Keys that are secrets are hidden in paths. Without `quotes` no value is shown.
    """

    def __init__(
        self,
        file: str,
        document: Document,
        is_secret: Callable[[str], bool] = lambda _word: False,
        *,
        quotes: bool = True,
    ) -> None:
        self.document = document
        self._quotes = quotes
        self.file = file
        self._is_secret = is_secret
        self._faults: dict[Fault, None] = {}
        self._warnings: dict[Fault, None] = {}
        for fault in document.faults:
            self._note(fault)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What makes the document unusable."""
        return _sorted(self._faults)

    @property
    def fault_count(self) -> int:
        """How many faults there are by now."""
        return len(self._faults)

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """What is merely unwise."""
        return _sorted(self._warnings)

    def raise_faults(self) -> None:
        """Raises.

        Raises:
            ConfigError: there are faults; it has the warnings too.
        """
        if self.faults:
            raise ConfigError(self.faults, self.warnings)

    def fault(
        self, path: Path, message: str, hint: str = "", *, word: str | None = None, at: Path | None = None
    ) -> None:
        """Notes a fault; `{word}` in the message stands for an operator's word, `at` for another line's path."""
        self._add(path, message, hint, word, at, warning=False)

    def warn(self, path: Path, message: str, hint: str = "", *, word: str | None = None) -> None:
        """Notes a warning, as `fault` does."""
        self._add(path, message, hint, word, None, warning=True)

    def shown(self, value: object) -> str | None:
        """A value as it was written, in quotes; None where there is no text, or it may be secret.

        A URL's user part may be, and its query.
        """
        if not self._quotes or not isinstance(value, str) or not value or self._is_secret(value):
            return None
        return None if "://" in value and not {"@", "?"}.isdisjoint(value) else quoted(value)

    def _note(self, fault: YamlFault) -> None:
        self._faults[Fault(self.file, fault.line, self._render(fault.path), fault.message, fault.hint)] = None

    def _add(self, path: Path, message: str, hint: str, word: str | None, at: Path | None, *, warning: bool) -> None:
        if word is not None and self._is_secret(word):
            message, hint = message.replace("{word}", "this"), ""
        elif word is not None:
            message = message.replace("{word}", quoted(word))
        line = self.document.line(path if at is None else at)
        found = self._warnings if warning else self._faults
        found[Fault(self.file, line, self._render(path), message, hint, warning)] = None

    def _render(self, path: Path) -> str:
        return rendered(HIDDEN if isinstance(step, str) and self._is_secret(step) else step for step in path)


def _sorted(found: Iterable[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(found, key=lambda each: each.line))
