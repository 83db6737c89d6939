"""What of a configuration may be a secret: the texts under `auth` and in a `proxy_url`, wherever else they stand."""

import re
from collections.abc import Iterator

from exporter.config import models
from exporter.documents.faults import HIDDEN, Path, closest, rendered
from exporter.documents.model import fields
from exporter.documents.reader import Value
from exporter.documents.report import Report
from exporter.providers.kinds import API_NAMES
from exporter.secrets.redaction import SHORTEST

_AUTH_KEYS = frozenset(fields(models.Auth))
_KNOWN = frozenset(fields(models.File)) | set(API_NAMES)
_SECRET_KEYS = {"auth", "proxy_url"}
_WORDS_FOR_SECRETS = frozenset(
    {"access", "api", "app", "auth", "authorization", "basic", "bearer", "client", "consumer", "credentials", "env"}
    | {"file", "header", "id", "key", "login", "name", "oauth", "oauth1", "oauth2", "pass", "passwd", "password"}
    | {"private", "refresh", "secret", "token", "user", "value"}
)


class Secrets:
    """The secrets that stand in one document (an alias can bring them elsewhere)."""

    def __init__(self, document: Value) -> None:
        self._texts = frozenset(_texts(document, False, set())) - {""}

    def is_secret(self, word: str) -> bool:
        """Whether a word is a secret, or holds one."""
        if word in _KNOWN:
            return False
        return word in self._texts or any(len(each) >= SHORTEST and each in word for each in self._texts)


def may_be_secret(key: str) -> bool:
    """Whether a key under `auth` that isn't valid there may be a secret that was written where a key belongs.

    It isn't where it is close to a key that belongs there, or made of words for credentials alone (`bearer_token`).
    """
    return not closest(key, _AUTH_KEYS) and not set(re.split("[_-]", key.lower())) <= _WORDS_FOR_SECRETS


def path_without_document(path: Path) -> str:
    """A path in a text that can't be read: only keys of our own are shown, any other may be a secret."""
    return rendered(step if isinstance(step, int) or step in _KNOWN else HIDDEN for step in path)


def warn_if_short(secret: str, path: Path, report: Report) -> None:
    """Notes a secret that can't be told from a word: it is hidden where it stands alone, and nowhere else."""
    if len(secret) < SHORTEST:
        message = "this secret is too short to be kept out of every text and metric"
        report.warn(path, message, f"take one of {SHORTEST} characters or more")


def _texts(part: Value, inside: bool, seen: set[tuple[int, bool]]) -> Iterator[str]:
    if isinstance(part, str):
        if inside:
            yield part
        return
    if part is None or (id(part), inside) in seen:
        return
    seen.add((id(part), inside))
    if isinstance(part, list):
        for item in part:
            yield from _texts(item, inside, seen)
        return
    for key, child in part.items():
        if inside and key not in _KNOWN and may_be_secret(key):
            yield key
        yield from _texts(child, inside or key in _SECRET_KEYS, seen)
