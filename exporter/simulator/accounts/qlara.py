"""The eight accounts at Qlara: with a plan and a contact quota each."""

from exporter.simulator.account import (
    DAY,
    HOUR,
    Account,
    Automatic,
    Contacts,
    Episode,
    Monthly,
    Phase,
    Plan,
    Timeline,
    live,
)
from exporter.simulator.spending import OFFICE, SHOP, Campaign, Spending

_MINUTE = 60.0
_YEAR = 365 * DAY
_COSTS = {"sms": 0.035, "rcs": 0.05, "whatsapp": 0.07}


def _steady(days_left: float, status: str = "ACTIVE", *, auto_renew: bool = True) -> Timeline[Phase]:
    phase = Phase(-_YEAR, status, days_left * DAY, auto_renew)
    return Timeline((phase,), (phase,))


def _slow(begin: float, end: float) -> Timeline[tuple[float, float]]:
    """A quota that fills a little in five weeks and then stands still."""
    return Timeline(((-35 * DAY, begin), (0, end)), ((0, end),))


def _plan(name: str, phases: Timeline[Phase], max_contacts: int, **channels: bool) -> Plan:
    features = {"sms": True, "rcs": True, "whatsapp": False, "webhooks": True} | channels
    return Plan(name, phases, features, max_contacts)


QLARA = (
    Account(
        "crm-loyalty",
        "qlara",
        {"api_key": "demo-key-crm-loyalty"},
        Spending(900, SHOP, campaigns=(Campaign(2, 9, 30),)),
        Automatic(1900, 1200, 2000),
        description="its contacts pass 80 % and then 100 %",
        labels={"cost_center": "crm", "importance": "high"},
        expect_features=("sms", "rcs"),
        plan=_plan("Business", _steady(210), 50000),
        contacts=Contacts(
            50000,
            Timeline(
                ((-35 * DAY, 0.61), (0, 0.792)),
                (
                    (0, 0.792),
                    (90 * _MINUTE, 0.8),
                    (4 * DAY, 1.0),
                    (6 * DAY, 1.0),
                    (6 * DAY + HOUR, 0.76),
                    (7 * DAY, 0.792),
                ),
            ),
            lists=14,
        ),
        message_costs=_COSTS,
    ),
    Account(
        "gym-members",
        "qlara",
        {"api_key": "demo-key-gym-members"},
        Spending(120, SHOP, weekend=0.7),
        Automatic(330, 200, 250),
        description="suspended: its renewal couldn't be paid for seven days",
        labels={"cost_center": "sports", "importance": "normal"},
        pauses=Timeline(((-1 * DAY, 0),), ((0, 2 * DAY), (6.75 * DAY, 7 * DAY))),
        plan=_plan(
            "Starter",
            Timeline(
                (Phase(-_YEAR, "ACTIVE", -8 * DAY), Phase(-1 * DAY, "SUSPENDED", -8 * DAY)),
                (
                    Phase(0, "SUSPENDED", -8 * DAY),
                    Phase(2 * DAY, "ACTIVE", -8 * DAY + _YEAR),
                    Phase(6.75 * DAY, "SUSPENDED", -8 * DAY),
                ),
            ),
            10000,
        ),
        contacts=Contacts(10000, _slow(0.38, 0.412), lists=3),
        message_costs=_COSTS,
    ),
    Account(
        "tour-office",
        "qlara",
        {"api_key": "demo-key-tour-office"},
        Spending(260, OFFICE, weekend=0.4),
        Automatic(700, 400, 800),
        currency="CHF",
        description="its renewal is overdue, and it will be suspended for that",
        labels={"cost_center": "travel", "importance": "normal"},
        thresholds={"credit": {"CHF": {"warning": 150, "critical": 60}}},
        pauses=Timeline((), ((4.75 * DAY, 6 * DAY),)),
        plan=_plan(
            "Business",
            Timeline(
                (Phase(-_YEAR, "ACTIVE", -2.25 * DAY),),
                (
                    Phase(0, "ACTIVE", -2.25 * DAY),
                    Phase(4.75 * DAY, "SUSPENDED", -2.25 * DAY),
                    Phase(6 * DAY, "ACTIVE", -2.25 * DAY + _YEAR),
                ),
            ),
            25000,
        ),
        contacts=Contacts(25000, _slow(0.52, 0.537), lists=8),
        message_costs=_COSTS,
    ),
    Account(
        "school-board",
        "qlara",
        {"basic": {"username": "school-board", "password": "demo-password-school-board"}},
        Spending(190, OFFICE, weekend=0.02),
        Monthly(2400, 830),
        description="its plan doesn't renew itself",
        labels={"cost_center": "education", "importance": "normal"},
        plan=_plan("School", _steady(20, auto_renew=False), 8000, rcs=False),
        contacts=Contacts(8000, _slow(0.66, 0.671), lists=41),
        message_costs=_COSTS,
    ),
    Account(
        "pharmacy-net",
        "qlara",
        {"api_key": "demo-key-pharmacy-net"},
        Spending(480, SHOP, weekend=0.5),
        Automatic(1300, 700, 1000),
        description="its plan doesn't renew itself, and nobody renews it in time",
        labels={"cost_center": "health", "importance": "high"},
        pauses=Timeline((), ((3 * DAY, 5.5 * DAY),)),
        plan=_plan(
            "Business",
            Timeline(
                (Phase(-_YEAR, "ACTIVE", 3 * DAY, auto_renew=False),),
                (
                    Phase(0, "ACTIVE", 3 * DAY, auto_renew=False),
                    Phase(3 * DAY, "EXPIRED", 3 * DAY, auto_renew=False),
                    Phase(5.5 * DAY, "ACTIVE", 3 * DAY + _YEAR, auto_renew=False),
                ),
            ),
            20000,
        ),
        contacts=Contacts(20000, _slow(0.44, 0.463), lists=6),
        message_costs=_COSTS,
    ),
    Account(
        "startup-trial",
        "qlara",
        {"api_key": "demo-key-startup-trial"},
        Spending(0.2, OFFICE, weekend=0.1),
        Automatic(18.5, 0, 20),
        description="a trial with a little free credit; its status becomes a word that nobody knows",
        labels={"cost_center": "lab", "importance": "low"},
        thresholds={"credit": None},
        plan=_plan(
            "Trial",
            Timeline(
                (Phase(-_YEAR, "TRIAL", 45 * DAY),),
                (
                    Phase(0, "TRIAL", 45 * DAY),
                    Phase(1 * DAY, "PAUSED", 45 * DAY),
                    Phase(2 * DAY, "TRIAL", 45 * DAY),
                ),
            ),
            500,
            rcs=False,
            webhooks=False,
        ),
        contacts=Contacts(500, _slow(0.02, 0.046)),
        message_costs={"sms": 0.045},
    ),
    Account(
        "insurance-claims",
        "qlara",
        {"api_key": "demo-key-insurance-claims"},
        Spending(1100, OFFICE, weekend=0.15),
        Automatic(2600, 1600, 2500, fails_every=2),
        description="its key loses the permission to read billing",
        labels={"cost_center": "claims", "importance": "high"},
        episodes=live(Episode(8 * HOUR, 32 * HOUR, "permission_missing")),
        plan=_plan("Enterprise", _steady(290), 200000, whatsapp=True),
        contacts=Contacts(200000, _slow(0.31, 0.322), lists=120),
        message_costs=_COSTS,
    ),
    Account(
        "fashion-outlet",
        "qlara",
        {"api_key": "demo-key-fashion-outlet"},
        Spending(700, SHOP, weekend=1.4, campaigns=(Campaign(5, 9, 22),)),
        Automatic(1500, 900, 1500),
        description="its plan lost a channel that it needs; too many calls on another day",
        labels={"cost_center": "fashion", "importance": "high"},
        expect_features=("sms", "whatsapp"),
        episodes=Timeline(
            (Episode(-17 * DAY, -17 * DAY + 30 * _MINUTE, "rate_limited"),),
            (Episode(2 * DAY, 2.7 * DAY, "rate_limited"),),
        ),
        plan=_plan("Business", _steady(150), 60000),
        contacts=Contacts(60000, _slow(0.7, 0.715), lists=22),
        message_costs=_COSTS,
    ),
)
