"""Workers that are killed (kill -9) at every point of a task: each code goes out once, or is reported."""

import pytest

from tests.kit.killing import black_hole, is_lost, repeat_everything, take_the_message, times_sent
from tests.kit.queues import _tidy, folder_site, gateway, redis, redis_site, site, visitor
from tests.kit.servers.redis import Redis
from tests.kit.servers.site import Site, Visitor
from tests.kit.servers.twilio_stub import SLOW, TwilioStub
from tests.kit.waiting import wait_until

__all__ = ["_tidy", "folder_site", "gateway", "redis", "redis_site", "site", "visitor"]

pytestmark = [pytest.mark.slow, pytest.mark.bypass("row 43: kill -9")]


def test_killed_before_the_claim(site: Site, redis: Redis, visitor: Visitor) -> None:
    worker = site.start_worker()
    take_the_message(visitor, worker, lambda: not redis.client.llen("sms") and not redis.client.hlen("unacked"))
    site.start_worker()
    wait_until(lambda: visitor.statuses() == ["sent"], 90)
    repeat_everything(visitor)
    assert times_sent(visitor) == 1


def test_killed_before_the_claim_with_the_filesystem(folder_site: Site) -> None:
    worker = folder_site.start_worker()
    queue = folder_site.var / "queue"
    with folder_site.visitor() as visitor:
        take_the_message(visitor, worker, lambda: not list(queue.glob("*.sms.msg")))
        folder_site.start_worker()
        wait_until(lambda: visitor.statuses() == ["sent"], 90)
        repeat_everything(visitor)
        assert times_sent(visitor) == 1


def test_killed_between_the_claim_and_the_gateway(site: Site, visitor: Visitor, gateway: TwilioStub) -> None:
    with black_hole() as nowhere:
        worker = site.start_worker(gateway.environment(TWILIO_BASE_URL=nowhere, TWILIO_CONNECT_TIMEOUT="30"))
        visitor.enter_password()
        # Killed sooner, before it is noted which gateway is asked, the code is sent after all.
        wait_until(lambda: site.rows("SELECT id FROM delivery_attempt WHERE sms_id = ?", visitor.sms()[-1]["id"]), 90)
        worker.kill()
    is_lost(visitor, gateway, requests=0)


def test_killed_while_the_gateway_works(site: Site, visitor: Visitor, gateway: TwilioStub) -> None:
    gateway.script = [SLOW]
    worker = site.start_worker(gateway.environment())
    visitor.enter_password()
    wait_until(lambda: gateway.requests, 90)
    worker.kill()
    is_lost(visitor, gateway, requests=1)


def test_killed_between_the_gateway_and_the_note_of_it(site: Site, visitor: Visitor, gateway: TwilioStub) -> None:
    gateway.script = [SLOW]
    worker = site.start_worker(gateway.environment())
    visitor.enter_password()
    wait_until(lambda: gateway.requests, 90)
    with site.locked():
        gateway.release()
        wait_until(lambda: gateway.answered, 90)
        worker.kill()
    is_lost(visitor, gateway, requests=1)
