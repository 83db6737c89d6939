"""What the answers of one URL tell, without secrets; what is the same as before isn't looked at again."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from exporter.client.http import Answer
from exporter.failure import invalid_response
from exporter.providers import extract
from exporter.providers.definition import Api, Definition
from exporter.readings import Readings
from exporter.secrets import redaction
from exporter.secrets.credential import Confidential
from exporter.secrets.redaction import SHOWN

READ_IN_THREAD_BYTES = 64 * 1024
"""A larger answer would hold up the others while it is read, and fill memory if it were kept."""

_READER = ThreadPoolExecutor(1, "reader")
"""One large answer is read at a time: each takes many times its size."""


class Reader:
    """Reads an api's answers, and keeps what it read last: most answers are the same as the one before."""

    __slots__ = ("_api", "_definition", "_harmless", "_names_last", "_read_last")

    def __init__(self, definition: Definition, api: Api) -> None:
        self._definition = definition
        self._api = api
        self._names_last: tuple[tuple[tuple[str, ...], Confidential, int], tuple[str, ...]] | None = None
        self._read_last: tuple[tuple[int, bytes, Confidential, int], Readings] | None = None
        self._harmless: tuple[str, Confidential, int] | None = None
        """The texts that held no secret last: numbers change, names hardly ever."""

    def header_names(self, names: tuple[str, ...], secrets: Confidential) -> tuple[str, ...]:
        """An answer's header names without secrets."""
        of = (names, secrets, redaction.generation())
        if self._names_last is None or self._names_last[0] != of:
            shown = tuple(SHOWN if secrets.is_in(name) or redaction.holds(name) else name for name in names)
            self._names_last = of, shown
        return self._names_last[1]

    async def readings(self, answer: Answer, secrets: Confidential) -> Readings:
        """What an answer tells.

        Raises:
            FailureError: the answer tells a failure, can't be read, or gives the account's own secret back.
        """
        read = (answer.status, answer.body, secrets, redaction.generation())
        if self._read_last is not None and self._read_last[0] == read:
            return self._read_last[1]
        is_large = len(answer.body) > READ_IN_THREAD_BYTES
        if is_large:
            readings = await asyncio.get_running_loop().run_in_executor(_READER, self._read, answer, secrets)
        else:
            readings = self._read(answer, secrets)
        self._read_last = None if is_large else (read, readings)
        return readings

    def _read(self, answer: Answer, secrets: Confidential) -> Readings:
        """The readings of an answer without secrets.

        Who gives the account's own back isn't believed at all. What holds any other that is known, one that is so short
        that it may be a word, or one in a public list, is left out.
        """
        generation = redaction.generation()
        readings = extract.answer(answer.status, answer.body, self._definition, self._api)
        # No secret has a line break: one search for all of the texts.
        texts = "\n".join(dict.fromkeys(readings.texts()))
        if (texts, secrets, generation) == self._harmless:
            return readings
        if secrets.is_in(texts):
            raise invalid_response("the answer gives the account's secret back as a value")
        if not redaction.holds(texts):
            if len(texts) < READ_IN_THREAD_BYTES:
                self._harmless = texts, secrets, generation
            return readings
        shown = readings.without(redaction.holds)
        if readings.prices and not shown.prices:
            raise invalid_response("every price of the answer holds a secret")
        return shown
