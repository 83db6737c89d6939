# ruff: noqa: INP001  # a module beside the pages, no package
"""Where a provider's answer holds the value of a metric, in words."""

from exporter.metrics.families import POSTPAID, Family
from exporter.providers.blocks import ContactsBlock, Features, Predicate, PricesBlock, Value, dotted
from exporter.providers.definition import Api, Definition
from exporter.providers.kinds import API_NAMES


def apis(provider: Definition) -> list[tuple[str, Api]]:
    """The apis of a provider with their names, in the order of the contract."""
    return [(name, provider.apis[name]) for name in API_NAMES if name in provider.apis]


def describe(form: Predicate) -> str:
    """A body's form in words."""
    parts = [f"`{dotted(pointer)}` is `{text}`" for pointer, text in form.where.items()]
    parts += [f"has `{dotted(pointer)}`" for pointer in form.has]
    return ", ".join([*parts, *(f"lacks `{dotted(pointer)}`" for pointer in form.lacks)])


def origin(api: Api, family: Family) -> str | None:
    """Where an api's answer holds a family's value and labels, of each block; None where it doesn't."""
    if family.field is None:
        return None
    if family.field == POSTPAID:
        return f"1 where {' or '.join(map(describe, api.postpaid))}" if api.postpaid else None
    block_name, value_name = family.field
    blocks = getattr(api, block_name) if block_name else api
    origins = [_origin_in(block, value_name, family) for block in (blocks if isinstance(blocks, tuple) else (blocks,))]
    return "<br>".join(dict.fromkeys(filter(None, origins))) or None


def _origin_in(block: object, value_name: str, family: Family) -> str | None:
    value = getattr(block, value_name, None)
    if isinstance(block, PricesBlock) and value is None:
        said = f"the members named like a currency in each `{block.each}`; `currency` is their name in capitals"
    elif isinstance(block, ContactsBlock) and family.name == "contacts_used_ratio":
        if block.limit is None:
            return None
        said = f"`{block.used.field_name}` ÷ `{block.limit.field_name}`"
    elif isinstance(value, Features):
        said = f"every boolean in `{dotted(value.pointer)}`; `feature` is its name"
    elif isinstance(value, Value):
        if value.field_name is None:
            return None
        said = f"`{value.field_name}`" if value.field_name else "the body"
    elif isinstance(value, str):
        said = f"every number in `{dotted(value)}`; `channel` is its name"
    else:
        return None
    labels = [_label_origin(label, getattr(block, label, None)) for label in family.labels if label != value_name]
    return "; ".join([said, *filter(None, labels)])


def _label_origin(label: str, value: object) -> str | None:
    if not isinstance(value, Value):
        return None
    if value.constant is not None:
        return f"`{label}` is always `{value.constant}`"
    return f"`{label}` is the name in its place" if value.key is not None else f"`{label}` from `{value.field_name}`"
