"""Every definition in each of its forms: what the exporter sends signs in, and what it reads is what is simulated."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from exporter.accounts.registry import Registry
from exporter.accounts.resource import Clock
from exporter.accounts.scrape import scrape
from exporter.client.http import HttpClient
from exporter.config.loading import load
from exporter.providers import extract
from exporter.providers.definition import Definition
from exporter.simulator import made
from exporter.simulator.answers import respond
from exporter.simulator.clock import Clock as ScenarioClock
from exporter.simulator.configuration import configuration
from exporter.simulator.scenario import Scenario
from exporter.simulator.server import Simulator
from tests.providers.good import DEFINITIONS
from tests.virtual import rng

START = time.time()
FORMS = [(definition, form) for definition in DEFINITIONS.values() for form in definition.sign_in]


@pytest.mark.parametrize(("definition", "form"), FORMS, ids=lambda each: getattr(each, "id", each))
async def test_the_exporter_signs_in_and_reads_what_is_simulated(
    tmp_path: Path, definition: Definition, form: str
) -> None:
    ordered = {form: definition.sign_in[form], **definition.sign_in}
    definition = definition.copy(sign_in=ordered)
    account = made.account(definition)
    scenario = Scenario(1, START, accounts=[account], definitions={definition.id: definition})
    server = TestServer(Simulator(scenario, ScenarioClock(START, 1.0), latency_seconds=(0, 0)).app())
    async with server:
        file = tmp_path / "f.yml"
        file.write_text(configuration(scenario, str(server.make_url("/"))))
        settings = load(file, {definition.id: definition}).settings
        accounts = Registry(settings, HttpClient(), Clock(), rng())
        (view,) = await scrape(accounts, 9)
        await accounts.aclose()
    assert [(each.api, each.failure) for each in view.observations] == [
        (name, None) for name, api in definition.apis.items() if api.standard
    ]
    for each in view.observations:
        body = respond(scenario, account, each.api, START).body
        told = extract.answer(200, body, definition, definition.apis[each.api])
        assert each.readings is not None
        assert replace(each.readings, credits=(), contacts=None) == replace(told, credits=(), contacts=None)
        assert [(c.wallet, c.currency) for c in each.readings.credits] == [(c.wallet, c.currency) for c in told.credits]
