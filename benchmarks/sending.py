"""What SMS go through here: a PostgreSQL and a Redis of their own, real workers and beat, and a gateway that counts."""

import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs

from benchmarks.mail_login import ENVIRONMENT, ROOT, seconds
from tests.kit.servers.postgres import Cluster, cluster
from tests.kit.servers.programs import Program
from tests.kit.servers.redis import Redis
from tests.kit.waiting import wait_until

READ_TIMEOUT = 1.5  # seconds, after which a worker no longer waits for the gateway
CELERY = [sys.executable, "-m", "celery", "-A", "portal", "--quiet"]
WORKER = [*CELERY, "worker", "--queues", "sms,mail,upkeep", "--pool", "threads", "--without-gossip", "--without-mingle",
          "--loglevel", "WARNING"]  # fmt: skip


class Gateway(ThreadingHTTPServer):
    """Answers as Twilio does, after `takes` seconds; of some it is too late for the answer."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, takes: float = 0, share_of_timeouts: float = 0, host: str = "127.0.0.1") -> None:
        super().__init__((host, 0), _Handler)
        self.takes, self.share_of_timeouts = takes, share_of_timeouts
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.asked: Counter[str] = Counter()  # by the number that is to get it
        self.said: Counter[tuple[str, str]] = Counter()  # by number and text: each code has one of its own
        self.is_dead = False  # it takes connections and says nothing
        self.refuses, self.says_nonsense = False, False
        self.takes_leave = False  # whoever asks again connects anew
        self.came_at: dict[str, float] = {}
        self.texts: dict[str, str] = {}  # the newest
        self.changing = Lock()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked was killed, or waited no longer."""


class _Handler(BaseHTTPRequestHandler):
    server: Gateway
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body leave together; apart, the answer waits 40 ms for an acknowledgement

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        number = form["To"][0]
        with self.server.changing:
            if self.server.is_dead:
                self.close_connection = True
                return
            if self.server.refuses:
                self._answer(401, '{"code": 20003, "message": "Authenticate", "status": 401}')
                return
            self.server.asked[number] += 1
            self.server.said[number, form["Body"][0]] += 1
            self.server.came_at.setdefault(number, time.time())
            self.server.texts[number] = form["Body"][0]
        is_late = random.random() < self.server.share_of_timeouts
        time.sleep(READ_TIMEOUT + 0.5 if is_late else self.server.takes)
        told = f'{{"sid": "SM{self.server.asked.total():032}", "status": "queued"}}'
        self._answer(201, "<html>Queued" if self.server.says_nonsense else told)

    def _answer(self, status: int, body: str) -> None:
        self.send_response(status)
        if self.server.takes_leave:
            self.send_header("Connection", "close")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: Any) -> None:
        pass


class Site:
    """Everybody on it has a number of their own and asks for one code, or several tests would wait for each other."""

    def __init__(
        self, redis: Redis, database: Cluster, gateway: Gateway, folder: Path, processes: ExitStack
    ) -> None:  # fmt: skip
        self.redis, self.gateway, self._folder, self._processes = redis, gateway, folder, processes
        self.database, self._programs = database, list[tuple[str, Program]]()

    def worker(self, *options: str) -> Program:
        return self._start("workers", [*WORKER, "--hostname", f"w{time.monotonic_ns()}@%h", *options])

    def beat(self) -> Program:
        return self._start("beat", [*CELERY, "beat", "--loglevel", "WARNING"])

    def _start(self, name: str, command: list[str]) -> Program:
        program = Program(command, self._folder / "log", os.environ, ROOT)
        self._processes.callback(program.kill)
        self._programs.append((name, program))
        return program

    def cpu(self) -> dict[str, float]:
        """Seconds of processor time until now, by who took them."""
        taken = {"who asks, and the gateway": seconds([os.getpid()])}
        for name, program in self._programs:
            taken[name] = taken.get(name, 0) + seconds([program.pid])
        taken["PostgreSQL"] = seconds(self.database.processes())
        return taken | {"Redis": seconds([self.redis.program.pid])}

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")


@contextmanager
def site(gateway: Gateway, **settings: str) -> Iterator[Site]:
    with ExitStack() as processes:
        folder = Path(processes.enter_context(tempfile.TemporaryDirectory(prefix="mailkey-sending-")))
        database = processes.enter_context(cluster())
        redis = processes.enter_context(Redis()).start()
        Thread(target=gateway.serve_forever, daemon=True).start()
        processes.callback(gateway.shutdown)
        os.environ |= ENVIRONMENT | {
            "DATABASE_URL": database.url,
            "CELERY_BROKER_URL": redis.url,
            "TWILIO_BASE_URL": gateway.url,
            "TWILIO_READ_TIMEOUT": str(READ_TIMEOUT),
            "LOG_LEVEL": "ERROR",
            **settings,
        }
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield Site(redis, database, gateway, folder, processes)


def number(of: int) -> str:
    return f"+86138{of:08}"


def ask(of: int) -> int:
    """Somebody new asks for a code; the row's key."""
    from accounts.codes import codes
    from accounts.delivery.models import Sms
    from accounts.users.models import User

    user = User.objects.create(username=f"person{of}@example.edu", password="!")
    address = f"10.{of >> 16 & 255}.{of >> 8 & 255}.{of & 255}"
    issued = codes.issue(user, number(of), Sms.Purpose.SIGN_IN, "s" * 32, address=address, language="en")
    assert issued.sms, issued.refusal
    return issued.sms.pk


def wait_for_the_end(seconds: float) -> None:
    """Until no SMS waits or is being sent."""
    from accounts.delivery.models import Delivery, Sms

    unfinished = Sms.objects.filter(status__in=(*Delivery.WAITING, Delivery.Status.CLAIMED))
    wait_until(lambda: not unfinished.exists(), seconds)
