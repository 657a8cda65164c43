"""What happened to an account lately, as its owner reads it; and what follows when the owner says "not me"."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, partial
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.bans.where import addresses
from accounts.delivery import notices
from accounts.lib import ways_in
from accounts.log import events, sentences
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.sessions import endings
from accounts.sessions.endings import Occasion
from accounts.users.models import User

Kind = SecurityEvent.Kind

SHOWN_FOR = timedelta(days=90)
EVENTS_SHOWN = 500  # sign-ins; and as many others: guesses at a password must not push sign-ins off the list


@dataclass(frozen=True)
class Use:
    """The last login with an app password. What that is, is another app's business."""

    pk: int
    name: str
    at: datetime
    protocol: str
    address: str
    is_own: bool = True  # not of a department mailbox

    @property
    def day(self) -> date:
        return timezone.localdate(self.at)


@dataclass(frozen=True)
class Entry:
    key: str
    at: datetime
    say: Callable[[], str]  # of a thousand entries a page says fifty
    address: str
    is_sign_in: bool = False
    is_mail: bool = False
    by_office: bool = False

    @property
    def may_be_foreign(self) -> bool:
        return self.is_sign_in or self.is_mail

    @property
    def day(self) -> date:
        return timezone.localdate(self.at)

    @cached_property
    def text(self) -> str:
        return self.say()

    @cached_property
    def is_on_campus(self) -> bool:
        return bool(self.address) and addresses.is_shared(self.address.partition("/")[0])


def recent(user: User, uses: Iterable[Use]) -> list[Entry]:
    """The newest first."""
    since = timezone.now() - SHOWN_FOR
    mine = SecurityEvent.objects.filter(user=user, at__gte=since).order_by("-at", "-pk")
    sign_in = Q(kind=Kind.SIGNED_IN)
    newest = [*mine.filter(sign_in)[:EVENTS_SHOWN], *mine.exclude(sign_in)[:EVENTS_SHOWN]]
    entries = [*map(_of_event, newest), *_of_mail(user, [use for use in uses if use.at >= since], since)]
    return sorted(entries, key=lambda entry: (entry.at, entry.key), reverse=True)


def _of_event(event: SecurityEvent) -> Entry:
    return Entry(
        key=f"event-{event.pk}",
        at=event.at,
        say=partial(sentences.phrase, event),
        address=event.address,
        is_sign_in=event.kind == Kind.SIGNED_IN,
        by_office=event.actor_id is not None and event.actor_id != event.user_id,
    )


def _of_mail(user: User, uses: Iterable[Use], since: datetime) -> list[Entry]:
    """Days of mail programs, with the names of the app passwords that were last used then; and those left over."""
    counted = MailLogin.objects.filter(user=user, day__gte=timezone.localdate(since))
    left = {(use.day, use.protocol, use.pk): use for use in uses}
    entries = []
    for row in counted:
        by_app_password = row.method == MailLogin.Method.APP_PASSWORD
        keys = [
            key for key, use in left.items() if by_app_password and use.is_own and key[:2] == (row.day, row.protocol)
        ]
        names = [left.pop(key).name for key in keys]
        entries.append(
            Entry(f"mail-{row.pk}", row.last_at, partial(_mail_text, row, names), row.address, is_mail=True)
        )  # fmt: skip
    entries += [
        Entry(f"use-{use.pk}", use.at, partial(_app_password_text, use.protocol, [use.name]), use.address, is_mail=True)
        for use in left.values()
    ]
    return entries


def _mail_text(row: MailLogin, names: list[str]) -> str:
    if row.method == MailLogin.Method.APP_PASSWORD:
        text = _app_password_text(row.protocol, names)
    else:
        text = _("mail login by %(protocol)s with the %(method)s") % {
            "protocol": ways_in.name(row.protocol),
            "method": MailLogin.Method(row.method).label,
        }
    if row.count < 2:
        return text
    times = ngettext(
        "%(count)s time that day, this was the last", "%(count)s times that day, this was the last", row.count
    )
    return _("%(what)s (%(note)s)") % {"what": text, "note": times % {"count": row.count}}


def _app_password_text(protocol: str, names: list[str]) -> str:
    if not names:
        return _("mail login by %(protocol)s with an app password") % {"protocol": ways_in.name(protocol)}
    said = {"protocol": ways_in.name(protocol), "names": "、".join(names)}
    return _("mail login by %(protocol)s with the app password “%(names)s”") % said


def find(user: User, uses: Iterable[Use], key: str) -> Entry | None:
    """An entry of this person's that may be somebody else's doing."""
    return next((entry for entry in recent(user, uses) if entry.key == key and entry.may_be_foreign), None)


def disown(user: User, entry: Entry | None, *, remove_app_passwords: Callable[[], int] | None, address: str) -> None:
    """Somebody else was in. Every session ends, browsers are trusted no more, and the owner has it in writing.

    The caller keeps the session that this is said in.
    """
    with transaction.atomic():
        endings.end(Occasion.NOT_ME, user, address=address)
        removed = remove_app_passwords() if remove_app_passwords else 0
        about: dict[str, Any] = {}
        if entry:
            about = {
                "login": entry.key,
                "login_at": entry.at,
                "login_from": entry.address,
            }
        event = events.record(Kind.NOT_ME, user, address=address, app_passwords_removed=removed, **about)
        notices.by_mail(user, event)
