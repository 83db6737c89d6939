"""What became of a call, and what one scrape gets to know of an account."""

from dataclasses import dataclass, replace

from exporter.accounts.spending import Spent
from exporter.failure import Failure, Reason
from exporter.readings import Readings
from exporter.settings import AccountSettings, Pair, Thresholds

NOT_WAITED_FOR = "no answer within the time that the scrape has"
"""The detail of a timeout that is one scrape's alone: the call goes on."""


@dataclass(eq=False, slots=True)
class Outcome:
    """A call that has ended; `ended` is monotonic, `ended_timestamp_seconds` Unix time. Nothing changes it later."""

    result: Readings | Failure
    ended: float
    ended_timestamp_seconds: float
    duration_seconds: float
    status: int | None = None
    header_names: tuple[str, ...] = ()

    @property
    def started(self) -> float:
        """When the call began (monotonic)."""
        return self.ended - self.duration_seconds

    @property
    def reason(self) -> Reason | None:
        """The kind of failure; None where the call gave readings."""
        return self.result.reason if isinstance(self.result, Failure) else None

    @property
    def failure(self) -> Failure | None:
        """Why the call gave no readings; None where it did."""
        return self.result if isinstance(self.result, Failure) else None

    @property
    def readings(self) -> Readings | None:
        """What the answer told; None where the call failed."""
        return None if isinstance(self.result, Failure) else self.result


def shown(readings: Readings, settings: AccountSettings) -> Readings:
    """What an account shows of an answer: the pots that it names, and its own limit of contacts where none is told."""
    wallets, contacts = settings.wallets, readings.contacts
    if wallets is not None and any(credit.wallet not in wallets for credit in readings.credits):
        readings = replace(readings, credits=tuple(each for each in readings.credits if each.wallet in wallets))
    if contacts is not None and contacts.limit is None and settings.contacts_limit is not None:
        readings = replace(readings, contacts=replace(contacts, limit=settings.contacts_limit))
    return readings


@dataclass(eq=False, slots=True)
class Observation:
    """What one scrape gets to know of one api.

    `readings` are the last good ones while they may still be served, `failure` says why the newest call
    (or this scrape's wait) failed; both can be there. Without either nothing is known yet. `spent` are the sums of
    each pot that was ever told, however the newest call ended. Nothing changes it later.
    """

    api: str
    readings: Readings | None = None
    failure: Failure | None = None
    last_success_timestamp_seconds: float | None = None
    duration_seconds: float | None = None
    requests: int = 0
    failures: int = 0
    spent: tuple[Spent, ...] = ()

    @property
    def state(self) -> object:
        """How the api does; equal until it fails, fails anew, or fails no more."""
        return self.failure, self.failures


@dataclass(frozen=True, slots=True)
class View:
    """What one scrape gets to know of one account, an observation an api."""

    settings: AccountSettings
    observations: tuple[Observation, ...]

    @property
    def readings(self) -> tuple[Readings, ...]:
        """The readings of those apis that have any, in the order of the observations."""
        return tuple(each.readings for each in self.observations if each.readings is not None)

    @property
    def is_postpaid(self) -> bool | None:
        """Whether the provider says that the account is postpaid; None where it doesn't tell."""
        known = [told.postpaid for told in self.readings if told.postpaid is not None]
        return any(known) if known else None

    @property
    def standing(self) -> object:
        """All that the families of a whole account depend on, beside its settings; equal while it is the same."""
        return [
            (
                each.failure is None,
                None
                if (told := each.readings) is None
                else (told.account_id, told.postpaid, [(pot.currency, pot.wallet) for pot in told.credits]),
            )
            for each in self.observations
        ]

    @property
    def thresholds(self) -> Thresholds:
        """The thresholds in force: none of credit and runway where the account is postpaid."""
        thresholds = self.settings.thresholds
        if not self.is_postpaid:
            return thresholds
        return replace(thresholds, credit={}, credit_any=Pair(), wallets={}, runway=Pair())
