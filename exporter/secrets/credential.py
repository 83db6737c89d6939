"""What an account signs in with: a form of `sign_in` with its secrets, and what of them nobody may see."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from exporter.secrets import redaction
from exporter.secrets.forms import encoded
from exporter.secrets.secret import Secret
from exporter.sign_in import FORMS

_SHORTEST_CONFIDENTIAL = 8


class Confidential:
    """Texts that may not be shown, in every form in which they are sent or may be given back; never shown itself."""

    __slots__ = ("_forms",)

    def __init__(self, values: Iterable[str] = ()) -> None:
        """Takes them as they are."""
        self._forms = {form.casefold() for value in values for form in (value, *encoded(value))}

    def is_in(self, text: str) -> bool:
        """Whether a text holds one of them, in whatever case."""
        folded = text.casefold()
        return any(form in folded for form in self._forms)

    def __repr__(self) -> str:
        return redaction.SHOWN

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a secret isn't pickled")


@dataclass(frozen=True, slots=True)
class Credential:
    """The name of a form in `sign_in.FORMS` and its parts, by their names.

    Making one checks each part for the characters that its place in a request allows (`SecretError`).
    """

    form: str
    secrets: Mapping[str, Secret]
    _hidden: list[redaction.Hidden] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, secret in self.secrets.items():
            secret.hold_to(FORMS[self.form].characters(name))
        self._hide()

    def values(self) -> dict[str, str]:
        """The parts as they are now."""
        return {name: secret.value() for name, secret in self.secrets.items()}

    def confidential(self) -> Confidential:
        """What nobody may see of it: all but a user's name, and nothing so short that it may be a word."""
        form, values = FORMS[self.form], self.values()
        texts = [values[part.name] for part in form.parts if part.confidential and part.name in values]
        if form.joined is not None:
            texts.append(form.joined(values))
        return Confidential(text for text in texts if len(text) >= _SHORTEST_CONFIDENTIAL)

    def refresh(self) -> bool:
        """Reads files that changed again, and says whether any value is another one."""
        changed = [secret.refresh() for secret in self.secrets.values()]
        if any(changed):
            self._hide()
        return any(changed)

    def _hide(self) -> None:
        joined = FORMS[self.form].joined
        if joined is not None:
            self._hidden[:] = [redaction.register_base64(joined(self.values()))]

    def __hash__(self) -> int:
        return hash((self.form, frozenset(self.secrets.items())))
