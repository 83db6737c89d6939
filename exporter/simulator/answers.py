"""An account's state in its provider's own words: the JSON bodies of their answers, and their errors."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from exporter.simulator.account import Account
from exporter.simulator.errors import ERRORS
from exporter.simulator.prices import PRICE_LIST
from exporter.simulator.scenario import AccountState, ContactsState, Scenario, SubscriptionState
from exporter.simulator.sending import Answer

_CENTRAL_EUROPE = timezone(timedelta(hours=1))

PUBLIC: Mapping[tuple[str, str], Answer] = {
    ("gatewayapi", "prices"): Answer(200, json.dumps(PRICE_LIST).encode()),
}
"""The answers of a provider's api that asks for no credential: the same for everybody."""


def respond(scenario: Scenario, account: Account, api: str, at: float) -> Answer:
    """What an account's provider answers to a call of `api` at the simulated time `at`, by the scenario."""
    if (account.provider, api) in PUBLIC:
        return PUBLIC[account.provider, api]
    state = scenario.state(account.name, at)
    if api in state.errors:
        return ERRORS[account.provider][state.errors[api]]
    return Answer(200, json.dumps(document(account, api, state)).encode())


def document(account: Account, api: str, state: AccountState) -> Mapping[str, Any]:
    """The document with which an account's provider answers one api."""
    match account.provider, api:
        case "agiletelecom", "credit":
            return {"credit": state.balance}
        case "gatewayapi", "credit":
            credit = f"{state.balance:.{account.decimals}f}"
            return {"credit": credit, "currency": state.currency, "id": state.account_id}
        case "qlara", "credit":
            return _credit(state)
        case "qlara", "subscription" if state.subscription is not None:
            return _subscription(state.subscription)
        case "qlara", "contacts" if state.contacts is not None:
            return _contacts(state.contacts)
    raise ValueError(f"{account.provider} has no {api}")


def _credit(state: AccountState) -> Mapping[str, Any]:
    return {
        "balance": state.balance,
        "currency": state.currency,
        "lastRechargeDate": None if state.last_recharge_at is None else date(state.last_recharge_at),
        "lastRechargeAmount": state.last_recharge_amount,
        "estimatedMessagesRemaining": state.messages_remaining,
    }


def _subscription(plan: SubscriptionState) -> Mapping[str, Any]:
    return {
        "subscriptionId": plan.subscription_id,
        "plan": plan.plan,
        "status": plan.status,
        "startDate": date(plan.start),
        "endDate": date(plan.end),
        "autoRenew": plan.auto_renew,
        "features": {**plan.features, "maxContacts": plan.max_contacts},
    }


def _contacts(quota: ContactsState) -> Mapping[str, Any]:
    return {
        "used": quota.used,
        "total": quota.limit,
        "percentage": round(100 * quota.used / quota.limit, 1),
        "lists": quota.lists,
    }


def date(at: float) -> str:
    """RFC 3339 with an offset, to the second."""
    return datetime.fromtimestamp(round(at), _CENTRAL_EUROPE).isoformat()
