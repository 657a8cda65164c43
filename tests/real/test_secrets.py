"""Unique secrets are planted, people do all they can do, and then the secrets are looked for: row 42 of the attacks."""

import base64
import json
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore

from tests.kit.servers.redis import Redis
from tests.kit.servers.site import Site, Visitor
from tests.kit.servers.twilio_stub import TwilioStub, twilio_stub
from tests.kit.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.bypass("row 42: secrets in logs, queues, databases, error mails")]


def canary() -> str:
    return f"Canary-{secrets.token_hex(8)}"


def in_base64(text: str) -> list[str]:
    """How a text looks inside something that was encoded as a whole, at each of three places in the rhythm."""
    coded = (base64.b64encode(b"\0" * shift + text.encode()).decode() for shift in range(3))
    return [part[4:-4] for part in coded]


def assert_absent(secret: str, place: bytes, name: str) -> None:
    for form in [secret, *in_base64(secret)]:
        assert form.encode() not in place, f"{secret} is in {name}"


# What is full of digits and no code: moments with their microseconds, whole numbers, digests. A database file puts
# one column straight after the other, so that a number and a date behind it would make up further digits.
MOMENTS_NUMBERS_DIGESTS = re.compile(
    rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{6})?|(?:\+?86)?1[3-9]\d{9}|[0-9a-f]{32,}"
)


def assert_no_code(codes: list[str], place: bytes, name: str) -> None:
    """Six digits turn up by accident in random values: one may; what leaks one leaks all."""
    place = MOMENTS_NUMBERS_DIGESTS.sub(b"|", place)
    found = [code for code in codes if code.encode() in place]
    assert len(found) <= 1, f"{found} are in {name}"
    for code in found:
        standing_alone = re.search(rb"(?<![\w.-])%s(?![\w-])" % code.encode(), place)
        assert not standing_alone, f"{code} is in {name}"


class Phone:
    """A phone on the gateway's other side."""

    def __init__(self, gateway: TwilioStub) -> None:
        self.number = f"138{secrets.randbelow(10**8):08}"
        self.gateway = gateway
        self.read: list[str] = []

    def code(self) -> str:
        """The next code, waited for."""
        code: str = wait_until(lambda: self._codes()[len(self.read) :], 30)[0]
        self.read.append(code)
        return code

    def _codes(self) -> list[str]:
        texts = [request["Body"] for request in self.gateway.requests if request["To"].endswith(self.number)]
        return [found.group() for text in texts if (found := re.search(r"(?<!\d)\d{6}(?!\d)", text))]


class Watched(Visitor):
    """Whatever the portal keeps after each of this person's clicks is looked at."""

    kept: list[Any]

    def submit(self, path: str, **fields: str) -> Any:
        response = super().submit(path, **fields)
        self.kept = [*getattr(self, "kept", []), *everything_stored(self.site)]
        return response


def everything_stored(site: Site) -> Iterator[object]:
    """Every value of every row; the contents of sessions."""
    for table in site.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        for row in site.rows(f'SELECT * FROM "{table["name"]}"'):
            yield from row.values()
            if "session_data" in row:
                yield json.dumps(SessionStore().decode(row["session_data"]))


@pytest.fixture
def gateway() -> Iterator[TwilioStub]:
    with twilio_stub() as stub:
        yield stub


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis() as redis:
        yield redis.start()


@contextmanager
def broken(site: Site, table: str) -> Iterator[None]:
    """A database without this table: whatever uses it ends in a server error."""
    site.execute(f"ALTER TABLE {table} RENAME TO mislaid")
    yield
    site.execute(f"ALTER TABLE mislaid RENAME TO {table}")


def add_user(site: Site, name: str, password: str) -> None:
    site.run(
        "from django.utils import timezone\nfrom accounts.users.models import User\n"
        f"User.objects.create_user({name!r}, {password!r}, two_step_from=timezone.now())"
    )


@dataclass
class Secrets:
    password: str = field(default_factory=canary)
    new_password: str = field(default_factory=canary)
    wrong_password: str = field(default_factory=canary)
    typed_as_name: str = field(default_factory=canary)
    wrong_code: str = ""

    def passwords(self) -> list[str]:
        return [self.password, self.new_password, self.wrong_password, self.typed_as_name]


def live(person: Watched, its: Secrets, first: Phone, second: Phone) -> None:
    """Sign in wrong and right, bind, sign in again, change the phone, change the password."""
    person.enter_password(its.wrong_password)
    person.submit("/sign-in/", username=its.typed_as_name, password=its.wrong_password)
    person.enter_password(its.password)
    person.submit("/sign-in/phone/", number=first.number, agreed="on")
    code = first.code()
    its.wrong_code = f"{(int(code) + 1) % 1_000_000:06}"
    person.submit("/sign-in/phone/", code=its.wrong_code)
    person.submit("/sign-in/phone/", code=code)
    assert person.is_in()

    person.submit("/sign-out/")
    person.enter_password(its.password)
    person.submit("/sign-in/code/", code=first.code(), trust_browser="on")
    assert person.is_in()

    person.submit("/security/phone/change/")
    person.submit("/security/phone/change/", code=first.code())
    person.submit("/security/phone/change/", number=second.number)
    person.submit("/security/phone/change/", code=second.code())
    new = {"new_password": its.new_password, "new_password_again": its.new_password}
    person.submit("/security/password/", old_password=its.wrong_password, **new)
    person.submit("/security/password/", old_password=its.password, **new)
    assert person.is_in()
    person.submit("/sign-out/")


def meet_errors(person: Watched, its: Secrets, second: Phone) -> bytes:
    """Everything breaks while a secret is in somebody's hands. Returns the pages, which say much while DEBUG is on."""
    site = person.site
    with broken(site, "bans_failure"):
        pages = [person.enter_password(its.wrong_password)]
    person.enter_password(its.new_password)
    code = second.code()
    with broken(site, "delivery_sms"):
        pages.append(person.submit("/sign-in/code/", code=code))
        wait_until(lambda: "OperationalError" in next(site.folder.glob("worker*.log")).read_text(), 30)
    with broken(site, "log_securityevent"):
        pages.append(person.submit("/sign-in/code/", code=code))
    assert [page.status_code for page in pages] == [500, 500, 500]  # a table that is not there is a fault of ours
    return b"".join(page.content for page in pages)


def office_is_told(site: Site) -> bool:
    """Errors leave by the queue, folded."""
    return any(b"To: office@" in path.read_bytes() for path in site.var.glob("mail/*"))


def test_a_whole_life_leaves_no_secret(redis: Redis, gateway: TwilioStub) -> None:
    environment = gateway.environment(CELERY_BROKER_URL=redis.url, LOG_LEVEL="DEBUG", ADMINS="office@example.edu")
    its, first, second = Secrets(), Phone(gateway), Phone(gateway)
    with Site(**environment) as site, Watched(site, "canary@example.edu", first.number) as person:
        add_user(site, person.name, its.password)
        site.start_web()
        worker = site.start_worker()
        live(person, its, first, second)
        error_pages = meet_errors(person, its, second)
        wait_until(lambda: office_is_told(site), 60)
        worker.stop()

        mails = [path.read_bytes() for path in (site.var / "mail").iterdir()]
        places = {
            "the logs": site.logs().encode(),
            "the error mails": b"".join(mail for mail in mails if b"To: office@" in mail),
            "the error pages": error_pages,
            "Redis": redis.dump(),
            "the database": b"".join(path.read_bytes() for path in site.var.glob("mailkey.sqlite3*")),
            "what the database held": "\n".join(map(str, person.kept)).encode(),
        }
        assert b" DEBUG " in places["the logs"]
        assert places["the logs"].count(b"Internal Server Error: /sign-in/") >= 3
        assert b"OperationalError" in places["the error mails"]
        assert b"_kombu" in places["Redis"]
        for name in ("the database", "what the database held"):
            assert first.number.encode() in places[name], f"this is not {name}"

        codes = [*first.read, *second.read, its.wrong_code]
        for name, place in places.items():
            for password in its.passwords():
                assert_absent(password, place, name)
            if "database" not in name:
                assert_absent(first.number, place, name)
                assert_absent(second.number, place, name)
            assert_no_code(codes, place, name)
        assert not set(codes) & set(map(str, person.kept))
        assert not [key for key in redis.client.scan_iter() if b"meta" in key], "results are kept"


def redis_contents(site: Site, redis: Redis) -> bytes:
    return redis.dump()


def folder_contents(site: Site, redis: Redis) -> bytes:
    return b"\n".join(path.read_bytes() for path in site.var.glob("queue*/*"))


@pytest.mark.parametrize("contents", [redis_contents, folder_contents])
def test_the_queue_holds_the_row_and_nothing_else(
    redis: Redis, gateway: TwilioStub, contents: Callable[[Site, Redis], bytes]
) -> None:
    """While no worker takes anything out of it."""
    url = redis.url if contents is redis_contents else "filesystem://"
    password, phone = canary(), Phone(gateway)
    with Site(**gateway.environment(CELERY_BROKER_URL=url)) as site, ExitStack() as stack:
        person = stack.enter_context(Visitor(site, "canary@example.edu", phone.number))
        add_user(site, person.name, password)
        site.start_web()
        person.enter_password(password)
        for _ in range(3):
            person.submit("/sign-in/phone/", number=phone.number, agreed="on")
        queued = contents(site, redis)
        site.start_worker()
        code = phone.code()
        assert person.submit("/sign-in/phone/", code=code).headers["Location"] == "/"

        bodies = [json.loads(base64.b64decode(body)) for body in re.findall(rb'"body": ?"([^"]+)"', queued)]
        assert sorted(body[0] for body in bodies) == [[sms["id"]] for sms in person.sms()]
        for place in [queued, json.dumps(bodies).encode()]:
            assert_absent(password, place, "the queue")
            assert_absent(phone.number, place, "the queue")
            assert not re.search(rb"(?<![\w.-])%s(?![\w-])" % code.encode(), place)


@pytest.mark.bypass("row 44: CVE-2021-23727")
def test_a_worker_reads_nothing_but_json(redis: Redis) -> None:
    """Who can write to the broker gets no code carried out."""
    with Site(CELERY_BROKER_URL=redis.url) as site, site.visitor() as person:
        worker = site.start_worker()
        proof = site.folder / "proof"
        site.run(
            "from portal.celery import app\n"
            "class Bomb:\n"
            f"    def __reduce__(self): return open, ({str(proof)!r}, 'w')\n"
            "with app.connection_for_write() as connection, connection.Producer(serializer='pickle') as producer:\n"
            "    headers = {'task': 'delivery.send_sms', 'id': 'bomb', 'lang': 'py'}\n"
            "    producer.publish(((Bomb(),), {}, {}), routing_key='sms', exchange='sms', headers=headers)\n"
        )
        wait_until(lambda: "ContentDisallowed" in worker.log.read_text(), 30)
        site.start_web()
        person.enter_password()
        person.enter_code()
        assert person.is_in()
        assert not proof.exists()


def test_the_database_is_really_searched(redis: Redis) -> None:
    """The search itself: what is planted in a table, a session or a log is found."""
    secret = canary()
    with Site() as site:
        with closing(sqlite3.connect(site.database)) as database, database:
            data = SessionStore().encode({"password": secret})
            database.execute("INSERT INTO django_session VALUES ('key', ?, '2030-01-01')", [data])
        assert any(secret in str(value) for value in everything_stored(site))
    with pytest.raises(AssertionError):
        assert_absent(secret, base64.b64encode(b"x" + secret.encode()), "it")
    with pytest.raises(AssertionError):
        assert_no_code(["123456"], b"code=123456", "it")
    with pytest.raises(AssertionError):
        assert_no_code(["123456", "234567"], b"en123456zh234567en", "it")
    assert_no_code(["462026", "123456"], b"+86138001380462026-11-27 06:20:40.1234562026-11-27 06:20:40.123456", "it")
