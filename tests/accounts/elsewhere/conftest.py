from collections.abc import Iterator
from datetime import date

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


@pytest.fixture
def counted(settings: Settings, source: Cas | Provider) -> None:
    """For both steps, where it says that there were two."""
    settings.CAS_BOTH_STEPS_SINCE = settings.OIDC_UPSTREAM_BOTH_STEPS_SINCE = date(2026, 9, 1)
    settings.CAS_BOTH_STEPS_WHEN = [("mfa", "yes")]
    settings.OIDC_UPSTREAM_BOTH_STEPS_WHEN = [("acr", "https://refeds.org/profile/mfa"), ("amr", "mfa")]
