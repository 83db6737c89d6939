"""What each account is going through now, in a line for a person."""

from exporter.check.health import amount
from exporter.durations import format_duration, format_span
from exporter.simulator.account import CYCLE_SECONDS, DAY, Account
from exporter.simulator.scenario import AccountState, Scenario

_STEP_SECONDS = 300
_WATCHED_BALANCE = 50.0


def summarize(scenario: Scenario, at: float) -> str:
    """A line for each account: its balance, its description, what is wrong now, and what comes next and when.

    Times to come are in real time, as the provider gives a plan's end too.
    """
    return "\n".join(_line(scenario, account, at) for account in scenario.accounts)


def _line(scenario: Scenario, account: Account, at: float) -> str:
    state = scenario.state(account.name, at)
    parts = [
        amount(state.balance, state.currency),
        account.description,
        *_wrong(state),
        *_ending(state, scenario.real_time(at)),
        *_next(scenario, account, at),
    ]
    return f"{account.name} ({scenario.provider(account).definition.name}): {'; '.join(parts)}"


def _wrong(state: AccountState) -> list[str]:
    wrong = [f"now answers {error.replace('_', ' ')}" for error in sorted(set(state.errors.values()))]
    if state.subscription is not None and state.subscription.status != "ACTIVE":
        wrong.append(f"now {state.subscription.status}")
    return wrong


def _ending(state: AccountState, now: float) -> list[str]:
    plan = state.subscription
    if plan is None or plan.auto_renew or plan.status != "ACTIVE":
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
    if account.billing == "postpaid" or scenario.state(account.name, at).balance < _WATCHED_BALANCE:
        return []
    for seconds in range(0, int(DAY), _STEP_SECONDS):
        if scenario.state(account.name, at + seconds).balance < _WATCHED_BALANCE:
            return [(float(seconds), f"falls below {_WATCHED_BALANCE:g} {account.currency}")]
    return []
