"""Readings that an api can tell, made by hypothesis from its definition."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from exporter.providers import values
from exporter.providers.blocks import ContactsBlock, CreditBlock, PricesBlock, SubscriptionBlock, Value
from exporter.providers.currencies import CODES
from exporter.providers.definition import Api
from exporter.providers.kinds import marks
from exporter.readings import UNITS, ContactQuota, Credit, MessagePrice, Readings, Subscription

_DAY = 86400
_FIRST, _LAST = 946_771_200, 4_000_000_000
_WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=8)
_TEXTS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=12)
_ELEMENTS = st.from_regex(r"[a-z_][a-z0-9_.-]{0,8}", fullmatch=True)
_MOST_POTS = 3


def readings(api: Api) -> st.SearchStrategy[Readings]:
    """What an answer of an api may tell, without remarks."""
    told = st.builds(
        Readings,
        account_id=_maybe(api.account_id, _texts),
        credits=_credits(api) if api.credit else st.just(()),
        subscription=st.none() if api.subscription is None else _plans(api, api.subscription),
        contacts=st.none() if api.contacts is None else _quotas(api.contacts),
        prices=st.just(()) if api.prices is None else _price_lists(api.prices),
        postpaid=st.just(False) if api.postpaid else st.none(),
    )
    if not api.postpaid:
        return told
    return told | st.builds(Readings, account_id=_maybe(api.account_id, _texts), postpaid=st.just(True))


def comparable(told: Readings) -> Readings:
    """With pots and prices in an order of their own: theirs means nothing."""
    return replace(told, credits=tuple(sorted(told.credits, key=repr)), prices=tuple(sorted(told.prices, key=repr)))


def _maybe(value: Value | None, strategy: Any) -> st.SearchStrategy[Any]:
    if value is None:
        return st.none()
    is_always_told = value.constant is not None or value.pointers == ("",)  # of a text each part is there
    return strategy(value) if is_always_told else st.none() | strategy(value)  # type: ignore[no-any-return]


def _numbers(value: Value) -> st.SearchStrategy[float]:
    if value.constant is not None:
        return st.just(float(value.constant))
    if value.pattern is not None:
        return st.integers(0, 10**9).map(float)
    if value.written is not None and not marks(value.written)[1]:
        return st.integers(-(10**9), 10**9).map(lambda whole: whole / float(value.divide_by or 1))
    exact = st.builds(lambda whole, digits: whole / 10**digits, st.integers(-(10**10), 10**10), st.integers(0, 4))
    return exact.filter(lambda found: f"{found:g}" not in value.none)


def _amounts(value: Value) -> st.SearchStrategy[float]:
    return _numbers(value).map(abs)


def _texts(value: Value, where: Mapping[str, str] | None = None, unless: Mapping[str, str] | None = None) -> Any:
    pointer = value.pointers[0] if value.pointers else None
    if value.constant is not None or pointer in (where or {}):
        told = {"": value.constant or (where or {})[pointer or ""]}
        return st.just(values.text(value.copy(constant=told[""], pointer=None), {}, {}))
    words = value.words or {}
    free = st.from_regex("[0-9a-f]{3,8}", fullmatch=True) if value.pattern is not None else _TEXTS
    refused = {word.casefold() for word in words} | {(unless or {}).get(pointer or ""), *value.none}
    free = free.filter(lambda text: text.strip().casefold() not in refused and text.strip() not in refused)
    return free | st.sampled_from(sorted(set(words.values()))) if words else free


def _currencies(value: Value) -> Any:
    if value.constant is not None:
        return st.just(values.as_currency(value.constant))
    known = sorted({values.as_currency(word) for word in (value.words or {}).values()})
    if known and value.pattern is not None:
        return st.sampled_from(known)
    codes = st.sampled_from(sorted(CODES))
    return codes | st.sampled_from([*known, *UNITS]) if value.pattern is None else codes


def _instants(value: Value) -> st.SearchStrategy[float]:
    if value.time == "date":
        return st.integers(_FIRST // _DAY + 1, _LAST // _DAY).map(lambda day: float(day * _DAY))
    whole = st.integers(_FIRST, _LAST).map(float)
    return whole if value.time == "unix" else whole | st.integers(_FIRST * 1000, _LAST * 1000).map(lambda ms: ms / 1000)


def _flags(_value: Value) -> st.SearchStrategy[bool]:
    return st.booleans()


def _named(api: Api, inner: st.SearchStrategy[Any], *refused: str, least: int = 0) -> Any:
    names = _ELEMENTS if api.format == "xml" else _TEXTS
    return st.dictionaries(names.filter(lambda name: name not in refused), inner, min_size=least, max_size=3)


def _credits(api: Api) -> st.SearchStrategy[tuple[Credit, ...]]:
    """Pots by every block; blocks that find theirs in the same items have as many as there are."""

    @st.composite
    def drawn(draw: st.DrawFn) -> tuple[Credit, ...]:
        found: list[Credit] = []
        items: dict[str, int] = {}
        for block in api.credit:
            pots = _pots(api, block)
            is_chosen = bool(block.where or block.unless or block.optional)
            if not block.each:
                count = draw(st.integers(0, 1)) if is_chosen else 1
            elif is_chosen:
                count = draw(st.integers(0, _MOST_POTS))
            else:
                count = items.setdefault(block.each, draw(st.integers(0, _MOST_POTS)))
            found += draw(st.lists(pots, min_size=count, max_size=count, unique_by=_item_key(block)))
        return tuple(found)

    def is_told(pots: tuple[Credit, ...]) -> bool:
        return 0 < len(pots) == len({*map(_key, pots)})

    return drawn().map(_on_the_same_items(api)).filter(is_told)


def _on_the_same_items(api: Api) -> Any:
    """Items that several blocks read have one wallet's name for all of them."""
    shared = [block for block in api.credit if block.each and not (block.where or block.unless or block.optional)]
    is_shared = len({block.each for block in shared}) < len(shared)

    def share(pots: tuple[Credit, ...]) -> tuple[Credit, ...]:
        half = len(pots) // 2
        names = [pot.wallet for pot in pots[:half]]
        return tuple(replace(pot, wallet=names[place % half]) for place, pot in enumerate(pots)) if half else pots

    return share if is_shared else lambda pots: pots


def _item_key(block: CreditBlock) -> Any:
    """What no two pots of a block share: a member's name stands once."""
    if block.wallet is not None and block.wallet.key is not None:
        return lambda credit: credit.wallet
    return _key


def _key(credit: Credit) -> tuple[str, str | None]:
    return credit.currency, credit.wallet


def _pots(api: Api, block: CreditBlock) -> st.SearchStrategy[Credit]:
    return st.builds(
        Credit,
        balance=_numbers(block.balance),
        currency=_currencies(block.currency),
        last_recharge_timestamp_seconds=_maybe(block.last_recharge, _instants),
        last_recharge_amount=_maybe(block.last_recharge_amount, _amounts),
        messages_remaining=st.just({}) if block.messages_remaining is None else _named(api, st.integers(0, 10**6)),
        wallet=st.none() if block.wallet is None else _texts(block.wallet, block.where, block.unless),
        overdraft=_maybe(block.overdraft, _amounts),
        expires_timestamp_seconds=_maybe(block.expires, _instants),
        expiring=_maybe(block.expiring, _amounts),
        auto_recharge=_maybe(block.auto_recharge, _flags),
    )


def _plans(api: Api, block: SubscriptionBlock) -> st.SearchStrategy[Subscription]:
    least = 1 if api.format == "xml" else 0
    features: st.SearchStrategy[Any] = st.none()
    if block.features is not None:
        listed = _named(api, st.booleans(), *block.features.ignore, least=least)
        inside = [block.max_contacts] if block.max_contacts is not None else []
        is_shared = any(value.pointers[0].startswith(block.features.pointer + "/") for value in inside)
        features = listed if is_shared else st.none() | listed
    return st.builds(
        Subscription,
        status=st.sampled_from(sorted(set(block.statuses.values()))),
        subscription_id=_maybe(block.subscription_id, _texts),
        plan=_maybe(block.plan, _texts),
        start_timestamp_seconds=_maybe(block.start, _instants),
        end_timestamp_seconds=_maybe(block.end, _instants),
        auto_renew=_maybe(block.auto_renew, _flags),
        features=features,
        max_contacts=_maybe(block.max_contacts, _amounts),
    )


def _quotas(block: ContactsBlock) -> st.SearchStrategy[ContactQuota]:
    return st.builds(
        ContactQuota,
        used=_amounts(block.used),
        limit=_maybe(block.limit, _amounts),
        lists=_maybe(block.lists, _amounts),
    )


def _price_lists(block: PricesBlock) -> st.SearchStrategy[tuple[MessagePrice, ...]]:
    codes = st.sampled_from(sorted(CODES))
    pattern = block.price_by_currency
    if pattern is not None:
        names = sorted({column.upper() for column in block.columns})
        codes = st.sampled_from(names) if names else codes.filter(lambda code: bool(re.fullmatch(pattern, code)))
    one = st.builds(
        MessagePrice,
        country=st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=2, max_size=2),
        prefix=st.integers(1, 999).map(str),
        tier=_WORDS,
        currency=codes,
        price=st.integers(0, 10**6).map(lambda parts: parts / 10**4),
    )
    labels = lambda each: (each.country, each.prefix, each.tier, each.currency)  # noqa: E731
    return st.lists(one, min_size=1, max_size=6, unique_by=labels).map(tuple)
