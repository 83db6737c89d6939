"""An account's state as its provider tells it: the readings, and the answer that is composed of them."""

from exporter.providers import compose
from exporter.providers.blocks import ContactsBlock, CreditBlock, SubscriptionBlock
from exporter.providers.definition import Api, Definition
from exporter.readings import ContactQuota, Credit, Readings, Subscription
from exporter.simulator.account import Account, Pot
from exporter.simulator.prices import PRICES
from exporter.simulator.provider import sent
from exporter.simulator.scenario import AccountState, ContactsState, Scenario, SubscriptionState
from exporter.simulator.sending import Answer

_ONE_POT = (Pot(),)


def respond(scenario: Scenario, account: Account, api: str, at: float) -> Answer:
    """What an account's provider answers to a call of `api` at the simulated time `at`, by the scenario."""
    provider = scenario.provider(account)
    found = told(scenario, account, api, at)
    if isinstance(found, str):
        return provider.error(api, found)
    return sent(compose.answer(found, provider.definition, provider.definition.apis[api]))


def told(scenario: Scenario, account: Account, api: str, at: float) -> Readings | str:
    """What the answer tells: the readings, or the name of the error that is answered."""
    definition = scenario.provider(account).definition
    if api not in definition.apis:
        raise ValueError(f"{account.provider} has no {api}")
    if definition.apis[api].public:
        return public(definition.apis[api])
    state = scenario.state(account.name, at)
    return state.errors.get(api) or readings(definition, api, account, state)


def public(api: Api) -> Readings:
    """What an api tells that asks for no credential: the same to everybody."""
    columns = () if api.prices is None else tuple(column.upper() for column in api.prices.columns)
    return Readings(prices=tuple(price for price in PRICES if not columns or price.currency in columns))


def readings(definition: Definition, api_name: str, account: Account, state: AccountState) -> Readings:
    """What an api tells of a state: as much of it as the definition reads."""
    api = definition.apis[api_name]
    is_planned = api.subscription is not None and state.subscription is not None
    is_counted = api.contacts is not None and state.contacts is not None
    return Readings(
        account_id=None if api.account_id is None else str(state.account_id),
        credits=tuple(_credit(api.credit[pot.block], account, pot, state) for pot in account.pots or _ONE_POT)
        if api.credit
        else (),
        subscription=_subscription(api.subscription, state.subscription)  # type: ignore[arg-type]
        if is_planned
        else None,
        contacts=_contacts(api.contacts, state.contacts) if is_counted else None,  # type: ignore[arg-type]
        prices=() if api.prices is None else public(api).prices,
        postpaid=False if api.postpaid else None,
    )


def _credit(block: CreditBlock, account: Account, pot: Pot, state: AccountState) -> Credit:
    balance = state.balance if pot.share == 1 else round(state.balance * pot.share, account.decimals)
    return Credit(
        balance,
        pot.currency or state.currency,
        _second(state.last_recharge_at) if block.last_recharge else None,
        state.last_recharge_amount if block.last_recharge_amount else None,
        state.messages_remaining if block.messages_remaining is not None else {},
        pot.wallet,
        account.overdraft if block.overdraft else None,
        _second(state.expires_at) if block.expires else None,
        state.expiring if block.expiring and state.expires_at is not None else None,
        state.auto_recharge if block.auto_recharge else None,
    )


def _subscription(block: SubscriptionBlock, plan: SubscriptionState) -> Subscription:
    statuses = block.status_of
    features = None
    if block.features is not None:
        features = {name: is_on for name, is_on in plan.features.items() if name not in block.features.ignore}
    return Subscription(
        statuses.get(plan.status.casefold(), "unknown"),
        plan.subscription_id if block.subscription_id else None,
        plan.plan if block.plan else None,
        _second(plan.start) if block.start else None,
        _second(plan.end) if block.end else None,
        plan.auto_renew if block.auto_renew else None,
        features,
        plan.max_contacts if block.max_contacts else None,
    )


def _contacts(block: ContactsBlock, quota: ContactsState) -> ContactQuota:
    return ContactQuota(quota.used, quota.limit if block.limit else None, quota.lists if block.lists else None)


def _second(at: float | None) -> float | None:
    return None if at is None else float(round(at))
