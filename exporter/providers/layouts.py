"""Readings laid into a sketch of an answer, by an api's blocks."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from exporter.providers import spellings, values
from exporter.providers.blocks import CreditBlock, Predicate, PricesBlock, SubscriptionBlock, Value
from exporter.providers.definition import Api
from exporter.providers.sketch import ConflictError, Sketch
from exporter.providers.values import steps
from exporter.readings import Credit, MessagePrice, Readings, Subscription

_UNKNOWN_WORD = "UNKNOWN"
_NO_FLAG = "unknown"


def sketches(readings: Readings, api: Api) -> Iterator[Sketch]:
    """Every way in which the readings may lie in an answer."""
    sketch = Sketch()
    try:
        if readings.account_id is not None:
            put(sketch, api.account_id, spellings.text(api.account_id or _ABSENT, readings.account_id))
        if readings.postpaid:
            for predicate in api.postpaid:
                yield from fitting(sketch, predicate)
            return
        if readings.subscription is not None:
            _subscription(sketch, api.subscription, readings.subscription)
        if readings.contacts is not None:
            for name in ("used", "limit", "lists"):
                _optional(sketch, api.contacts, name, readings.contacts, spellings.number)
        _prices(sketch, api.prices, readings.prices)
    except ConflictError:
        return
    yield from (pots.root for pots in _laid(_Pots(sketch), readings.credits, api.credit))


_ABSENT = Value(constant="")
"""Stands for a value that the definition doesn't have."""


def put(item: Sketch, value: Value | None, wanted: spellings.Spellings, names: Mapping[str, str] | None = None) -> None:
    """Put one value where the definition finds it."""
    if value is None:
        raise ConflictError
    if any(values.plain_text(each) in value.none for each in wanted):
        raise ConflictError
    fixed = value.constant if value.constant is not None else (names or {}).get(value.key or "")
    if fixed is not None:
        if fixed not in {values.plain_text(each) for each in wanted}:
            raise ConflictError
        return
    if value.pointer is None:
        raise ConflictError
    item.at(value.pointers[0]).put(wanted, value.pattern)


def _optional(
    item: Sketch,
    block: Any,
    name: str,
    reading: Any,
    spell: Callable[[Value, Any], spellings.Spellings],
    names: Mapping[str, str] | None = None,
) -> None:
    """Put a value of a reading by the block's value of the same name; one that is None stands nowhere."""
    wanted = getattr(reading, name)
    value = getattr(block, _BLOCK_NAMES.get(name, name), None)
    if wanted is None:
        return
    if value is None:
        raise ConflictError
    put(item, value, spell(value, wanted), names)


_BLOCK_NAMES = {
    "last_recharge_timestamp_seconds": "last_recharge",
    "expires_timestamp_seconds": "expires",
    "start_timestamp_seconds": "start",
    "end_timestamp_seconds": "end",
}


def _members(item: Sketch, pointer: str | None, members: Mapping[str, Any], spell: Callable[..., Any]) -> None:
    if pointer is None:
        raise ConflictError
    part = item.at(pointer)
    part.is_object = True
    for name, wanted in members.items():
        part.into(name).put((_NO_FLAG,) if wanted is None else spell(_ABSENT, wanted))


def _subscription(item: Sketch, block: SubscriptionBlock | None, plan: Subscription) -> None:
    if block is None:
        raise ConflictError
    words = tuple(word for word, status in block.statuses.items() if status == plan.status)
    put(item, block.status, words or (_UNKNOWN_WORD,))
    _optional(item, block, "subscription_id", plan, spellings.text)
    _optional(item, block, "plan", plan, spellings.text)
    _optional(item, block, "start_timestamp_seconds", plan, spellings.instant)
    _optional(item, block, "end_timestamp_seconds", plan, spellings.instant)
    _optional(item, block, "auto_renew", plan, spellings.flag)
    _optional(item, block, "max_contacts", plan, spellings.number)
    if plan.features is not None:
        if block.features is None or plan.features.keys() & set(block.features.ignore):
            raise ConflictError
        _members(item, block.features.pointer, plan.features, spellings.flag)


@dataclass(slots=True)
class _Pots:
    """The pots that are laid: the whole answer, and of each item the blocks that find a pot in it."""

    root: Sketch
    items: list[tuple[str, tuple[str, ...], dict[str, str], set[int]]] = field(default_factory=list)

    def copy(self) -> "_Pots":
        return _Pots(self.root.copy(), [(each, path, names, {*used}) for each, path, names, used in self.items])

    def item(self, path: Iterable[str]) -> Sketch:
        part = self.root
        for step in path:
            part = part.members[step]
        return part


def _laid(pots: _Pots, told: tuple[Credit, ...], blocks: tuple[CreditBlock, ...]) -> Iterator[_Pots]:
    """Every way to lay pots by the blocks: each into an item of its own, or into one where another block finds one."""
    if not told:
        yield pots
        return
    for number, block in enumerate(blocks):
        known = [
            place for place, (each, _, _, used) in enumerate(pots.items) if each == block.each and number not in used
        ]
        for place in (None, *known):
            made = pots.copy()
            try:
                _lay(made, place, told[0], block, number)
            except ConflictError:
                continue
            yield from _laid(made, told[1:], blocks)


def _lay(pots: _Pots, place: int | None, credit: Credit, block: CreditBlock, number: int) -> None:
    if place is None:
        names = _bound(block.each, [(block.currency, credit.currency), (block.wallet, credit.wallet)])
        pots.items.append((block.each, _new_item(pots.root, block.each, names), names, set()))
        place = -1
    _, path, names, used = pots.items[place]
    used.add(number)
    item = pots.item(path)
    for pointer, text in block.where.items():
        item.at(pointer).put(spellings.literal(text))
    if credit.wallet is None and block.wallet is not None:
        raise ConflictError
    _optional(item, block, "balance", credit, spellings.number, names)
    _optional(item, block, "currency", credit, spellings.currency, names)
    _optional(item, block, "wallet", credit, spellings.text, names)
    _optional(item, block, "overdraft", credit, spellings.number, names)
    _optional(item, block, "expires_timestamp_seconds", credit, spellings.instant, names)
    _optional(item, block, "expiring", credit, spellings.number, names)
    _optional(item, block, "last_recharge_timestamp_seconds", credit, spellings.instant, names)
    _optional(item, block, "last_recharge_amount", credit, spellings.number, names)
    _optional(item, block, "auto_recharge", credit, spellings.flag, names)
    if credit.messages_remaining:
        _members(item, block.messages_remaining, credit.messages_remaining, spellings.number)


def _bound(each: str, wanted: Iterable[tuple[Value | None, str | None]]) -> dict[str, str]:
    """The names that the steps `{name}` of an `each` bind, by the values that take them."""
    names = {step[1:-1]: "" for step in steps(each) if step.startswith("{") and step.endswith("}")}
    for value, text in wanted:
        if value is not None and value.key in names and text is not None:
            names[value.key] = str(spellings.text(value, text)[0])
    return names


def _new_item(root: Sketch, each: str, names: Mapping[str, str]) -> tuple[str, ...]:
    """A new item where `each` finds one; gives the steps to it. Only what the last `*` goes through is new."""
    path: list[str] = []
    part, found = root, steps(each)
    last = max((place for place, step in enumerate(found) if step == "*"), default=-1)
    for place, step in enumerate(found):
        if step == "*":
            key = str(len(part.members)) if place == last else "0"
            part = part.into(key, is_array=True)
        elif step.startswith("{") and step.endswith("}"):
            key = names[step[1:-1]] or str(len(part.members))
            part = part.into(key)
        else:
            key = step
            part = part.into(step, is_array=step.isdigit() and not part.members)
        path.append(key)
    return tuple(path)


def _prices(root: Sketch, block: PricesBlock | None, prices: Iterable[MessagePrice]) -> None:
    rows: dict[tuple[str, ...], Sketch] = {}
    for price in prices:
        if block is None:
            raise ConflictError
        labels = (price.country, price.prefix, price.tier)
        row = (*labels, price.currency) if block.price_by_currency is None else labels
        if row not in rows:
            wanted = [(block.country, price.country), (block.prefix, price.prefix), (block.tier, price.tier)]
            names = _bound(block.each, wanted)
            path = _new_item(root, block.each, names)
            rows[row] = _Pots(root).item(path)
            for value, label in wanted:
                put(rows[row], value, spellings.text(value, label), names)
        _price(rows[row], block, price)


def _price(row: Sketch, block: PricesBlock, price: MessagePrice) -> None:
    for pointer, text in block.where.items():
        row.at(pointer).put(spellings.literal(text))
    if block.price_by_currency is None:
        _optional(row, block, "price", price, spellings.number)
        _optional(row, block, "currency", price, spellings.currency)
        return
    known = (column for column in block.columns if column.upper() == price.currency)
    row.into(next(known, price.currency)).put(spellings.number(_ABSENT, price.price))


def fitting(sketch: Sketch, predicate: Predicate) -> Iterator[Sketch]:
    """The sketch with all that a predicate wants, if it can have it."""
    made = sketch.copy()
    try:
        for pointer, text in predicate.where.items():
            made.at(pointer).put(spellings.literal(text))
        for pointer in predicate.has:
            made.at(pointer).be_there()
    except ConflictError:
        return
    yield made
