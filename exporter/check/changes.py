"""`--changes`: the accounts whose state is another than in the run before, so that cron mails once a crossing."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from exporter import files
from exporter.check.health import Severity
from exporter.check.result import Checked, Result

logger = logging.getLogger(__name__)

_MOST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Before:
    """The states in which the run before found accounts, by name, and the file that remembers them."""

    file: Path
    states: Mapping[str, str]

    @classmethod
    def read(cls, file: Path | None) -> Self | None:
        """What a file remembers, nothing where there is none yet; None, so that all is told, where it can't be had."""
        try:
            return None if file is None else cls(file, _states(file))
        except files.FileError as error:
            logger.error("States can't be remembered", extra={"file": str(file), "err": str(error)})  # noqa: TRY400
            return None

    def only_changed(self, result: Result) -> Result:
        """A result with the accounts alone that have changed; one that nobody has seen before was fine."""
        if not result.accounts:
            return result
        changed = tuple(account for account in result.accounts if self._is_changed(account))
        return replace(result, accounts=changed, of_all=result.severity)

    def remember(self, result: Result) -> None:
        """Write the states of now, and keep those of the accounts that weren't asked."""
        states = {**self.states, **{account.name: account.severity.word for account in result.accounts}}
        beside = self.file.with_name(f"{self.file.name}.new")  # half a file is never read
        try:
            beside.write_text(json.dumps(states, indent=2, ensure_ascii=False) + "\n", "utf-8")
            beside.replace(self.file)
        except OSError as error:
            logger.error("States can't be remembered", extra={"file": str(self.file), "err": error.strerror})  # noqa: TRY400

    def _is_changed(self, account: Checked) -> bool:
        return account.severity.word != self.states.get(account.name, Severity.FINE.word)


def _states(file: Path) -> Mapping[str, str]:
    try:
        states = json.loads(files.read(file, _MOST_BYTES))
    except files.FileError as error:
        if error.is_missing:
            return {}
        raise
    except (ValueError, RecursionError):
        raise files.FileError("it is not JSON") from None
    if not isinstance(states, dict):
        raise files.FileError("it doesn't hold the states of accounts")
    return {name: str(state) for name, state in states.items()}
