"""A client, and an authority that it trusts."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from exporter.client.http import HttpClient
from exporter.settings import HttpSettings, TlsSettings
from tests.injected_faults import Authority


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    client = HttpClient()
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def trusting(authority: Authority, tmp_path: Path) -> HttpSettings:
    """Settings of a test's own: no session is left of another one."""
    path = tmp_path / "ca.pem"
    authority.ca.cert_pem.write_to_path(path)
    return HttpSettings(TlsSettings(ca_file=str(path)))
