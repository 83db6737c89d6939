"""The truth in each provider's own words: the JSON bodies of their answers, and their errors."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from exporter.simulator.errors import ERRORS
from exporter.simulator.faults import Fault
from exporter.simulator.prices import PRICE_LIST
from exporter.simulator.script import Account
from exporter.simulator.story import ContactsTruth, Story, SubscriptionTruth, Truth

_CENTRAL_EUROPE = timezone(timedelta(hours=1))


PRICES = Fault(200, json.dumps(PRICE_LIST).encode())
"""The public price list: the same for everybody."""


def told(story: Story, account: Account, api: str, at: float) -> Fault:
    """What an account's provider answers to a call of `api` at the simulated time `at`, by the story."""
    if api == "prices":
        return PRICES
    truth = story.state(account.name, at)
    if api in truth.troubles:
        return ERRORS[account.provider][truth.troubles[api]]
    return Fault(200, json.dumps(answer(account, api, truth)).encode())


def answer(account: Account, api: str, truth: Truth) -> Mapping[str, Any]:
    """The document with which an account's provider answers one api."""
    match account.provider, api:
        case "agiletelecom", "credit":
            return {"credit": truth.balance}
        case "gatewayapi", "credit":
            credit = f"{truth.balance:.{account.decimals}f}"
            return {"credit": credit, "currency": truth.currency, "id": truth.account_id}
        case "qlara", "credit":
            return _credit(truth)
        case "qlara", "subscription" if truth.subscription is not None:
            return _subscription(truth.subscription)
        case "qlara", "contacts" if truth.contacts is not None:
            return _contacts(truth.contacts)
    raise ValueError(f"{account.provider} has no {api}")


def _credit(truth: Truth) -> Mapping[str, Any]:
    return {
        "balance": truth.balance,
        "currency": truth.currency,
        "lastRechargeDate": None if truth.last_recharge_at is None else date(truth.last_recharge_at),
        "lastRechargeAmount": truth.last_recharge_amount,
        "estimatedMessagesRemaining": truth.messages_remaining,
    }


def _subscription(plan: SubscriptionTruth) -> Mapping[str, Any]:
    return {
        "subscriptionId": plan.subscription_id,
        "plan": plan.plan,
        "status": plan.status,
        "startDate": date(plan.start),
        "endDate": date(plan.end),
        "autoRenew": plan.auto_renew,
        "features": {**plan.features, "maxContacts": plan.max_contacts},
    }


def _contacts(quota: ContactsTruth) -> Mapping[str, Any]:
    return {
        "used": quota.used,
        "total": quota.limit,
        "percentage": round(100 * quota.used / quota.limit, 1),
        "lists": quota.lists,
    }


def date(at: float) -> str:
    """RFC 3339 with an offset, to the second."""
    return datetime.fromtimestamp(round(at), _CENTRAL_EUROPE).isoformat()
