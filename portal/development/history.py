"""A year that never was: invented people, their SMS, logins, mistakes and bans."""

import random
import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.utils import timezone

from accounts.bans.models import Ban, Failure
from accounts.delivery.models import Sms
from accounts.log import chain, events
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.phones.models import Phone
from accounts.users.models import User
from apppasswords.models import AppPassword
from portal.development.names import DEPARTMENTS, GIVEN, SURNAMES
from portal.office import figures
from portal.office.figures import Figures, Name
from portal.office.models import DayFigure

PEOPLE = 10_000  # that a day is as busy as; of fewer people in proportion
DAYS = 364
ROWS_FROM = 29  # days ago; what is older is only in the figures, as it would be
EVENTS_FROM = 1  # days ago: the security log is long enough without
BATCH = 5_000
ON_WEEKDAYS = (1.0, 1.0, 0.98, 0.97, 0.9, 0.25, 0.2)
WORKING_HOURS = (8, 20)
BAD_WEEK = range(12, 19)  # days ago: the gateway fails and is slow
ATTACKS = {5: 130, 143: 210, 260: 90}  # days ago, and from how many addresses
PROTOCOLS = {"imap": (0.85, 9), "smtp": (0.5, 3), "pop3": (0.12, 5)}  # how likely on a day, logins at most
CHANNELS = {"web": 0.45, "imap": 0.35, "smtp": 0.15, "pop3": 0.05}
SMS_ENDS = {"delivered": 0.965, "failed": 0.02, "sent": 0.01, "unknown": 0.005}
BAD_ENDS = {"delivered": 0.70, "failed": 0.22, "sent": 0.02, "unknown": 0.06}


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


def _add(model: type[Model], rows: Iterable[Any]) -> int:
    return len(model._default_manager.bulk_create(rows, batch_size=BATCH))


class History:
    def __init__(self, chance: random.Random, count: int) -> None:
        self.chance, self.count = chance, count
        self.now = timezone.now()
        self.today = timezone.localdate(self.now)
        self.everybody: list[Person] = []
        self.older: dict[int, Figures] = {ago: {} for ago in range(DAYS)}  # by days ago
        self.on: dict[int, float] = {}  # share of people with two-step and a phone
        self.made: dict[int, float] = {}  # share of mail programs with an app password

    # --- Days ---------------------------------------------------------------------------------------------------------

    def day(self, ago: int) -> date:
        return self.today - timedelta(days=ago)

    def busy(self, ago: int) -> float:
        """How much is done on a day, beside a Monday in term."""
        day = self.day(ago)
        holiday = 0.4 if day.month in (7, 8) else 0.5 if day.month == 2 else 1
        if day.month == 10 and day.day <= 7:
            holiday = 0.3
        part = (self.now - figures.midnight(day)) / timedelta(days=1) if ago == 0 else 1
        return ON_WEEKDAYS[day.weekday()] * holiday * part * self.chance.uniform(0.93, 1.07) * self.count / PEOPLE

    def moment(self, ago: int) -> datetime:
        """Some time of that day; nothing has happened in the future."""
        midnight = figures.midnight(self.day(ago))
        first, last = (midnight + timedelta(hours=hour) for hour in WORKING_HOURS)
        if self.chance.random() < 0.15 or first > self.now:
            first, last = midnight, midnight + timedelta(days=1)
        return first + (min(last, self.now) - first) * self.chance.random()

    def spread(self, total: int, shares: dict[str, float]) -> dict[str, int]:
        return {key: round(total * share) for key, share in shares.items()}

    # --- People -------------------------------------------------------------------------------------------------------

    def people(self) -> int:
        """One department after the other is switched on; the last have it before them."""
        chance = self.chance
        weights = [chance.uniform(0.3, 2) for _ in DEPARTMENTS]
        chosen = chance.choices(range(len(DEPARTMENTS)), weights, k=self.count)
        turns = chance.sample(range(len(DEPARTMENTS)), len(DEPARTMENTS))
        starts = {department: 300 - 9 * turn for turn, department in enumerate(turns)}
        created = self.now - timedelta(days=DAYS + 1)
        for number, department in enumerate(chosen, 1):
            name = chance.choice(SURNAMES) + "".join(chance.choices(GIVEN, k=chance.choice((1, 2, 2))))
            user = User(username=name_of(number), name=name, department=DEPARTMENTS[department], date_joined=created)
            user.set_unusable_password()
            self.everybody.append(self._person(user, department, starts[department]))
        User.objects.bulk_create([person.user for person in self.everybody], batch_size=BATCH)
        phones = []
        app_passwords = []
        for number, person in enumerate(self.everybody, 1):
            if person.phone is not None:
                at = self.moment(person.phone)
                phones.append(Phone(user=person.user, number=f"+86170{number:08}", bound_at=at, name="phone"))
            if person.app_password is not None:
                at, digest = self.moment(person.app_password), secrets.token_hex(32)
                name = chance.choice(("Outlook", "iPhone", "Foxmail", "Thunderbird", "手机邮件"))
                app_passwords.append(AppPassword(user=person.user, name=name, digest=digest, created_at=at))
        _add(Phone, phones)
        _add(AppPassword, app_passwords)
        self._adoption()
        return len(self.everybody)

    def _person(self, user: User, department: int, start: int) -> Person:
        chance = self.chance
        early = chance.random() < 0.04
        begins = (
            chance.randint(max(start, 0), DAYS - 1) if early else start + 14 - min(int(chance.expovariate(0.08)), 60)
        )
        phone = begins if begins >= 0 and chance.random() < 0.96 else None
        two_step = start if start >= 0 and chance.random() < 0.99 - department % 7 / 40 else phone if early else None
        if two_step is not None:
            user.two_step_from = figures.midnight(self.day(two_step))
        has_program = chance.random() < 0.6
        made = phone is not None and has_program and chance.random() < 0.9
        later = max((phone or 0) - min(int(chance.expovariate(0.15)), 60), 0)
        return Person(user, two_step, phone, later if made else None, has_program)

    def _adoption(self) -> None:
        for ago in range(DAYS):
            counts: Figures = Counter()
            for person in self.everybody:
                department = person.user.department
                counts[Name.PEOPLE_OF, department] += 1
                for name, since in ((Name.TWO_STEP_OF, person.two_step), (Name.PHONE_OF, person.phone),
                                    (Name.APP_PASSWORD_OF, person.app_password)):  # fmt: skip
                    counts[name, department] += since is not None and since >= ago
            for whole, of in zip(figures.WHOLE, figures.OF_DEPARTMENTS, strict=True):
                counts[whole, ""] = sum(value for (name, _key), value in list(counts.items()) if name == of)
            self.older[ago] |= dict(counts)
            everybody = counts[Name.PEOPLE, ""]
            programs = sum(person.has_program for person in self.everybody)
            self.on[ago] = counts[Name.PHONE, ""] / max(everybody, 1)
            self.made[ago] = counts[Name.APP_PASSWORD, ""] / max(programs, 1)

    # --- What they did ------------------------------------------------------------------------------------------------

    def sms(self) -> int:
        rows = []
        with_phone = [person for person in self.everybody if person.phone is not None]
        for ago in range(DAYS):
            total = round(2_400 * self.on[ago] * self.busy(ago))
            bad = ago in BAD_WEEK or ago - 180 in BAD_WEEK
            gateway = "alibaba" if bad else "twilio"
            ends = self.spread(total, BAD_ENDS if bad else SMS_ENDS)
            if ago <= ROWS_FROM and with_phone:
                rows += [self._sms(ago, end, bad) for end, times in ends.items() for _ in range(times)]
                continue
            day = self.older[ago]
            for end, times in ends.items():
                for name, part in ((gateway, 0.3 if bad else 0), ("twilio", 0.7 if bad else 1)):
                    day[Name.SMS, f"{name} {end}"] = day.get((Name.SMS, f"{name} {end}"), 0) + round(times * part)
            day[Name.SMS_ENTERED, "twilio"] = round(0.97 * ends["delivered"] * (0.7 if bad else 1))
            taken = sorted(self._seconds(bad) for _ in range(ends["delivered"]))
            for seconds in taken:
                key = (str(Name.DELIVERY), figures.delivery_class(seconds))
                day[key] = day.get(key, 0) + 1
            if taken:
                day[Name.DELIVERY_MEDIAN, ""] = int(figures.percentile(taken, 50) * 1000)
                day[Name.DELIVERY_P95, ""] = int(figures.percentile(taken, 95) * 1000)
        return _add(Sms, rows)

    def _seconds(self, bad: bool) -> float:
        return self.chance.lognormvariate(3.0 if bad else 1.4, 0.8 if bad else 0.55)

    def _sms(self, ago: int, end: str, bad: bool) -> Sms:
        person = self.chance.choice(self.everybody)
        at = self.moment(ago)
        handed = at + timedelta(seconds=0.3)
        sent = end in ("delivered", "sent")
        return Sms(
            user=person.user, number="+8617000000000", purpose=Sms.Purpose.SIGN_IN, language="zh-hans", status=end,
            created_at=at, expires_at=at + settings.SMS_CODE_LIFETIME, nonce=f"{self.chance.getrandbits(64):x}",
            session="history", gateway="alibaba" if bad and self.chance.random() < 0.3 else "twilio", tried=1,
            claimed_at=handed, sent_at=handed if sent else None, voided_at=at + settings.SMS_CODE_LIFETIME,
            delivered_at=at + timedelta(seconds=self._seconds(bad)) if end == "delivered" else None,
            error="twilio 30008" if end == "failed" else "", address="10.0.0.1",
            used_at=at + timedelta(seconds=40) if end == "delivered" and self.chance.random() < 0.97 else None,
        )  # fmt: skip

    def mail_logins(self) -> int:
        """From the mailbox password to app passwords."""
        rows: list[MailLogin] = []
        programs = [person for person in self.everybody if person.has_program]
        for ago in range(DAYS):
            busy = self.busy(ago) * PEOPLE / self.count
            day = self.day(ago)
            for protocol, (likely, most) in PROTOCOLS.items():
                if ago <= ROWS_FROM:
                    active = (person for person in programs if self.chance.random() < 0.7 * likely * min(busy, 1))
                    rows += [self._mail_login(person, ago, day, protocol, most) for person in active]
                    continue
                logins = 0.7 * likely * busy * len(programs) * (most + 1) / 2
                for method, part in (("app", self.made[ago]), ("mailbox", 1 - self.made[ago])):
                    self.older[ago][Name.MAIL_LOGIN, f"{protocol} {method}"] = round(logins * part)
        return _add(MailLogin, rows)

    def _mail_login(self, person: Person, ago: int, day: date, protocol: str, most: int) -> MailLogin:
        made = person.app_password is not None and person.app_password >= ago
        return MailLogin(
            user=person.user, day=day, protocol=protocol, method="app" if made else "mailbox",
            count=self.chance.randint(1, most), last_at=self.moment(ago),
            address=f"10.{self.chance.randrange(256)}.{self.chance.randrange(256)}.9",
        )  # fmt: skip

    def failures(self) -> int:
        """Old phones and slips every day, and now and then an attack. Bans are kept for the whole year."""
        rows, bans = [], []
        for ago in range(DAYS):
            usual = self.spread(round(260 * self.busy(ago)), CHANNELS)
            today = [self._ban(ago) for _ in range(round(6 * self.busy(ago)))]
            attack = [self._ban(ago, attack=True) for _ in range(ATTACKS.get(ago, 0) * self.count // PEOPLE)]
            bans += today + attack
            if ago <= ROWS_FROM:
                rows += [self._failure(ago, channel) for channel, times in usual.items() for _ in range(times)]
                rows += [self._failure(ago, "imap", ban) for ban in attack for _ in range(settings.BAN_AFTER_FAILURES)]
                continue
            usual["imap"] += settings.BAN_AFTER_FAILURES * len(attack)
            self.older[ago] |= {(Name.FAILURE, channel): times for channel, times in usual.items()}
            of_accounts = sum(bool(ban.account) for ban in today)
            self.older[ago] |= {(Name.BAN, figures.ACCOUNT): of_accounts}
            self.older[ago] |= {(Name.BAN, figures.ADDRESS): len(today) + len(attack) - of_accounts}
        return _add(Ban, bans) + _add(Failure, rows)

    def _ban(self, ago: int, *, attack: bool = False) -> Ban:
        at = self.moment(ago)
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

    def _failure(self, ago: int, channel: str, ban: Ban | None = None) -> Failure:
        person = self.chance.choice(self.everybody)
        at = ban.started_at if ban else self.moment(ago)
        network = ban.network if ban else f"10.1.{self.chance.randrange(256)}.{self.chance.randint(1, 254)}"
        digest = f"{self.chance.getrandbits(64):016x}"
        return Failure(network=network, account=person.user.username, password_digest=digest, channel=channel, at=at,
                       ban=ban, cleared_at=None if ban else at)  # fmt: skip

    def sign_ins(self) -> int:
        events = []
        for ago in range(DAYS):
            total = round(4_200 * self.busy(ago))
            on = self.on[ago]
            shares = {"code": 0.4 * on, "trusted browser": 0.6 * on, "password": 1 - on, figures.REFUSED: 0.03}
            ways = self.spread(total, shares)
            if ago <= EVENTS_FROM:
                events += [self._event(ago, way) for way, times in ways.items() for _ in range(times)]
            else:
                self.older[ago] |= {(Name.SIGN_IN, way): times for way, times in ways.items()}
        return _add(SecurityEvent, sorted(events, key=lambda event: event.at))

    def _event(self, ago: int, way: str) -> SecurityEvent:
        user = self.chance.choice(self.everybody).user
        refused = way == figures.REFUSED
        kind = events.Kind.REFUSED if refused else events.Kind.SIGNED_IN
        detail = {"channel": "web"} if refused else {"method": way, "browser": "Edge", "system": "Windows"}
        return events.draft(kind, user, detail, address="10.0.0.1", at=self.moment(ago))

    def seals(self) -> int:
        """What happens by itself after each event, for all at once."""
        chain.seal_all()
        return chain.events().exclude(position=None).count()

    def sums(self) -> int:
        """Days that still have their rows are counted as every night; of the others, the figures are all there is."""
        for ago in range(ROWS_FROM + 1):
            figures.sum_up(self.day(ago))
        kept = [
            DayFigure(day=self.day(ago), name=name, key=key, value=value)
            for ago, day in self.older.items()
            for (name, key), value in day.items()
            if ago > ROWS_FROM or (name == Name.SIGN_IN and ago > EVENTS_FROM)
        ]
        kept += [
            DayFigure(day=self.day(ago), name=Name.SUMMED_AT, value=int(self.now.timestamp()) - 86400 * ago)
            for ago in range(ROWS_FROM + 1, DAYS)
        ]
        DayFigure.objects.bulk_create(
            kept,
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["name", "day", "key"],
            update_fields=["value"],
        )
        return DayFigure.objects.count()
