"""Who plays: twenty accounts of different size, currency and habit, and what happens to each.

`CAUSES` names, for every alert that an account can raise, who raises it within a cycle.
"""

from collections.abc import Mapping

from exporter.simulator.cast.agiletelecom import AGILE_TELECOM
from exporter.simulator.cast.gatewayapi import GATEWAYAPI
from exporter.simulator.cast.qlara import QLARA

CAST = AGILE_TELECOM + GATEWAYAPI + QLARA

CAUSES: Mapping[str, str] = {
    "SMSCreditLow": "bakery-it",
    "SMSCreditCritical": "bakery-it",
    "SMSCreditExhausted": "webshop-orders",
    "SMSCreditRunwayShort": "museum-tickets",
    "SMSCreditRunwayCritical": "bakery-it",
    "SMSCreditSpendSpike": "login-codes",
    "SMSCreditThresholdMissing": "shop-dk",
    "SMSSubscriptionSuspended": "gym-members",
    "SMSSubscriptionExpired": "pharmacy-net",
    "SMSSubscriptionStatusUnknown": "startup-trial",
    "SMSSubscriptionEndingSoon": "school-board",
    "SMSSubscriptionEndingCritical": "pharmacy-net",
    "SMSSubscriptionRenewalOverdue": "tour-office",
    "SMSContactsQuotaHigh": "crm-loyalty",
    "SMSContactsQuotaExhausted": "crm-loyalty",
    "SMSContactsQuotaFilling": "crm-loyalty",
    "SMSFeatureMissing": "fashion-outlet",
    "SMSKeyRejected": "old-intranet",
    "SMSAddressNotAllowed": "parcel-alerts",
    "SMSPermissionMissing": "insurance-claims",
    "SMSRateLimited": "fashion-outlet",
    "SMSProviderFailing": "hotel-desk",
    "SMSAnswerNotUnderstood": "clinic-reminders",
}
"""Two more refusals count as alerts: `insufficient_credit` (museum-tickets, webshop-orders) as exhausted,
`suspended` (festival-news) as suspended."""
