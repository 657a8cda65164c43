"""A year that never was: of its last days there are rows, of those before only the figures."""

import random
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import Model

from accounts.bans.models import Ban, Failure
from accounts.delivery.models import Sms
from accounts.log import chain
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.phones.models import Phone
from accounts.users.models import User
from apppasswords.models import AppPassword
from portal.development.names import DEPARTMENTS
from portal.development.rows import Rows
from portal.development.year import DAYS, PEOPLE, Year
from portal.office.models import DayFigure
from portal.office.overview import figures
from portal.office.overview.figures import Figures, Name

ROWS_FROM = 29  # days ago; what is older is only in the figures, as it would be
EVENTS_FROM = 1  # days ago: the security log is long enough without
BATCH = 5_000
BAD_WEEK = range(12, 19)  # days ago: the gateway fails and is slow
ATTACKS = {5: 130, 143: 210, 260: 90}  # days ago, and from how many addresses
PROTOCOLS = {"imap": (0.85, 9), "smtp": (0.5, 3), "pop3": (0.12, 5)}  # how likely on a day, logins at most
CHANNELS = {"web": 0.45, "imap": 0.35, "smtp": 0.15, "pop3": 0.05}
SMS_ENDS = {"delivered": 0.965, "failed": 0.02, "sent": 0.01, "unknown": 0.005}
BAD_ENDS = {"delivered": 0.70, "failed": 0.22, "sent": 0.02, "unknown": 0.06}


def _add(model: type[Model], rows: Iterable[Any]) -> int:
    return len(model._default_manager.bulk_create(rows, batch_size=BATCH))


class History:
    def __init__(self, chance: random.Random, count: int) -> None:
        self.chance, self.count = chance, count
        self.year = Year(chance, count)
        self.rows = Rows(self.year)
        self.everybody = self.rows.everybody
        self.older: dict[int, Figures] = {ago: {} for ago in range(DAYS)}  # by days ago
        self.on: dict[int, float] = {}  # share of people with two-step and a phone
        self.made: dict[int, float] = {}  # share of mail programs with an app password

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
        for number, department in enumerate(chosen, 1):
            self.everybody.append(self.rows.person(number, department, starts[department]))
        User.objects.bulk_create([person.user for person in self.everybody], batch_size=BATCH)
        numbered = enumerate(self.everybody, 1)
        _add(Phone, [self.rows.phone(person, number) for number, person in numbered if person.phone is not None])
        made = [person for person in self.everybody if person.app_password is not None]
        _add(AppPassword, [self.rows.app_password(person) for person in made])
        self._adoption()
        return len(self.everybody)

    def _adoption(self) -> None:
        for ago in range(DAYS):
            counts: Figures = Counter()
            for person in self.everybody:
                department = person.user.department
                counts[Name.PEOPLE_OF, department] += 1
                for name, since in ((Name.TWO_STEP_OF, person.two_step), (Name.READY_OF, person.phone),
                                    (Name.APP_PASSWORD_OF, person.app_password)):  # fmt: skip
                    counts[name, department] += since is not None and since >= ago
            for whole, of in zip(figures.WHOLE, figures.OF_DEPARTMENTS, strict=True):
                counts[whole, ""] = sum(value for (name, _key), value in list(counts.items()) if name == of)
            self.older[ago] |= dict(counts)
            everybody = counts[Name.PEOPLE, ""]
            programs = sum(person.has_program for person in self.everybody)
            self.on[ago] = counts[Name.READY, ""] / max(everybody, 1)
            self.made[ago] = counts[Name.APP_PASSWORD, ""] / max(programs, 1)

    # --- What they did ------------------------------------------------------------------------------------------------

    def sms(self) -> int:
        rows = []
        with_phone = [person for person in self.everybody if person.phone is not None]
        for ago in range(DAYS):
            total = round(2_400 * self.on[ago] * self.year.busy(ago))
            bad = ago in BAD_WEEK or ago - 180 in BAD_WEEK
            gateway = "alibaba" if bad else "twilio"
            ends = self.spread(total, BAD_ENDS if bad else SMS_ENDS)
            if ago <= ROWS_FROM and with_phone:
                rows += [self.rows.sms(ago, end, bad) for end, times in ends.items() for _ in range(times)]
                continue
            day = self.older[ago]
            for end, times in ends.items():
                for name, part in ((gateway, 0.3 if bad else 0), ("twilio", 0.7 if bad else 1)):
                    day[Name.SMS, f"{name} {end}"] = day.get((Name.SMS, f"{name} {end}"), 0) + round(times * part)
            day[Name.SMS_ENTERED, "twilio"] = round(0.97 * ends["delivered"] * (0.7 if bad else 1))
            taken = sorted(self.rows.seconds(bad) for _ in range(ends["delivered"]))
            for seconds in taken:
                key = (str(Name.DELIVERY), figures.delivery_class(seconds))
                day[key] = day.get(key, 0) + 1
            if taken:
                day[Name.DELIVERY_MEDIAN, ""] = int(figures.percentile(taken, 50) * 1000)
                day[Name.DELIVERY_P95, ""] = int(figures.percentile(taken, 95) * 1000)
        return _add(Sms, rows)

    def mail_logins(self) -> int:
        """From the mailbox password to app passwords."""
        rows: list[MailLogin] = []
        programs = [person for person in self.everybody if person.has_program]
        for ago in range(DAYS):
            busy = self.year.busy(ago) * PEOPLE / self.count
            for protocol, (likely, most) in PROTOCOLS.items():
                if ago <= ROWS_FROM:
                    active = (person for person in programs if self.chance.random() < 0.7 * likely * min(busy, 1))
                    rows += [self.rows.mail_login(person, ago, protocol, most) for person in active]
                    continue
                logins = 0.7 * likely * busy * len(programs) * (most + 1) / 2
                for method, part in (("app", self.made[ago]), ("mailbox", 1 - self.made[ago])):
                    self.older[ago][Name.MAIL_LOGIN, f"{protocol} {method}"] = round(logins * part)
        return _add(MailLogin, rows)

    def failures(self) -> int:
        """Old phones and slips every day, and now and then an attack. Bans are kept for the whole year."""
        rows, bans = [], []
        for ago in range(DAYS):
            usual = self.spread(round(260 * self.year.busy(ago)), CHANNELS)
            today = [self.rows.ban(ago) for _ in range(round(6 * self.year.busy(ago)))]
            attack = [self.rows.ban(ago, attack=True) for _ in range(ATTACKS.get(ago, 0) * self.count // PEOPLE)]
            bans += today + attack
            if ago <= ROWS_FROM:
                rows += [self.rows.failure(ago, channel) for channel, times in usual.items() for _ in range(times)]
                rows += [
                    self.rows.failure(ago, "imap", ban) for ban in attack for _ in range(settings.BAN_AFTER_FAILURES)
                ]
                continue
            usual["imap"] += settings.BAN_AFTER_FAILURES * len(attack)
            self.older[ago] |= {(Name.FAILURE, channel): times for channel, times in usual.items()}
            of_accounts = sum(bool(ban.account) for ban in today)
            self.older[ago] |= {(Name.BAN, figures.ACCOUNT): of_accounts}
            self.older[ago] |= {(Name.BAN, figures.ADDRESS): len(today) + len(attack) - of_accounts}
        return _add(Ban, bans) + _add(Failure, rows)

    def sign_ins(self) -> int:
        events = []
        for ago in range(DAYS):
            total = round(4_200 * self.year.busy(ago))
            on = self.on[ago]
            shares = {"code": 0.4 * on, "trusted browser": 0.6 * on, "password": 1 - on, figures.REFUSED: 0.03}
            ways = self.spread(total, shares)
            if ago <= EVENTS_FROM:
                events += [self.rows.event(ago, way) for way, times in ways.items() for _ in range(times)]
            else:
                self.older[ago] |= {(Name.SIGN_IN, way): times for way, times in ways.items()}
        return _add(SecurityEvent, sorted(events, key=lambda event: event.at))

    def seals(self) -> int:
        """What happens by itself after each event, for all at once."""
        chain.seal_all()
        return chain.events().exclude(position=None).count()

    def sums(self) -> int:
        """Days that still have their rows are counted as every night; of the others, the figures are all there is."""
        for ago in range(ROWS_FROM + 1):
            figures.sum_up(self.year.day(ago))
        kept = [
            DayFigure(day=self.year.day(ago), name=name, key=key, value=value)
            for ago, day in self.older.items()
            for (name, key), value in day.items()
            if ago > ROWS_FROM or (name == Name.SIGN_IN and ago > EVENTS_FROM)
        ]
        kept += [
            DayFigure(day=self.year.day(ago), name=Name.SUMMED_AT, value=int(self.year.now.timestamp()) - 86400 * ago)
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
