"""Rows of a year that never was: one person, SMS, login, mistake or ban each."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from accounts.bans.models import Ban, Failure
from accounts.delivery.models import Sms
from accounts.lib import clock
from accounts.log import events
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.phones import notice
from accounts.phones.models import Phone
from accounts.users.models import User
from apppasswords.models import AppPassword
from portal.development.names import DEPARTMENTS, GIVEN, SURNAMES
from portal.development.year import DAYS, Year
from portal.office.overview import figures

PROGRAMS = ("Outlook", "iPhone", "Foxmail", "Thunderbird", "手机邮件")


@dataclass
class Person:
    """Somebody's year, in days before today; None: never."""

    user: User
    two_step: int | None
    phone: int | None
    app_password: int | None
    has_program: bool


def name_of(number: int) -> str:
    return f"u{number:05}@{settings.MAIL_DOMAIN}"


class Rows:
    """They are made, not saved."""

    def __init__(self, year: Year) -> None:
        self.year, self.chance = year, year.chance
        self.everybody: list[Person] = []

    def person(self, number: int, department: int, start: int) -> Person:
        """`start`: how many days ago two-step was switched on for the department."""
        chance = self.chance
        name = chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2))))
        created = self.year.now - timedelta(days=DAYS + 1)
        user = User(username=name_of(number), name=name, department=DEPARTMENTS[department], date_joined=created)
        user.set_unusable_password()
        return self._with_year(user, department, start)

    def _with_year(self, user: User, department: int, start: int) -> Person:
        chance = self.chance
        early = chance.random() < 0.04
        begins = (
            chance.randint(max(start, 0), DAYS - 1) if early else start + 14 - min(int(chance.expovariate(0.08)), 60)
        )
        phone = begins if begins >= 0 and chance.random() < 0.96 else None
        two_step = start if start >= 0 and chance.random() < 0.99 - department % 7 / 40 else phone if early else None
        if two_step is not None:
            user.two_step_from = clock.midnight(self.year.day(two_step))
        has_program = chance.random() < 0.6
        made = phone is not None and has_program and chance.random() < 0.9
        later = max((phone or 0) - min(int(chance.expovariate(0.15)), 60), 0)
        return Person(user, two_step, phone, later if made else None, has_program)

    def phone(self, person: Person, number: int) -> Phone:
        at = self.year.moment(person.phone or 0)
        agreed = notice.now().columns | {"agreed_at": at}
        return Phone(user=person.user, number=f"+86170{number:08}", bound_at=at, name="phone", **agreed)

    def app_password(self, person: Person) -> AppPassword:
        at, digest = self.year.moment(person.app_password or 0), secrets.token_hex(32)
        return AppPassword(user=person.user, name=self.chance.choice(PROGRAMS), digest=digest, created_at=at)

    def seconds(self, bad: bool) -> float:
        return self.chance.lognormvariate(3.0 if bad else 1.4, 0.8 if bad else 0.55)

    def sms(self, ago: int, end: str, bad: bool) -> Sms:
        person = self.chance.choice(self.everybody)
        at = self.year.moment(ago)
        handed = at + timedelta(seconds=0.3)
        sent = end in ("delivered", "sent")
        return Sms(
            user=person.user, number="+8617000000000", purpose=Sms.Purpose.SIGN_IN, language="zh-hans", status=end,
            created_at=at, expires_at=at + settings.SMS_CODE_LIFETIME, nonce=f"{self.chance.getrandbits(64):x}",
            session="history", gateway="alibaba" if bad and self.chance.random() < 0.3 else "twilio", tried=1,
            claimed_at=handed, sent_at=handed if sent else None, voided_at=at + settings.SMS_CODE_LIFETIME,
            delivered_at=at + timedelta(seconds=self.seconds(bad)) if end == "delivered" else None,
            error="twilio 30008" if end == "failed" else "", address="10.0.0.1",
            used_at=at + timedelta(seconds=40) if end == "delivered" and self.chance.random() < 0.97 else None,
        )  # fmt: skip

    def mail_login(self, person: Person, ago: int, protocol: str, most: int) -> MailLogin:
        made = person.app_password is not None and person.app_password >= ago
        return MailLogin(
            user=person.user, day=self.year.day(ago), protocol=protocol, method="app" if made else "mailbox",
            count=self.chance.randint(1, most), last_at=self.year.moment(ago),
            address=f"10.{self.chance.randrange(256)}.{self.chance.randrange(256)}.9",
        )  # fmt: skip

    def ban(self, ago: int, *, attack: bool = False) -> Ban:
        at = self.year.moment(ago)
        whole = attack or self.chance.random() < 0.4
        network = f"203.0.{self.chance.randint(0, 255)}.{self.chance.randint(1, 254)}"
        account = "" if whole else self.chance.choice(self.everybody).user.username
        times = settings.BAN_AFTER_FAILURES
        accounts, passwords = (times, times) if attack else (1, self.chance.choice([1, 1, 1, 2, 3, times]))
        return Ban(
            network=network if whole else "10.20.0.7", account=account, started_at=at,
            until=at + settings.BAN_LIFETIME, first_at=at - timedelta(minutes=self.chance.randint(1, 90)), last_at=at,
            channels="imap", failure_count=times, account_count=accounts, guess_count=passwords,
            password_count=passwords,
        )  # fmt: skip

    def failure(self, ago: int, channel: str, ban: Ban | None = None) -> Failure:
        person = self.chance.choice(self.everybody)
        at = ban.started_at if ban else self.year.moment(ago)
        network = ban.network if ban else f"10.1.{self.chance.randrange(256)}.{self.chance.randint(1, 254)}"
        digest = f"{self.chance.getrandbits(64):016x}"
        return Failure(network=network, account=person.user.username, password_digest=digest, channel=channel, at=at,
                       ban=ban, cleared_at=None if ban else at)  # fmt: skip

    def event(self, ago: int, way: str) -> SecurityEvent:
        user = self.chance.choice(self.everybody).user
        refused = way == figures.REFUSED
        kind = events.Kind.REFUSED if refused else events.Kind.SIGNED_IN
        detail = {"channel": "web"} if refused else {"method": way, "browser": "Edge", "system": "Windows"}
        return events.draft(kind, user, detail, address="10.0.0.1", at=self.year.moment(ago))
