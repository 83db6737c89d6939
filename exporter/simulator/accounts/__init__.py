"""The simulated accounts: twenty of different size, currency and spending, and what happens to each."""

from exporter.simulator.accounts.agiletelecom import AGILE_TELECOM
from exporter.simulator.accounts.gatewayapi import GATEWAYAPI
from exporter.simulator.accounts.qlara import QLARA

ACCOUNTS = AGILE_TELECOM + GATEWAYAPI + QLARA
