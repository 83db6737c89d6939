"""A crowd: the simulated accounts many times over."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from exporter.simulator.account import Account
from exporter.simulator.accounts import ACCOUNTS


def crowd(copies: int) -> tuple[Account, ...]:
    """Every simulated account so many times, alike but for its name and its secret."""
    return tuple(
        account if turn == 1 else _copy(account, turn) for turn in range(1, copies + 1) for account in ACCOUNTS
    )


def _copy(account: Account, number: int) -> Account:
    name = f"{account.name}-{number}"
    auth: Mapping[str, Any] = {
        form: secret.replace(account.name, name)
        if isinstance(secret, str)
        else {key: value.replace(account.name, name) for key, value in secret.items()}
        for form, secret in account.auth.items()
    }
    return replace(account, name=name, auth=auth, original=account.name)
