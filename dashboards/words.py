"""The words and colours that stand for values: no colour is without its word."""

from collections.abc import Mapping

from exporter.providers.catalogue import builtin

RED, ORANGE, YELLOW, GREEN, BLUE, GREY = "red", "orange", "yellow", "green", "blue", "text"
QUIET = "transparent"
"""Behind a word that calls for nothing."""
PALE = "#808080"
"""Behind what isn't current."""

Words = Mapping[str, tuple[str, str]]
"""A value as Grafana compares it, its text and its colour."""

MOST_DAYS = 60
"""A longer runway is shown as that: a quiet weekend would make years of it."""
LONG: Words = {str(MOST_DAYS): (f"more than {MOST_DAYS} days", "")}
NOT_CURRENT = 100
"""What stands for a runway that isn't current in a table, whose cells have no colour of their own."""
LONG_OR_NOT_CURRENT: Words = {**LONG, str(NOT_CURRENT): ("not current", PALE)}

PROVIDERS: Words = {provider.id: (provider.name, GREY) for provider in builtin().values()}
"""Providers' names as people write them, by what the label says."""

SEVERITY: Words = {
    "3": ("CRITICAL", RED),
    "2": ("Warning", ORANGE),
    "1": ("Info", BLUE),
    "0": ("All is well", GREEN),
    "-1": ("No rules", PALE),
}
NO_ALERT = "README"
"""What stands for the alert's name where none fires: its runbook is the list of all."""

CREDIT: Words = {
    "3": ("Used up", RED),
    "2": ("Below critical", RED),
    "1": ("Below warning", ORANGE),
    "0": ("Enough", GREEN),
    "-1": ("No threshold", BLUE),
}

_STATUS = {
    "active": ("Active", GREEN),
    "trial": ("Trial", BLUE),
    "pending": ("Pending", YELLOW),
    "unknown": ("Unknown word", ORANGE),
    "suspended": ("SUSPENDED", RED),
    "expired": ("EXPIRED", RED),
    "cancelled": ("CANCELLED", RED),
}
STATUSES = tuple(_STATUS)
"""The statuses of a plan, the worst last; a query shows each as its place in this list, counted from 1."""
OVER = len(STATUSES) + 1
"""The number of a plan that is said to be active, though its end is past and nothing renews it."""
STATUS_NUMBERS: Words = {
    **{str(number): _STATUS[status] for number, status in enumerate(STATUSES, 1)},
    str(OVER): ("OVER", RED),
}
STATUS_OR_NONE: Words = {**STATUS_NUMBERS, "0": ("None told", QUIET)}


def was(words: Words) -> Words:
    """The words, and those of values that aren't current: 10 more, and grey."""
    return {**words, **{str(int(value) + 10): (f"Was: {text}", PALE) for value, (text, _) in words.items()}}


FEATURE: Words = {
    "1": ("On", GREEN),
    "0": ("Off", GREY),
    "2": ("MISSING, though expected", RED),
    "-1": ("None told", QUIET),
}
RENEWS: Words = {
    "0": ("Ends: nobody renews it", ORANGE),
    "1": ("Renews itself", GREEN),
    "2": ("Renewal is due", BLUE),
    "3": ("Renewal is OVERDUE", ORANGE),
    "4": ("Is OVER", RED),
}
API: Words = {"1": ("Answers", GREEN), "0": ("FAILS", RED)}
FAILING: Words = {"1": ("FAILS", RED), "0": ("Nothing failed", QUIET)}
UP: Words = {"1": ("Up", GREEN), "0": ("DOWN", RED)}
CONFIGURATION: Words = {"1": ("In force", GREEN), "0": ("REFUSED, the one before goes on", RED)}
NONE: Words = {"0": ("none", GREEN)}
NOBODY: Words = {"0": ("none", RED)}

EXPORTER_ALERTS: Mapping[str, str] = {
    "SMSExporterDown": "The exporter is down: nobody watches",
    "SMSExporterReloadFailed": "The exporter refused its new configuration",
}
INFO_ALERTS: Mapping[str, str] = {"SMSCreditThresholdMissing": "No credit threshold for this unit"}
KINDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "can't send": (
        RED,
        {
            "SMSCreditExhausted": "Credit is used up: nothing is sent",
            "SMSSubscriptionSuspended": "Suspended: nothing is sent",
            "SMSSubscriptionExpired": "The plan is over: nothing is sent",
        },
    ),
    "about to stop": (
        RED,
        {
            "SMSCreditCritical": "Credit is below its critical threshold",
            "SMSCreditRunwayCritical": "Credit lasts hardly any longer",
            "SMSSubscriptionEndingCritical": "The plan ends very soon",
            "SMSContactsQuotaExhausted": "The contact quota is used up",
        },
    ),
    "can't be asked": (
        ORANGE,
        {
            "SMSKeyRejected": "The key is rejected",
            "SMSAddressNotAllowed": "The exporter's address isn't allowed",
            "SMSPermissionMissing": "The key lacks a permission",
            "SMSRateLimited": "Calls are limited by the provider",
            "SMSProviderFailing": "The provider can't be reached",
            "SMSAnswerNotUnderstood": "The provider's answer isn't understood",
        },
    ),
    "credit getting low": (
        ORANGE,
        {
            "SMSCreditLow": "Credit is below its warning threshold",
            "SMSCreditRunwayShort": "Credit will not last long",
            "SMSCreditSpendSpike": "Far more is spent than usual",
            "SMSCreditExpiring": "Credit expires soon",
        },
    ),
    "plan or quota": (
        ORANGE,
        {
            "SMSSubscriptionStatusUnknown": "The plan has a status that nobody knows",
            "SMSSubscriptionEndingSoon": "The plan ends soon",
            "SMSSubscriptionRenewalOverdue": "The renewal is overdue",
            "SMSContactsQuotaHigh": "The contact quota is nearly used up",
            "SMSContactsQuotaFilling": "The contact quota will be full within a week",
            "SMSFeatureMissing": "The plan lacks a feature that is expected",
        },
    ),
}
"""What can be wrong with an account, worst first: the kind's colour, and its alerts with what they say in short."""

ALERTS: Mapping[str, str] = {
    **EXPORTER_ALERTS,
    **{alert: says for _, alerts in KINDS.values() for alert, says in alerts.items()},
    **INFO_ALERTS,
}
