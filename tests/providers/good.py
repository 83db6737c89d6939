"""A good answer of every definition's every api, with all that it can tell, of an account that is made up."""

from functools import cache

from exporter.providers.catalogue import builtin
from exporter.providers.definition import Definition
from exporter.simulator import made
from exporter.simulator.answers import respond
from exporter.simulator.scenario import Scenario
from tests.providers.invented import INVENTED

START = 1_795_000_000.0
DEFINITIONS = {**builtin(), **INVENTED}
APIS = [(definition, name) for definition in DEFINITIONS.values() for name in definition.apis]


@cache
def good(provider: str, api: str) -> bytes:
    """The body of the answer."""
    definition = DEFINITIONS[provider]
    account = made.account(definition)
    scenario = Scenario(1, START, accounts=[account], definitions={provider: definition})
    return respond(scenario, account, api, START).body


def named(part: object) -> str:
    """A definition by its id, in the name of a test."""
    return part.id if isinstance(part, Definition) else str(part)
