"""Gathers the faults of one configuration, and keeps its secrets out of them."""

import re

from exporter.config.models import AUTH_KEYS, FIELD_NAMES
from exporter.documents import Document, Problem, Value
from exporter.faults import HIDDEN, Fault, Path, closest, quoted, rendered
from exporter.providers.definition import API_NAMES

PATHS_ARE_RELATIVE = "paths are relative to the configuration file"
"""The hint for a file that isn't there."""

_KNOWN = FIELD_NAMES | set(API_NAMES)
_SECRET_KEYS = {"auth", "proxy_url"}
_SHORTEST_PART = 4
_WORDS_FOR_SECRETS = frozenset(
    {"access", "api", "app", "auth", "authorization", "basic", "bearer", "client", "consumer", "credentials", "env"}
    | {"file", "header", "id", "key", "login", "name", "oauth", "oauth1", "oauth2", "pass", "passwd", "password"}
    | {"private", "refresh", "secret", "token", "user", "value"}
)


class Report:
    """The faults and warnings about one document, each once, in the order of their lines.

    An operator's own word goes into a message only by `word`, which is left out where it is, or has in
    it, a text that also stands under `auth` or in a `proxy_url` (an alias can bring it elsewhere).
    """

    def __init__(self, file: str, document: Document) -> None:
        self.document = document
        self._file = file
        self._found: dict[Fault, None] = {}
        self._secrets = _secrets(document.value)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What makes the configuration unusable."""
        return self._sorted(warning=False)

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """What is merely unwise."""
        return self._sorted(warning=True)

    def problem(self, problem: Problem) -> None:
        """Notes what is wrong with the YAML itself."""
        self._found[Fault(self._file, problem.line, self._shown(problem.path), problem.message, problem.hint)] = None

    def fault(
        self, path: Path, message: str, hint: str = "", *, word: str | None = None, at: Path | None = None
    ) -> None:
        """Notes a fault; `{word}` in the message stands for an operator's word, `at` for another line's path."""
        self._add(path, message, hint, word, at, warning=False)

    def warn(self, path: Path, message: str, hint: str = "", *, word: str | None = None) -> None:
        """Notes a warning, as `fault` does."""
        self._add(path, message, hint, word, None, warning=True)

    def _add(self, path: Path, message: str, hint: str, word: str | None, at: Path | None, *, warning: bool) -> None:
        if word is not None and self._is_secret(word):
            message, hint = message.replace("{word}", "this"), ""
        elif word is not None:
            message = message.replace("{word}", quoted(word))
        line = self.document.line(path if at is None else at)
        self._found[Fault(self._file, line, self._shown(path), message, hint, warning)] = None

    def _shown(self, path: Path) -> str:
        return rendered(HIDDEN if isinstance(step, str) and self._is_secret(step) else step for step in path)

    def _is_secret(self, word: str) -> bool:
        if word in _KNOWN:
            return False
        return word in self._secrets or any(len(each) >= _SHORTEST_PART and each in word for each in self._secrets)

    def _sorted(self, *, warning: bool) -> tuple[Fault, ...]:
        return tuple(sorted((each for each in self._found if each.warning == warning), key=lambda each: each.line))


def may_be_secret(key: str) -> bool:
    """Whether a key under `auth` that isn't valid there may be a secret that was written where a key belongs.

    It isn't where it is close to a key that belongs there, or made of words for credentials alone (`bearer_token`).
    """
    return not closest(key, AUTH_KEYS) and not set(re.split("[_-]", key.lower())) <= _WORDS_FOR_SECRETS


def shown_without_document(path: Path) -> str:
    """A path in a text that can't be read: only keys of our own are shown, any other may be a secret."""
    return rendered(step if isinstance(step, int) or step in _KNOWN else HIDDEN for step in path)


def _secrets(value: Value) -> frozenset[str]:
    found: set[str] = set()
    seen: set[tuple[int, bool]] = set()

    def walk(part: Value, inside: bool) -> None:
        if isinstance(part, str):
            if inside:
                found.add(part)
            return
        if part is None or (id(part), inside) in seen:
            return
        seen.add((id(part), inside))
        if isinstance(part, list):
            for item in part:
                walk(item, inside)
            return
        for key, child in part.items():
            if inside and key not in _KNOWN and may_be_secret(key):
                walk(key, inside)
            walk(child, inside or key in _SECRET_KEYS)

    walk(value, False)
    return frozenset(found - {""})
