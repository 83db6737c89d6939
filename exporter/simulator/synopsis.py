"""What each account is going through now, in a line for a person."""

from exporter.check.health import amount, span
from exporter.durations import format_duration
from exporter.simulator.script import CYCLE_SECONDS, DAY, Account
from exporter.simulator.story import Story, Truth

_PROVIDERS = {"agiletelecom": "Agile Telecom", "gatewayapi": "GatewayAPI", "qlara": "Qlara"}
_STEP_SECONDS = 300
_WATCHED_BALANCE = 50.0


def synopsis(story: Story, at: float) -> str:
    """A line for each account: its balance, its story, what is wrong now, and what comes next and when.

    Times to come are in real time, as the provider tells a plan's end too.
    """
    return "\n".join(_line(story, account, at) for account in story.accounts)


def _line(story: Story, account: Account, at: float) -> str:
    truth = story.state(account.name, at)
    parts = [
        amount(truth.balance, truth.currency),
        account.story,
        *_wrong(truth),
        *_ending(truth, story.real_time(at)),
        *_next(story, account, at),
    ]
    return f"{account.name} ({_PROVIDERS[account.provider]}): {'; '.join(parts)}"


def _wrong(truth: Truth) -> list[str]:
    said = [f"now answers {trouble.replace('_', ' ')}" for trouble in sorted(set(truth.troubles.values()))]
    if truth.subscription is not None and truth.subscription.status != "ACTIVE":
        said.append(f"now {truth.subscription.status}")
    return said


def _ending(truth: Truth, now: float) -> list[str]:
    plan = truth.subscription
    if plan is None or plan.auto_renew or plan.status != "ACTIVE":
        return []
    return [f"it ends in {span(plan.end - now)}"]


def _next(story: Story, account: Account, at: float) -> list[str]:
    coming = [
        (offset, f"{what} in {format_duration(offset / story.speed)}")
        for offset, what in (*_scripted(story, account, at), *_sinking(story, account, at))
    ]
    return [text for _, text in sorted(coming)[:1]]


def _scripted(story: Story, account: Account, at: float) -> list[tuple[float, str]]:
    offset = story.cycle(at)[1]
    now = story.state(account.name, at).troubles.values()
    episodes = [episode for episode in account.episodes.cycle if episode.trouble not in now]
    coming = [(e.begin, f"answers {e.trouble.replace('_', ' ')}") for e in episodes]
    if account.plan is not None:
        coming += [(phase.begin, f"turns {phase.status}") for phase in account.plan.phases.cycle]
    if account.contacts is not None:
        coming += [(point, f"has {100 * full:.0f} % of its contacts") for point, full in account.contacts.path.cycle]
    return [(begin - offset, what) for begin, what in coming if 0 < begin - offset < CYCLE_SECONDS]


def _sinking(story: Story, account: Account, at: float) -> list[tuple[float, str]]:
    if account.billing == "postpaid" or story.state(account.name, at).balance < _WATCHED_BALANCE:
        return []
    for seconds in range(0, int(DAY), _STEP_SECONDS):
        if story.state(account.name, at + seconds).balance < _WATCHED_BALANCE:
            return [(float(seconds), f"falls below {_WATCHED_BALANCE:g} {account.currency}")]
    return []
