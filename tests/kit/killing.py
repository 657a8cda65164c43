"""A worker that is killed at a point of its task, and what becomes of the SMS that it had."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.kit.servers.programs import Program
from tests.kit.servers.site import Visitor
from tests.kit.servers.twilio_stub import TwilioStub
from tests.kit.waiting import wait_until


def repeat_everything(visitor: Visitor) -> None:
    """Sweeps, and each of the person's tasks three times more; it is over when the last of all was worked on."""
    with visitor.site.visitor() as last:
        last.enter_password()
        pks = [sms["id"] for sms in visitor.sms()]
        visitor.site.run(
            "from accounts.delivery.tasks import sweep\nfrom accounts.routes.tasks import send_sms\n"
            f"for pk in {[*pks, *pks, *pks, *(sms['id'] for sms in last.sms())]}: sweep.delay(); send_sms.delay(pk)"
        )
        wait_until(lambda: last.statuses() == ["sent"], 90)


def times_sent(visitor: Visitor) -> int:
    return len(visitor.site.outbox(visitor.number))


def take_the_message(visitor: Visitor, worker: Program, is_taken: object) -> None:
    """The worker takes the task from the queue, acknowledges it, and dies before it could claim the row."""
    assert callable(is_taken)
    with visitor.site.locked():  # or it stops in the midst of a write, and nobody else can write
        worker.freeze()
    visitor.enter_password()
    with visitor.site.locked():
        worker.thaw()
        wait_until(is_taken, 90)
        worker.kill()
    assert visitor.statuses() == ["queued"]


@contextmanager
def black_hole() -> Iterator[str]:
    """A server whose queue of connections is full: nothing is refused, nothing is accepted."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address = server.getsockname()
        for _ in range(4):
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"


def is_lost(visitor: Visitor, gateway: TwilioStub, requests: int) -> None:
    """The next worker reports the SMS and sends nothing; the person asks again and gets a code."""
    gateway.release()
    visitor.site.start_worker(gateway.environment())
    wait_until(lambda: visitor.statuses() == ["unknown"], 90)
    assert visitor.sms()[0]["error"] == "worker lost"
    assert "Perhaps the SMS" in visitor.open("/sign-in/code/").text
    repeat_everything(visitor)
    mine = [request for request in gateway.requests if request["To"].endswith(visitor.number)]
    assert len(mine) == requests
    visitor.submit("/sign-in/code/", send="1")
    wait_until(lambda: visitor.statuses() == ["unknown", "sent"], 90)
