"""What lies in a provider's folder beside its definition: recorded answers, and what is expected.

`answers/API.SITUATION.STATUS.json` (or `.txt`, `.xml`) is an answer. `expected.yml` says what each comes to, and how
each api is asked:

    answers:
      FILE: the readings by the names of `exporter.readings`, without what is None or empty, times as ISO 8601;
            or the reason of the failure, a bare word
    requests:
      API:
        FORM: the method and the URL, then a line for each header that proves who asks, with the secrets of
              `tests.sign_in`, and the body; what differs each time is `…`, and a public api has the one form `public`.
              Where a call of its own signs in, that one first, and an empty line
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from exporter.documents import reader
from exporter.failure import Failure, FailureError, Reason
from exporter.providers import catalogue, extract
from exporter.providers.definition import Api, Definition
from exporter.readings import Readings

DEFINITIONS = Path(catalogue.__file__).parent / "definitions"
FOLDERS = sorted(path.parent for path in DEFINITIONS.glob("*/provider.yml"))
SUFFIXES = (".json", ".txt", ".xml")


@dataclass(frozen=True)
class Answer:
    """A recorded answer and the api that it is of."""

    path: Path
    provider: Definition
    api_name: str
    situation: str
    status: int

    @property
    def folder(self) -> Path:
        return self.path.parent.parent

    @property
    def api(self) -> Api:
        return self.provider.apis[self.api_name]

    def __str__(self) -> str:
        return f"{self.provider.id}/{self.path.name}"

    def read(self) -> Readings | Failure:
        """What the definition makes of it."""
        try:
            return extract.answer(self.status, self.path.read_bytes(), self.provider, self.api)
        except FailureError as error:
            return error.failure


@dataclass(frozen=True)
class Expected:
    """A provider's `expected.yml`."""

    answers: Mapping[str, Readings | Reason]
    requests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def _answer(path: Path) -> Answer:
    provider = path.parent.parent.name
    parts = path.name.split(".")
    if len(parts) != 4 or not parts[2].isdigit():
        raise ValueError(f"{provider}/answers/{path.name}: name it API.SITUATION.STATUS{path.suffix}")
    definition = catalogue.builtin().get(provider)
    if definition is None:
        raise ValueError(f"definitions/{provider}/provider.yml: the folder's name has to be its id")
    if parts[0] not in definition.apis:
        raise ValueError(f"{provider}/answers/{path.name}: {provider} has no api {parts[0]}")
    return Answer(path, definition, parts[0], parts[1], int(parts[2]))


def answers(folder: Path) -> list[Answer]:
    """The recorded answers of a provider, in the order of their names."""
    return [_answer(path) for path in sorted((folder / "answers").iterdir()) if path.suffix in SUFFIXES]


@cache
def expected(folder: Path) -> Expected:
    """What a provider's folder expects; a key that nobody knows is an error."""
    written = _with_unix_seconds(reader.read((folder / "expected.yml").read_bytes()).value)
    return TypeAdapter(Expected).validate_python(written, extra="forbid")


def _with_unix_seconds(value: reader.Value) -> object:
    if isinstance(value, dict):
        return {
            key: datetime.fromisoformat(inner).timestamp()
            if isinstance(inner, str) and key.endswith("_timestamp_seconds")
            else _with_unix_seconds(inner)
            for key, inner in value.items()
        }
    return [_with_unix_seconds(inner) for inner in value] if isinstance(value, list) else value


ANSWERS = [answer for folder in FOLDERS for answer in answers(folder)]
"""Every recorded answer of every provider, by provider and name."""
