"""Real brokers and real workers, which freeze, die and come back: each code goes out once, or is reported."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

import pytest

from tests.kit.killing import repeat_everything, times_sent
from tests.kit.queues import _tidy, folder_site, gateway, redis, redis_site, site, visitor
from tests.kit.servers import free_port
from tests.kit.servers.redis import Redis, frozen, full, refused
from tests.kit.servers.site import Site, Visitor
from tests.kit.servers.twilio_stub import SLOW, TwilioStub, twilio_stub
from tests.kit.waiting import wait_until

__all__ = ["_tidy", "folder_site", "gateway", "redis", "redis_site", "site", "visitor"]

pytestmark = [pytest.mark.slow]

ROOT = Path(__file__).parents[2]
PAGE_WITHIN = 3  # seconds
WITHOUT_IT = 2  # seconds, by the next gateway, once it is known that one is dead


def test_sign_in_through_a_real_worker(site: Site, visitor: Visitor) -> None:
    worker = site.start_worker()
    visitor.headers["X-Request-ID"] = "nginx-7f3a"
    visitor.enter_password()
    del visitor.headers["X-Request-ID"]
    visitor.enter_code()
    assert visitor.is_in()
    assert visitor.statuses() == ["sent"]
    lines = [line for line in worker.log.read_text().splitlines() if "[nginx-7f3a]" in line]
    assert any("by the gateway" in line for line in lines), "the name that nginx gave finds what the worker did"


def test_sign_in_through_the_filesystem(folder_site: Site) -> None:
    folder_site.start_worker()
    with folder_site.visitor() as visitor:
        visitor.enter_password()
        visitor.enter_code()
        assert visitor.is_in()


IN_ORDER = """
from portal.celery import app
names = {names!r}.split(",")
for name in ("upkeep", "mail", "sms"):
    for _ in range(3):
        app.send_task("nobody.does", queue=name)
app.amqp.queues.select(names)
taken = []
with app.connection_for_read() as broker:
    consumer = app.amqp.TaskConsumer(broker.default_channel, callbacks=[])
    consumer.qos(prefetch_count=1)
    consumer.on_message = lambda message: (taken.append(message.delivery_info["routing_key"]), message.ack())
    with consumer:
        while len(taken) < 9:
            broker.drain_events(timeout=20)
assert taken == ["sms"] * 3 + ["mail"] * 3 + ["upkeep"] * 3, taken
"""


def test_sms_are_taken_before_mails_and_those_before_all_else(site: Site) -> None:
    unit = (ROOT / "deploy/systemd/mailkey-worker.service").read_text()
    site.run(IN_ORDER.format(names=unit.partition("--queues ")[2].split()[0]))


@pytest.mark.bypass("row 43: a message that the broker delivers again")
def test_a_task_that_comes_ten_times_sends_one_sms(site: Site, visitor: Visitor, gateway: TwilioStub) -> None:
    """All at once, with a gateway slow enough that they overlap."""
    gateway.script = [SLOW]
    visitor.enter_password()
    (sms,) = visitor.sms()
    site.run(
        f"from accounts.routes.tasks import send_sms\nfor _ in range(10): send_sms.apply_async(args=[{sms['id']}])"
    )
    site.start_worker(gateway.environment(SMS_LOST_AFTER="60"))
    wait_until(lambda: gateway.requests, 90)
    repeat_everything(visitor)
    gateway.release()
    wait_until(lambda: visitor.statuses() == ["sent"], 90)
    repeat_everything(visitor)
    assert [request["To"][-11:] for request in gateway.requests].count(visitor.number) == 1


def asks_in_time(visitor: Visitor) -> None:
    start = time.monotonic()
    response = visitor.enter_password()
    took = time.monotonic() - start
    assert response.headers["Location"] == "/sign-in/code/"
    assert took < PAGE_WITHIN, f"the page took {took:.1f} s"


def sees_that_it_is_late(visitor: Visitor) -> None:
    assert visitor.statuses()[-1] == "delayed"
    assert "but late" in visitor.open("/sign-in/code/").text


def all_are_done(site: Site, people: list[Visitor]) -> bool:
    site.keep_a_worker()  # brokers that come back leave some deaf; that one ends itself
    return all(person.statuses()[-1] in {"sent", "failed"} for person in people)


@pytest.mark.parametrize(("away", "worker_was_there"), [(refused, True), (refused, False), (frozen, True)])
def test_a_broker_that_is_away_costs_seconds_and_no_code(
    site: Site, redis: Redis, away: object, worker_was_there: bool
) -> None:
    assert callable(away)
    with ExitStack() as stack:
        people = [stack.enter_context(site.visitor()) for _ in range(6)]
        for person in people:
            person.open("/sign-in/")
        if worker_was_there:
            site.start_worker()
        with away(redis):
            for person in people[:3]:
                asks_in_time(person)
                sees_that_it_is_late(person)
            with ThreadPoolExecutor(3) as pool:
                list(pool.map(asks_in_time, people[3:]))
            sees_that_it_is_late(people[5])

            # Meanwhile one of them asks again, and the code of another one dies.
            again, late = people[3:5]
            asks_in_time(again)
            site.execute("UPDATE delivery_sms SET expires_at = '2026-01-01 00:00:00' WHERE id = ?", late.sms()[0]["id"])
            if not worker_was_there:
                site.start_worker(ready=False)
        wait_until(lambda: all_are_done(site, people), 120)
        repeat_everything(people[0])
        assert [times_sent(person) for person in people] == [1, 1, 1, 1, 0, 1]
        assert late.sms()[0]["reason"] == "late"
        assert again.sms()[0]["voided_at"] is not None
        assert again.sms()[0]["tried"] == 0, "a code that was replaced is sent all the same"
        again.enter_code()
        assert again.is_in()


def test_a_broker_that_died_is_back_for_its_worker(site: Site, redis: Redis, visitor: Visitor) -> None:
    worker = site.start_worker()
    redis.program.kill()
    wait_until(lambda: "Cannot connect to redis" in worker.log.read_text(), 90)
    redis.start()
    visitor.enter_password()
    wait_until(lambda: all_are_done(site, [visitor]), 90)
    visitor.enter_code()
    assert visitor.is_in()


def test_a_broker_without_memory_ends_no_worker_and_makes_none_deaf(site: Site, redis: Redis, visitor: Visitor) -> None:
    """It takes what waits, and cannot note that it did."""
    worker = site.start_worker()
    worker.freeze()
    visitor.enter_password()
    with full(redis):
        worker.thaw()
        wait_until(lambda: "OutOfMemory" in worker.log.read_text(), 90)
    began = time.monotonic()
    wait_until(lambda: visitor.statuses()[-1] == "sent", 90)
    assert time.monotonic() - began < 15
    with site.visitor() as later:
        later.open("/sign-in/")
        later.enter_password()
        wait_until(lambda: later.statuses()[-1] == "sent", 15)
    assert worker.runs()


def test_a_worker_that_takes_nothing_any_more_ends_itself(site: Site, visitor: Visitor) -> None:
    """Connected, alive, and deaf: what brokers that come back have done to workers. Here it is told to be so."""
    worker = site.start_worker({"WORKER_STUCK_AFTER": "2s"})
    site.run(
        "from portal.celery import app\n"
        "for queue in ('sms', 'mail', 'upkeep'): app.control.cancel_consumer(queue, reply=True)"
    )
    visitor.enter_password()
    wait_until(lambda: not worker.runs(), 60)
    assert "this worker takes none" in worker.log.read_text()
    assert visitor.statuses() == ["queued"]
    site.start_worker()  # as systemd does
    visitor.enter_code()
    assert visitor.is_in()


# --- A gateway that is dead, and back -------------------------------------------------------------------------------


def asked(visitor: Visitor) -> list[tuple[str, str]]:
    """By which gateways the SMS went, and what became of it there."""
    (sms,) = visitor.sms()
    rows = visitor.site.rows("SELECT * FROM delivery_attempt WHERE sms_id = ? ORDER BY id", sms["id"])
    return [(row["gateway"], row["outcome"]) for row in rows]


def took(visitor: Visitor) -> float:
    """Seconds from the request for the code until a gateway had it."""
    (sms,) = visitor.sms()
    return (datetime.fromisoformat(sms["sent_at"]) - datetime.fromisoformat(sms["created_at"])).total_seconds()


def test_a_dead_gateway_keeps_nobody_waiting_and_is_used_again(site: Site) -> None:
    """Two worker processes: what one finds out, the other one knows."""
    port = free_port()
    told = TwilioStub(f"http://127.0.0.1:{port}").environment(SMS_GATEWAYS="twilio,outbox", SMS_OUTAGE_AFTER="3")
    workers = [site.start_worker(told, ready=False) for _ in range(2)]
    wait_until(lambda: all(" ready." in worker.log.read_text() for worker in workers), 90)
    with ExitStack() as stack:
        stack.callback(site.execute, "DELETE FROM routes_outage")
        people = [stack.enter_context(site.visitor()) for _ in range(9)]

        def ask(visitor: Visitor) -> Visitor:
            visitor.enter_password()
            wait_until(lambda: visitor.statuses() == ["sent"], 90)
            return visitor

        for visitor in people[:3]:
            assert asked(ask(visitor)) == [("twilio", "not_sent"), ("outbox", "sent")]
        (outage,) = site.rows("SELECT * FROM routes_outage")
        assert (outage["gateway"], outage["scope"], outage["ended_at"]) == ("twilio", "", None)
        for visitor in people[3:7]:
            assert asked(ask(visitor)) == [("outbox", "sent")], "nobody tries it meanwhile"
            assert took(visitor) < WITHOUT_IT
        people[6].enter_code()
        assert people[6].is_in()

        gateway = stack.enter_context(twilio_stub(port))
        site.execute("UPDATE routes_outage SET probe_at = began_at")  # its time has come
        for visitor in people[7:]:
            assert asked(ask(visitor)) == [("twilio", "sent")]
        assert [request["To"][-11:] for request in gateway.requests] == [visitor.number for visitor in people[7:]]
        assert site.rows("SELECT * FROM routes_outage WHERE ended_at IS NULL") == []
