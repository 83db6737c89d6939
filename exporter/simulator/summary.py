"""What each account is going through now, in a line for a person."""

from exporter.check.words import amount
from exporter.durations import format_duration, format_span
from exporter.simulator.account import CYCLE_SECONDS, DAY, Account
from exporter.simulator.scenario import AccountState, Scenario
from exporter.simulator.spending import STEP_SECONDS

_WATCHED_BALANCE = 50.0


def summarize(scenario: Scenario, at: float) -> str:
    """A line for each account: its balance, its description, what is wrong now, and what comes next and when.

    Times to come are in real time, as the provider gives a plan's end too.
    """
    return "\n".join(_line(scenario, account, at) for account in scenario.accounts)


def _line(scenario: Scenario, account: Account, at: float) -> str:
    state = scenario.state(account.name, at)
    is_active = state.subscription is not None and _is_active(scenario, account, state.subscription.status)
    parts = [
        *([amount(state.balance, state.currency)] if _has_credit(scenario, account) else []),
        account.description,
        *_wrong(state, is_active=is_active),
        *(_ending(state, scenario.real_time(at)) if is_active else []),
        *_next(scenario, account, at),
    ]
    return f"{account.name} ({scenario.provider(account).definition.name}): {'; '.join(parts)}"


def _has_credit(scenario: Scenario, account: Account) -> bool:
    return any(api.credit for api in scenario.provider(account).definition.apis.values())


def _is_active(scenario: Scenario, account: Account, word: str) -> bool:
    blocks = [api.subscription for api in scenario.provider(account).definition.apis.values()]
    return any(block is not None and block.status_of.get(word.casefold()) == "active" for block in blocks)


def _wrong(state: AccountState, *, is_active: bool) -> list[str]:
    wrong = [f"now answers {error.replace('_', ' ')}" for error in sorted(set(state.errors.values()))]
    if state.subscription is not None and not is_active:
        wrong.append(f"now {state.subscription.status}")
    return wrong


def _ending(state: AccountState, now: float) -> list[str]:
    plan = state.subscription
    if plan is None or plan.auto_renew:
        return []
    return [f"it ends in {format_span(plan.end - now)}"]


def _next(scenario: Scenario, account: Account, at: float) -> list[str]:
    coming = [
        (offset, f"{what} in {format_duration(offset / scenario.speed)}")
        for offset, what in (*_planned(scenario, account, at), *_sinking(scenario, account, at))
    ]
    return [text for _, text in sorted(coming)[:1]]


def _planned(scenario: Scenario, account: Account, at: float) -> list[tuple[float, str]]:
    offset = scenario.cycle(at)[1]
    now = scenario.state(account.name, at).errors.values()
    episodes = [episode for episode in account.episodes.cycle if episode.error not in now]
    coming = [(e.begin, f"answers {e.error.replace('_', ' ')}") for e in episodes]
    if account.plan is not None:
        coming += [(phase.begin, f"turns {phase.status}") for phase in account.plan.phases.cycle]
    if account.contacts is not None:
        coming += [(point, f"has {100 * full:.0f} % of its contacts") for point, full in account.contacts.path.cycle]
    return [(begin - offset, what) for begin, what in coming if 0 < begin - offset < CYCLE_SECONDS]


def _sinking(scenario: Scenario, account: Account, at: float) -> list[tuple[float, str]]:
    if account.billing == "postpaid" or not _has_credit(scenario, account):
        return []
    if scenario.state(account.name, at).balance < _WATCHED_BALANCE:
        return []
    for seconds in range(0, int(DAY), STEP_SECONDS):
        if scenario.state(account.name, at + seconds).balance < _WATCHED_BALANCE:
            return [(float(seconds), f"falls below {_WATCHED_BALANCE:g} {account.currency}")]
    return []
