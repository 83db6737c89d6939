"""The sign-in forms of one provider: the table's, with the parts that its definition gives them."""

from dataclasses import replace

from exporter.providers.definition import Definition
from exporter.sign_in import FORMS, SIGNATURES, Form, Part


def form_of(definition: Definition, name: str) -> Form:
    """A form of the table as a provider takes it.

    `keys` has the provider's own parts, and its signature's optional ones. A part that a header holds, by a template or
    a signature, has a header's characters.
    """
    form, sign_in = FORMS[name], definition.sign_in[name]
    if name != "keys":
        return form
    signature = SIGNATURES.get(sign_in.signature or "")
    optional = () if signature is None else signature.optional_parts
    in_headers = set(sign_in.parts) if signature else names_in_headers(definition)
    parts = dict.fromkeys((*sign_in.parts, *optional))
    return replace(
        form,
        parts=tuple(Part(each, "header" if each in in_headers or each in optional else "text") for each in parts),
        optional=optional,
    )


def names_in_headers(definition: Definition) -> set[str]:
    """Every name that stands in a header."""
    requests = [*definition.apis.values(), *(each.session for each in definition.sign_in.values() if each.session)]
    texts = (text for request in requests for place, text in request.templates() if place[0] == "headers")
    return {name for text in texts for name in text.names}
