"""The five accounts at Agile Telecom: euros with three decimals."""

from exporter.simulator.account import (
    DAY,
    HOUR,
    Account,
    Anchored,
    Automatic,
    Episode,
    Monthly,
    Timeline,
    live,
    weekly,
)
from exporter.simulator.spending import CODES, NIGHT, OFFICE, SHOP, Spending

_MINUTE = 60.0

AGILE_TELECOM = (
    Account(
        "bakery-it",
        "agiletelecom",
        {"api_key": "demo-key-bakery-it"},
        Spending(420, CODES, weekend=0.8),
        Anchored(
            50,
            100 * _MINUTE,
            Timeline(weekly(-34 * DAY, 440, 440, 440, 440, 300), ((13 * HOUR, 420.0),)),
        ),
        decimals=3,
        description="sinking, topped up after half a day",
        labels={"cost_center": "retail", "importance": "normal"},
    ),
    Account(
        "webshop-orders",
        "agiletelecom",
        {"basic": {"username": "webshop-orders", "password": "demo-password-webshop-orders"}},
        Spending(210, SHOP, weekend=1.2),
        Anchored(
            0,
            20 * HOUR,
            Timeline(weekly(-32.75 * DAY, 210, 210, 210, 210, 100), ((2.25 * DAY, 210.0),)),
        ),
        decimals=3,
        description="runs dry and is refused, until someone pays",
        labels={"cost_center": "shop", "importance": "normal"},
        episodes=live(Episode(26 * HOUR, 2.25 * DAY, "insufficient_credit")),
        pauses=Timeline((), ((20 * HOUR, 2.25 * DAY),)),
    ),
    Account(
        "clinic-reminders",
        "agiletelecom",
        {
            "oauth1": {
                "consumer_key": "demo-clinic-reminders",
                "consumer_secret": "demo-secret-clinic-reminders",
                "token": "demo-token-clinic-reminders",
                "token_secret": "demo-token-secret-clinic-reminders",
            }
        },
        Spending(160, OFFICE, weekend=0.1),
        Monthly(1600, 700, fails_every=2),
        decimals=3,
        description="weekdays only; a proxy answers with a web page for a while",
        labels={"cost_center": "health", "importance": "high"},
        episodes=live(Episode(2 * DAY, 2.8 * DAY, "not_understood")),
    ),
    Account(
        "parcel-alerts",
        "agiletelecom",
        {"api_key": "demo-key-parcel-alerts"},
        Spending(1400, SHOP, weekend=0.6),
        Automatic(900, 500, 700, fails_every=5),
        decimals=3,
        description="charged automatically, the card fails sometimes; its address drops off the allow list",
        labels={"cost_center": "logistics", "importance": "high"},
        episodes=Timeline(
            (Episode(-23.4 * DAY, -23.4 * DAY + 25 * _MINUTE, "timeout"),),
            (Episode(1 * DAY, 1.75 * DAY, "address_not_allowed"),),
        ),
    ),
    Account(
        "hotel-desk",
        "agiletelecom",
        {"basic": {"username": "hotel-desk", "password": "demo-password-hotel-desk"}},
        Spending(300, NIGHT, weekend=1.6),
        Automatic(420, 150, 400),
        decimals=3,
        description="busy by night; the provider answers 5XX, days later not at all",
        labels={"cost_center": "travel", "importance": "normal"},
        episodes=Timeline(
            (Episode(-9.3 * DAY, -9.3 * DAY + 40 * _MINUTE, "server_error"),),
            (
                Episode(45 * _MINUTE, 18 * HOUR, "server_error"),
                Episode(3 * DAY, 3.6 * DAY, "timeout"),
            ),
        ),
    ),
)
