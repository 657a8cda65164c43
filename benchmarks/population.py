"""A university as large as one says: the database writes its rows, this process the chain of the log."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Model
from django.utils import timezone

from accounts.bans.models import Failure, Place
from accounts.browsers.models import TrustedBrowser
from accounts.delivery.models import Mail, Sms
from accounts.log import chain, events, signatures
from accounts.log.models import LogEnd, SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.phones.models import Phone
from accounts.sessions.models import SignIn
from accounts.users.models import User
from apppasswords.models import AppPassword
from tests.kit.people import PASSWORD

DAYS = 360
EACH = 10  # mail logins and events of an account
RECENT = 30  # days of what is kept for a month

# Of the n-th, as the database writes it.
LATIN = "(ARRAY['wang','li','zhang','liu','chen','yang','huang','zhao','wu','zhou','xu','sun','ma','zhu','hu'])"
FAMILY = "(string_to_array('王李张刘陈杨黄赵吴周徐孙马朱胡', NULL))"
GIVEN = "(string_to_array('伟芳娜敏静秀英丽强磊军洋勇艳杰娟涛明超霞平刚桂兰飞鹏辉红建华', NULL))"
NAME = (
    f"{FAMILY}[1 + n % 15] || {GIVEN}[1 + n / 15 % 30] || CASE n % 3 WHEN 0 THEN '' ELSE {GIVEN}[1 + n / 450 % 30] END"
)
ORIGIN = "'10.' || n % 200 || '.' || n / 200 % 250 || '.' || n / 50000 % 250"
NUMBER = "'+861' || (3100000000 + n)"
RANDOM = "md5(n::text) || md5((-n)::text)"
KINDS = ("signed_in", "signed_out", "code_wrong", "refused")


def address(number: str) -> str:
    return f"{LATIN}[1 + {number} % 15] || '.' || {number} || '@example.edu'"


def ago(days: int, people: int) -> str:
    """Evenly over so many days until now, the first the longest ago."""
    return f"now() - ({people} - n) * interval '{days * 86400 / people} seconds'"


def copy(row: Model, times: int, /, **columns: str) -> None:
    """So many of it; `columns`: what differs, of the n-th."""
    table, key = row._meta.db_table, row._meta.pk
    assert key
    names = [str(field.column) for field in row._meta.concrete_fields if field is not row._meta.auto_field]
    told = ", ".join(columns.get(name, f't."{name}"') for name in names)
    written = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({written}) SELECT {told} FROM {table} t, generate_series(1, {times}) n "
            f"WHERE t.{key.column} = '{row.pk}'"
        )


def owner(first: User, people: int) -> str:
    return f"{first.pk} + (1 + (n - 1) % {people})"


def fill_people(people: int) -> tuple[User, Phone]:
    """The first of them and the phone of this one."""
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # it is known that each row has its owner
        cursor.execute("SET synchronous_commit = off")
    first = User.objects.create_user("first@example.edu", PASSWORD, two_step_from=timezone.now())
    phone = Phone.objects.create(user=first, number="+8613000000000", confirmed=True)
    copy(first, people, username=address("n"), name=NAME, department="'第' || n % 60 || '学院'",
         two_step_from="CASE WHEN n % 5 < 4 THEN t.two_step_from END",
         last_login="now() - n % 500000 * interval '1 minute'")  # fmt: skip
    copy(phone, people, user_id=owner(first, people), number=NUMBER)
    return first, phone


def fill(people: int) -> User:
    """Somebody among them."""
    first, phone = fill_people(people)
    now, whose = timezone.now(), owner(first, people)
    days = f"({EACH} - 1 - (n - 1) / {people}) * {DAYS // EACH} + n % {DAYS // EACH}"
    secret = AppPassword.objects.create(user=first, name="Mail", digest="0" * 64, last_used_at=now)
    copy(secret, 2 * people, user_id=whose, digest=RANDOM, request="md5(n::text)", last_used_address=ORIGIN,
         last_used_protocol="(ARRAY['imap','smtp','pop3',''])[1 + n % 4]")  # fmt: skip
    login = MailLogin.objects.create(user=first, day=timezone.localdate(), protocol="imap", method="app", count=7)
    copy(login, EACH * people, user_id=whose, day=f"t.day - ({days})::int", address=ORIGIN, count="1 + n % 50",
         protocol="(ARRAY['imap','smtp','pop3'])[1 + n % 3]",
         last_at=f"t.last_at - ({days}) * interval '1 day' - n % 30000 * interval '1 second'")  # fmt: skip
    copy(Failure.objects.create(network="10.1.1.1", account="0" * 32, channel="imap"), people, network=ORIGIN,
         at=ago(RECENT, people))  # fmt: skip
    place = Place.objects.create(user=first, network="10.1.1.1", last_at=now)
    copy(place, people, user_id=whose, network=ORIGIN, last_at=ago(3 * RECENT, people))
    fill_sms(first, people, whose)
    fill_mails(first, people, whose)
    fill_sign_ins(first, phone, people, whose)
    fill_log(first.pk, people)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return User.objects.get(username=f"li.{1 + 15 * (people // 30)}@example.edu")


def _message(first: User) -> dict[str, Any]:
    return {"user": first, "language": "zh-hans", "expires_at": timezone.now(), "status": Sms.Status.DELIVERED}


def fill_sms(first: User, people: int, whose: str) -> None:
    sms = Sms.objects.create(**_message(first), number="+8613000000000", purpose=Sms.Purpose.SIGN_IN, nonce="0" * 32)
    copy(sms, people, user_id=whose, number=NUMBER, gateway_id=RANDOM, created_at=ago(RECENT, people))


def fill_mails(first: User, people: int, whose: str) -> None:
    old = timezone.now() - timedelta(days=366)  # the log begins with it
    event = SecurityEvent.objects.create(at=old, kind="signed_in", user_id=first.pk, username=first.username)
    copy(Mail.objects.create(**_message(first), event=event), people, user_id=whose, created_at=ago(RECENT, people),
         event_id=f"{event.pk} + {EACH - 1} * {people} + n")  # fmt: skip


def fill_sign_ins(first: User, phone: Phone, people: int, whose: str) -> None:
    now, device = timezone.now(), {"browser": "Chrome", "system": "Windows", "address": "10.1.1.1"}
    browser = TrustedBrowser.objects.create(user=first, phone=phone, digest="0" * 64, expires_at=now, **device)
    copy(browser, people, user_id=whose, phone_id=f"{phone.pk} + n", digest=RANDOM,
         expires_at=f"now() + (n % {RECENT}) * interval '1 day' - interval '1 hour'",
         seen_at="now() - n % 500000 * interval '1 minute'")  # fmt: skip
    # Of a tenth, since yesterday: half of them are over.
    ends = "now() + (n % 24 - 12) * interval '1 hour'"
    signed_in = SignIn.objects.create(
        user=first, session="0" * 32, auth_hash="0" * 64, signed_in_at=now, seen_at=now, ends_at=now, **device
    )
    copy(signed_in, people // 10, user_id=whose, session="md5(n::text)", ends_at=ends)
    session = Session.objects.create(session_key="first", session_data="x" * 300, expire_date=now)
    copy(session, people // 10, session_key="md5(n::text)", expire_date=ends)


def fill_log(first: int, people: int) -> None:
    """After the one event that is there, whose place this takes over."""
    chain.seal_all()
    end = LogEnd.objects.get(which=LogEnd.Which.END)
    names = ("id", "position", "previous", "seal", "signature", *SecurityEvent.CONTENT)
    pk = SecurityEvent.objects.latest("pk").pk
    with connection.cursor() as cursor:
        with cursor.copy(f"COPY log_securityevent ({', '.join(names)}) FROM STDIN") as rows:
            for row in _events(end, pk, first, people):
                rows.write_row(row)
        cursor.execute(f"SELECT setval(pg_get_serial_sequence('log_securityevent', 'id'), {pk + EACH * people})")
    end.signature = signatures.end(end.which, end.position, end.seal, end.at)
    end.save()


def _events(end: LogEnd, pk: int, first: int, people: int) -> Iterator[tuple[Any, ...]]:
    """A year of them, one after the other; `end` moves with them."""
    detail = events.Kind("signed_in").stored({"method": "code", "browser": "Chrome", "system": "Windows"})
    told, now, names = json.dumps(detail), timezone.now(), _LATIN
    for n in range(1, EACH * people + 1):
        whose = 1 + (n - 1) % people
        at = now - timedelta(days=365) * ((EACH * people - n) / (EACH * people))
        turn = (n + n // people) % len(KINDS)
        kind, which = KINDS[turn], detail if turn == 0 else {}
        content = (
            signatures.new_nonce(), at, kind, first + whose, f"{names[whose % 15]}.{whose}@example.edu", None, "",
            f"10.{n % 200}.{n // 200 % 250}.{n // 50000 % 250}", which,
        )  # fmt: skip
        signature = signatures.signature(content)
        previous = end.seal
        end.position, end.at = end.position + 1, at
        end.seal = signatures.seal(end.position, previous, pk + n, signature)
        yield pk + n, end.position, previous, end.seal, signature, *content[:-1], told if which else "{}"


_LATIN = ("wang", "li", "zhang", "liu", "chen", "yang", "huang", "zhao", "wu", "zhou", "xu", "sun", "ma", "zhu", "hu")
