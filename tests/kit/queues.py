"""Fixtures: sites of their own at a real broker, and who signs in there. A file that names them imports `_tidy` too."""

from collections.abc import Iterator

import pytest

from tests.kit.servers.redis import Redis
from tests.kit.servers.site import Site, Visitor
from tests.kit.servers.twilio_stub import TwilioStub, twilio_stub

__all__ = ["_tidy", "folder_site", "gateway", "redis", "redis_site", "site", "visitor"]


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with Redis() as redis:
        yield redis.start()


@pytest.fixture(scope="module")
def redis_site(redis: Redis) -> Iterator[Site]:
    with Site(CELERY_BROKER_URL=redis.url, SMS_LOST_AFTER="5") as site:
        site.start_web()
        yield site


@pytest.fixture(scope="module")
def folder_site() -> Iterator[Site]:
    with Site(CELERY_BROKER_URL="filesystem://", SMS_LOST_AFTER="5") as site:
        site.start_web()
        yield site


@pytest.fixture(autouse=True)
def _tidy(request: pytest.FixtureRequest) -> Iterator[None]:
    """No worker and no message of one test is there in the next one."""
    yield
    for name in {"redis_site", "folder_site"} & set(request.fixturenames):
        request.getfixturevalue(name).kill_workers()
    if "redis" in request.fixturenames:
        redis: Redis = request.getfixturevalue("redis")
        redis.program.kill()
        redis.start()


@pytest.fixture
def site(redis: Redis, redis_site: Site) -> Site:
    return redis_site


@pytest.fixture
def visitor(site: Site) -> Iterator[Visitor]:
    with site.visitor() as visitor:
        visitor.open("/sign-in/")
        yield visitor


@pytest.fixture
def gateway() -> Iterator[TwilioStub]:
    with twilio_stub() as stub:
        yield stub
