"""An account of any provider, made up by its definition: settings, secrets, pots, a plan, contacts, a plain habit."""

from collections.abc import Iterator
from itertools import count
from typing import Any

from exporter.providers import compose
from exporter.providers.blocks import CreditBlock, Value
from exporter.providers.definition import Api, Definition, Setting
from exporter.providers.texts import sample
from exporter.readings import UNITS
from exporter.sign_in import FORMS
from exporter.simulator import answers
from exporter.simulator.account import DAY, Account, Automatic, Contacts, Phase, Plan, Pot, Timeline
from exporter.simulator.scenario import Scenario
from exporter.simulator.spending import SHOP, Spending

_MAX_CONTACTS = 10000
_UNITS_A_EURO = 20
_YEAR = 365 * DAY
_WALLETS = ("main", "extra")


class MadeError(ValueError):
    """A definition that no account can be made up for; the text says what is in the way."""


def account(definition: Definition) -> Account:
    """An account `demo-ID` of a provider.

    Raises:
        MadeError: a setting or an answer can't be made up.
    """
    credit = [block for api in definition.apis.values() for block in api.credit]
    reason = ""
    for pots in _ways(credit):
        made = _account(definition, credit, pots)
        try:
            _check(definition, made)
        except compose.ComposeError as error:
            reason = str(error)
            continue
        return made
    raise MadeError(reason)


def _account(definition: Definition, credit: list[CreditBlock], pots: tuple[Pot, ...]) -> Account:
    has_channels = any(block.messages_remaining is not None for block in credit)
    has_contacts = any(api.contacts is not None for api in definition.apis.values())
    has_prices = any(api.prices is not None and api.standard for api in definition.apis.values())
    return Account(
        f"demo-{definition.id}",
        definition.id,
        _auth(definition),
        Spending(300, SHOP),
        Automatic(400, 150, 300),
        currency=(pots[0].currency if pots else None) or "EUR",
        decimals=0 if pots and all(pot.currency in UNITS for pot in pots) else 2,
        description="made up by its definition",
        labels={"cost_center": "demo", "importance": "normal"},
        settings=settings(definition),
        pots=pots,
        plan=next((_plan(api) for api in definition.apis.values() if api.subscription is not None), None),
        contacts=Contacts(_MAX_CONTACTS, Timeline(((-35 * DAY, 0.52), (0, 0.6)), ((0, 0.6),)), lists=4)
        if has_contacts
        else None,
        message_costs={"sms": 0.05} if has_channels else {},
        overdraft=100.0 if any(block.overdraft for block in credit) else None,
        expires_days=90 if any(block.expires for block in credit) else None,
        prices={"countries": "all"} if has_prices else None,
    )


def _check(definition: Definition, made: Account) -> None:
    scenario = Scenario(1, 0, accounts=[made], definitions={definition.id: definition})
    for api in definition.apis:
        answers.respond(scenario, made, api, scenario.start)


def settings(definition: Definition) -> dict[str, str]:
    """What an account has to say beside its secret: one of the choices, or a text that fits the pattern.

    Raises:
        MadeError: none is found.
    """
    return {name: _setting(name, each) for name, each in definition.settings.items() if each.default is None}


def _setting(name: str, setting: Setting) -> str:
    if setting.choices:
        return setting.choices[0]
    if setting.pattern is None:
        return f"demo-{name.replace('_', '-')}"
    text = sample(setting.pattern)
    if text is None:
        raise MadeError(f"no text is found that fits the pattern of the setting {name}")
    return text


def _auth(definition: Definition) -> dict[str, Any]:
    form = next(iter(definition.sign_in))
    secrets = {part: f"demo-{part.replace('_', '-')}-{definition.id}" for part in definition.parts(form)}
    return {form: secrets} if FORMS[form].nested else secrets


def _plan(api: Api) -> Plan:
    block = api.subscription
    assert block is not None  # noqa: S101  # for the type checker
    words = sorted(block.statuses, key=lambda word: block.statuses[word] != "active")
    phase = Phase(-_YEAR, words[0] if words else "ACTIVE", 200 * DAY)
    return Plan("Business", Timeline((phase,), (phase,)), {"sms": True, "rcs": False}, _MAX_CONTACTS)


def _ways(blocks: list[CreditBlock]) -> Iterator[tuple[Pot, ...]]:
    """Pots that may be told together: as many as there may be, then fewer."""
    for most in (2, 1):
        yield tuple(pot for number, block in enumerate(blocks) for pot in _pots(number, block, most))
    for optional in (False, True):
        chosen = [(number, block) for number, block in enumerate(blocks) if block.optional is optional]
        yield tuple(pot for number, block in chosen for pot in _pots(number, block, 1))
    for number, block in enumerate(blocks):
        yield _pots(number, block, 1)


def _pots(number: int, block: CreditBlock, most: int) -> tuple[Pot, ...]:
    currency = _currency(block)
    wallets = _wallets(block)[: most if block.each else 1]
    shares = (_UNITS_A_EURO / times if currency in UNITS else 1 / times for times in count(number + 1))
    return tuple(Pot(number, wallet, currency, share) for wallet, share in zip(wallets, shares, strict=False))


def _currency(block: CreditBlock) -> str:
    found = _fixed(block.currency, block) or next(iter((block.currency.words or {}).values()), "EUR")
    return found.strip().lower() if found.strip().lower() in UNITS else found.strip().upper()


def _wallets(block: CreditBlock) -> list[str | None]:
    if block.wallet is None:
        return [None]
    fixed = _fixed(block.wallet, block)
    if fixed is not None:
        return [fixed]
    refused = {*block.unless.values(), *block.wallet.none}
    return [wallet for wallet in (*(block.wallet.words or {}).values(), *_WALLETS) if wallet not in refused]


def _fixed(value: Value, block: CreditBlock) -> str | None:
    """What a value is by the definition itself, where it is: a constant, or the text by which the item is chosen."""
    text = (
        value.constant
        if value.constant is not None
        else next((block.where[p] for p in value.pointers if p in block.where), None)
    )
    return None if text is None else (value.words or {}).get(text, text)
