from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.kit.servers.http_stub import HttpStub, http_stub, served
from tests.kit.servers.sources import CLIENT, SECRET, Cas, Provider


@pytest.fixture
def cas(settings: Settings) -> Iterator[Cas]:
    with served(Cas) as stub:
        settings.CAS_URL = stub.url
        yield stub


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    with served(Provider) as stub:
        settings.OIDC_UPSTREAM_ISSUER = stub.url
        settings.OIDC_UPSTREAM_CLIENT_ID, settings.OIDC_UPSTREAM_CLIENT_SECRET = CLIENT, SECRET
        yield stub


@pytest.fixture
def dead(settings: Settings) -> Iterator[HttpStub]:
    """Instead of either."""
    with http_stub() as stub:
        settings.CAS_URL = settings.OIDC_UPSTREAM_ISSUER = stub.url
        yield stub


@pytest.fixture
def source(request: pytest.FixtureRequest, slug: str) -> Cas | Provider:
    found: Cas | Provider = request.getfixturevalue({"cas": "cas", "oidc": "provider"}[slug])
    return found
