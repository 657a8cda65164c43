"""What nobody needs any more is deleted at night, by each subject for itself."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.db.models import Model
from django.utils import timezone
from oauth2_provider.models import DeviceGrant

from accounts.bans import failures
from accounts.bans.models import Ban, Brake, Failure, Network, Place
from accounts.browsers.models import TrustedBrowser
from accounts.delivery.models import Mail, Sms, SmsDay
from accounts.directory.models import Asked, Remembered, Sync
from accounts.elsewhere.models import Arrival
from accounts.faults import faults
from accounts.faults.models import Fault
from accounts.imports.models import Roster
from accounts.lib import expired
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.mailsessions.models import Ending
from accounts.openid.models import AccessToken, Application, Grant, IDToken, RefreshToken
from accounts.phones.models import HelpCode, Phone
from accounts.presses.models import Press
from accounts.rollouts.models import Exemption, PreviewMail, Reminder, ReminderMail, Rollout
from accounts.routes import outages, spending
from accounts.routes.models import Outage, Spending
from accounts.sessions.models import Authorization, SignIn
from accounts.users.models import User
from apppasswords.models import AppPassword, ProfileLink
from portal.celery import app
from portal.operations import heartbeats
from portal.operations.models import Heartbeat
from tests.kit import upkeep
from tests.kit.outgoing import make_sms
from tests.kit.people import Person
from tests.kit.tampering import write

SUBJECTS: dict[str, set[type[Model]]] = {
    "apppasswords": {ProfileLink},
    "bans": {Ban, Failure, Network, Place, Brake},
    "browsers": {TrustedBrowser},
    "delivery": {Sms, SmsDay, Mail, ReminderMail, PreviewMail},
    "directory": {Asked, Remembered, Sync},
    "elsewhere": {Arrival},
    "routes": {Outage, Spending},
    "faults": {Fault},
    "imports": {Roster},  # what stands in it
    "log": {SecurityEvent},
    "maillogins": {MailLogin},
    "mailsessions": {Ending},
    "office": {LogEntry},
    "openid": {IDToken},
    "operations": {Heartbeat},
    "phones": {HelpCode},
    "presses": {Press},
    "rollouts": {Rollout},
    "signin": {Authorization, SignIn, Grant, AccessToken, RefreshToken, Session},
}
STAY = {
    Exemption: "the office looks at past ones",
    AppPassword: "who made it sees that it has ended, and removes it",
    DeviceGrant: "django-oauth-toolkit's; nothing here makes one",
}
FEW = {Fault, Heartbeat, Ending, Outage, Spending, SmsDay, Press, Rollout, Roster, Sync}
BATCHES_OF_THEIR_OWN = {Network, SecurityEvent}
NAMES_OF_AN_END = {"expires_at", "expires", "ends_at", "expire_date", "until"}


class Pair(NamedTuple):
    """A row whose time was over a minute ago, and one that has a minute left."""

    over: Model
    live: Model


class Rows:
    """A pair of each kind."""

    def __init__(self, owner: User) -> None:
        self.owner = owner
        self.now = timezone.now()
        self.phone = Phone.objects.get(user=owner)
        (self.old_event,) = write(1, owner, at=self.now - settings.EVENT_LIFETIME - timedelta(minutes=1))
        (self.event,) = write(1, owner, at=self.now - timedelta(minutes=1))
        self.application = Application.objects.create(client_id="wiki", name="Wiki")
        self.pairs = dict(self._pairs())

    def _pair(self, model: type[Model], field: str, lifetime: timedelta, *given: dict[str, Any], **both: Any) -> Pair:
        ends = (-timedelta(minutes=1), timedelta(minutes=1))
        over, live = given or ({}, {})
        rows = [
            model._default_manager.create(**{field: self.now - lifetime + end, **both, **own})
            for end, own in zip(ends, (over, live), strict=True)
        ]
        return Pair(*rows)

    def _pairs(self) -> Iterator[tuple[type[Model], Pair]]:
        yield from self._delivered()
        yield from self._handed_out()
        owner, history = self.owner, settings.SMS_HISTORY_LIFETIME
        wrong = {"account": owner.username, "password_digest": "0", "channel": "web"}
        yield Failure, self._pair(Failure, "at", history, network="192.0.2.1", **wrong)
        networks = [{"network": f"192.0.2.{number}"} for number in (2, 3)]
        self._pair(Failure, "at", settings.FAILURE_LIFETIME, *networks, **wrong)
        yield Network, Pair(*(Network.objects.create(**network) for network in networks))
        yield Ban, self._pair(Ban, "until", settings.EVENT_LIFETIME, network="192.0.2.9")
        note = {"user": owner, "action_flag": 2}
        yield LogEntry, self._pair(LogEntry, "action_time", settings.EVENT_LIFETIME, **note)
        yield Press, self._pair(Press, "until", timedelta(), {"browser": "over"}, {"browser": "live"})
        yield Ending, self._pair(Ending, "asked_at", history, why=Ending.Why.NOT_ME)
        outage = {"gateway": "memory", "error": "", "probe_at": self.now}
        yield Outage, self._pair(Outage, "ended_at", outages.KEPT_FOR, **outage)
        places = [{"network": f"192.0.2.{number}"} for number in (4, 5)]
        yield Place, self._pair(Place, "last_at", settings.PLACE_LIFETIME, *places, user=owner)
        guessed = [{"user": User.objects.create_user(f"guessed{number}@example.edu")} for number in (1, 2)]
        yield Brake, self._pair(Brake, "began_at", settings.BRAKE_WITHIN, *guessed, count=1)
        yield Asked, self._pair(Asked, "began_at", settings.LDAP_WRONG_WITHIN, *guessed, count=1)
        yield Remembered, self._pair(Remembered, "until", timedelta(), *digests(), user=owner, is_right=True)
        help_code = {"user": owner, "phone": self.phone, "digest": "0", "nonce": "0", "expires_at": self.now}
        yield HelpCode, self._pair(HelpCode, "created_at", history, {"ordinal": 1}, {"ordinal": 2}, **help_code)
        today = timezone.localdate(self.now)
        first = today - settings.MAIL_LOGIN_LIFETIME + timedelta(days=1)
        login = {"user": owner, "protocol": "imap", "method": "app"}
        yield (
            MailLogin,
            Pair(*(MailLogin.objects.create(day=day, **login) for day in (first - timedelta(days=1), first))),
        )
        link = {"user": owner, "phone": self.phone, "name": "iPhone"}
        yield ProfileLink, self._pair(ProfileLink, "expires_at", timedelta(days=1), *digests(), **link)
        forgotten = settings.ROLLOUT_DRAFT_LIFETIME
        yield Rollout, self._pair(Rollout, "made_at", forgotten, start=self.now)
        yield Roster, self._pair(Roster, "made_at", forgotten, name="people.csv", language="en", content=b"x")
        yield Sync, self._pair(Sync, "made_at", forgotten, report={"lines": {}})
        yield SecurityEvent, Pair(self.old_event, self.event)
        yield Heartbeat, self._pair(Heartbeat, "at", heartbeats.FORGOTTEN_AFTER, {"host": "a"}, {"host": "b"})
        yield Fault, self._pair(Fault, "last_at", faults.KEPT_FOR, {"place": "a"}, {"place": "b"})

    def _delivered(self) -> Iterator[tuple[type[Model], Pair]]:
        history = settings.SMS_HISTORY_LIFETIME
        minute = timedelta(minutes=1)
        yield Sms, Pair(*(make_sms(self.owner, created_at=self.now - history + end) for end in (-minute, minute)))
        mail = {"user": self.owner, "language": "en", "expires_at": self.now, "status": "sent"}
        yield Mail, self._pair(Mail, "created_at", history, event=self.event, **mail)
        rollout = Rollout.objects.create(start=self.now, status=Rollout.Status.DONE)
        rounds = [{"reminder": Reminder.objects.create(rollout=rollout, days=days, due_at=self.now)} for days in (7, 1)]
        yield ReminderMail, self._pair(ReminderMail, "created_at", history, *rounds, **mail)
        yield PreviewMail, self._pair(PreviewMail, "created_at", history, rollout=rollout, **mail)
        day = (self.now - history).date()
        days = (timezone.localdate(self.now) - spending.KEPT_FOR - timedelta(days=ago) for ago in (1, 0))
        yield Spending, Pair(*(Spending.objects.create(day=one, of="*") for one in days))
        yield SmsDay, Pair(*(SmsDay.objects.create(day=day - timedelta(days=ago)) for ago in (1, 0)))

    def _handed_out(self) -> Iterator[tuple[type[Model], Pair]]:
        owner, at_once = self.owner, timedelta()
        browser = {"user": owner, "phone": self.phone, "browser": "", "system": "", "address": "192.0.2.1"}
        yield TrustedBrowser, self._pair(TrustedBrowser, "expires_at", at_once, *digests(), **browser)
        signed_in = {"user": owner, "session": "s", "auth_hash": "", "signed_in_at": self.now}
        authorizations = self._pair(Authorization, "ends_at", at_once, **signed_in)
        yield Authorization, authorizations
        sessions = ({"session": "over"}, {"session": "live"})
        yield (
            SignIn,
            self._pair(SignIn, "ends_at", at_once, *sessions, **{**signed_in, "seen_at": self.now, "session": ""}),
        )
        left = [{"departure_digest": digest, "ticket_digest": digest} for digest in ("over", "live")]
        yield Arrival, self._pair(Arrival, "ends_at", at_once, *left, user=owner, source="cas")
        on = [{"authorization": authorization} for authorization in authorizations]
        given = {"user": owner, "application": self.application}
        named = [{**each, "code": f"code {number}"} for number, each in enumerate(on)]
        yield Grant, self._pair(Grant, "expires", at_once, *named, redirect_uri="", scope="", **given)
        named = [{**each, "token": f"token {number}"} for number, each in enumerate(on)]
        yield AccessToken, self._pair(AccessToken, "expires", at_once, *named, **given)
        yield RefreshToken, self._pair(RefreshToken, "created", at_once, *named, **given)
        yield IDToken, self._pair(IDToken, "expires", settings.SESSION_LIFETIME, **given)
        keys = ({"session_key": "over"}, {"session_key": "live"})
        yield Session, self._pair(Session, "expire_date", at_once, *keys, session_data="")

    def are_there(self, model: type[Model]) -> tuple[bool, bool]:
        rows = model._default_manager.all()
        if model is Roster:
            rows = rows.exclude(content=None)
        if model is Sync:
            rows = rows.filter(report__has_key="lines")
        over, live = (rows.filter(pk=row.pk).exists() for row in self.pairs[model])
        return over, live


def digests() -> tuple[dict[str, str], dict[str, str]]:
    return {"digest": "over"}, {"digest": "live"}


@pytest.fixture
def rows(wangwu: Person) -> Rows:
    assert wangwu.user
    return Rows(wangwu.user)


def test_what_is_over_goes_and_the_rest_stays(rows: Rows) -> None:
    assert all(rows.are_there(model) == (True, True) for model in rows.pairs)
    upkeep.delete_expired()
    for model in rows.pairs:
        assert rows.are_there(model) == (False, True), model


@pytest.mark.parametrize("broken", SUBJECTS)
def test_one_that_fails_keeps_none_of_the_others(rows: Rows, broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.tasks[f"{broken}.delete_expired"], "run", lambda: 1 / 0)
    results = {name: app.tasks[name].apply() for name in upkeep.nightly()}
    assert [name for name, result in results.items() if result.failed()] == [f"{broken}.delete_expired"]
    for model in rows.pairs:
        assert rows.are_there(model) == (model in SUBJECTS[broken], True), model


def test_nothing_that_ends_is_forgotten(rows: Rows) -> None:
    """A model with an end has a subject that deletes it, or a reason to stay; each subject is called at night."""
    ending = {
        model for model in apps.get_models() if NAMES_OF_AN_END & {field.name for field in model._meta.get_fields()}
    }
    deleted = set().union(*SUBJECTS.values())
    assert ending - set(STAY) <= deleted
    assert deleted == set(rows.pairs)
    assert sorted(upkeep.nightly()) == [f"{subject}.delete_expired" for subject in sorted(SUBJECTS)]


def test_what_may_be_much_goes_a_few_at_a_time(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """With nothing in a batch only that is deleted of which there are few, or of which a test of its own says how."""
    monkeypatch.setattr(expired, "in_batches", lambda rows, act: None)
    upkeep.delete_expired()
    assert {model for model in rows.pairs if not rows.are_there(model)[0]} == FEW | BATCHES_OF_THEIR_OWN


@pytest.mark.usefixtures("db")
def test_networks_go_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whose failures still count stays; failures that were cleared, or are too old to count, keep nothing."""
    monkeypatch.setattr(failures, "NETWORKS_AT_ONCE", 2)
    breaths: list[str] = []
    monkeypatch.setattr(expired, "breathe", lambda: breaths.append("after two"))
    names = [f"192.0.2.{number}" for number in range(10, 19)]
    Network.objects.bulk_create(Network(network=name) for name in names)
    wrong = {"account": "a", "password_digest": "0", "channel": "web"}
    for name in names[::3]:
        Failure.objects.create(network=name, **wrong)
    Failure.objects.create(network=names[1], cleared_at=timezone.now(), **wrong)
    Failure.objects.create(network=names[2], at=timezone.now() - settings.FAILURE_LIFETIME, **wrong)
    failures.delete_expired()
    assert sorted(Network.objects.values_list("pk", flat=True)) == names[::3]
    assert breaths == ["after two"] * 3, "who waits gets in between"
    assert Failure.objects.count() == 5
