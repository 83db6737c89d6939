"""What of a configuration may be a secret: the texts under `auth` and in a `proxy_url`, wherever else they stand."""

import re
from collections.abc import Collection, Iterable, Iterator

from exporter.config import models
from exporter.documents.faults import HIDDEN, Path, closest, rendered
from exporter.documents.model import all_keys
from exporter.documents.reader import Value
from exporter.documents.report import Report
from exporter.providers.kinds import API_NAMES
from exporter.secrets.redaction import SHORTEST

AUTH_KEYS = frozenset(all_keys(models.Auth))
"""The keys under `auth`, those of its forms' parts among them."""

_KNOWN = frozenset(all_keys(models.File)) | set(API_NAMES)
_SECRET_KEYS = {"auth", "proxy_url"}
_LONGEST_SLIP = 4
_WORDS_FOR_SECRETS = frozenset(
    {"access", "api", "app", "auth", "authorization", "basic", "bearer", "client", "consumer", "credentials", "env"}
    | {"file", "header", "id", "key", "login", "name", "oauth", "oauth1", "oauth2", "pass", "passwd", "password"}
    | {"private", "refresh", "secret", "token", "user", "value"}
)


class Secrets:
    """The secrets that stand in one document (an alias can bring them elsewhere).

    `keys` are those that providers' own parts have under `auth`.
    """

    def __init__(self, document: Value, keys: Collection[str] = ()) -> None:
        self._known = _KNOWN.union(keys)
        self._texts = frozenset(_texts(document, False, set(), AUTH_KEYS.union(keys))) - {""}

    def is_secret(self, word: str) -> bool:
        """Whether a word is a secret, or holds one."""
        if word in self._known:
            return False
        return word in self._texts or any(len(each) >= SHORTEST and each in word for each in self._texts)


def may_be_secret(key: str, known: Iterable[str] = AUTH_KEYS) -> bool:
    """Whether a key under `auth` that isn't valid there may be a secret that was written where a key belongs.

    It isn't where it is close to a key that belongs there, in its length too, or made of words for credentials alone
    (`bearer_token`).
    """
    close = closest(key, known)
    if close is not None and abs(len(close) - len(key)) <= _LONGEST_SLIP:
        return False
    return not set(re.split("[_-]", key.lower())) <= _WORDS_FOR_SECRETS


def path_without_document(path: Path) -> str:
    """A path in a text that can't be read: only keys of our own are shown, any other may be a secret."""
    return rendered(step if isinstance(step, int) or step in _KNOWN else HIDDEN for step in path)


def warn_if_short(secret: str, path: Path, report: Report) -> None:
    """Notes a secret that can't be told from a word: it is hidden where it stands alone, and nowhere else."""
    if len(secret) < SHORTEST:
        message = "this secret is too short to be kept out of every text and metric"
        report.warn(path, message, f"take one of {SHORTEST} characters or more")


def _texts(part: Value, inside: bool, seen: set[tuple[int, bool]], keys: Collection[str]) -> Iterator[str]:
    if isinstance(part, str):
        if inside:
            yield part
        return
    if part is None or (id(part), inside) in seen:
        return
    seen.add((id(part), inside))
    if isinstance(part, list):
        for item in part:
            yield from _texts(item, inside, seen, keys)
        return
    for key, child in part.items():
        if inside and key not in keys and key not in _KNOWN and may_be_secret(key, keys):
            yield key
        yield from _texts(child, inside or key in _SECRET_KEYS, seen, keys)
