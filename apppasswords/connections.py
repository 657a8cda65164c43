"""Whether the mail program that an app password was made for has signed in with it, or what it did wrong instead."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from operator import itemgetter

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.lib import prepared
from accounts.log import events
from accounts.users import mailbox_passwords
from accounts.users.keeper import Asker
from accounts.users.models import User
from apppasswords import secrets
from apppasswords.limits import Scope
from apppasswords.models import WATCHED, AppPassword, FirstUse, Mistake

MISTAKES_SHOWN_FOR = timedelta(hours=1)  # after it was made; whoever sets up a phone later looks at the guides
RESTS = 9  # times as long as a comparison has computed
LONGEST_REST = 0.2  # seconds
LOGGED_EVERY = timedelta(days=1)  # that the limits of one refuse a program


@dataclass(frozen=True)
class Slip:
    """A login that was refused, of an account that is known. The password is here, and is written nowhere."""

    user_id: int
    kind: Mistake
    password: str | None = field(repr=False)
    protocol: str
    address: str
    at: datetime
    banned_until: datetime | None
    app_password_id: int | None = None  # if it was the right one, and its limits refused it


class Step(StrEnum):
    WAITING = "waiting"
    MISTAKE = "mistake"
    CONNECTED = "connected"


@dataclass(frozen=True)
class Connection:
    """How far it is."""

    step: Step
    uses: list[FirstUse]
    may_change: bool  # a page that shows it should look again
    is_banned: bool
    scope: str

    @property
    def only_receives(self) -> bool:
        return self.scope == Scope.READING

    @property
    def only_sends(self) -> bool:
        return self.scope == Scope.SENDING

    @property
    def first(self) -> FirstUse | None:
        return self.uses[0] if self.uses else None

    @property
    def receives(self) -> bool:
        return any(use.protocol in ("imap", "pop3") for use in self.uses)

    @property
    def sends(self) -> bool:
        return any(use.protocol == "smtp" for use in self.uses)


def of(password: AppPassword) -> Connection:
    now = timezone.now()
    uses = list(password.first_uses.all())
    step = Step.MISTAKE if password.mistake else Step.WAITING
    if (uses or password.last_used_at) and not password.was_refused:
        step = Step.CONNECTED
    until = password.mistake_until
    return Connection(
        step=step,
        uses=uses,
        may_change=step is not Step.CONNECTED and now < password.created_at + WATCHED,
        is_banned=until is not None and now < until,
        scope=password.scope,
    )


# --- What the mail login service has seen ----------------------------------------------------------------------------

_INSERT = f"INSERT INTO {FirstUse._meta.db_table} (password_id, protocol, at, address)"
_IF_FIRST = "ON CONFLICT (password_id, protocol) DO NOTHING"
FIRST_USE = prepared.Statement(
    "mailkey_first_use",
    f"""{_INSERT} SELECT %s, %s, %s, %s
        WHERE EXISTS (SELECT 1 FROM {AppPassword._meta.db_table} WHERE id = %s) {_IF_FIRST}""",  # noqa: S608 (our own table)
)
# The same for many, of PostgreSQL. What is being removed at this very moment is waited for, and passed over too.
FIRST_USES = prepared.Statement(
    "mailkey_first_uses",
    f"""{_INSERT} SELECT pk, used.protocol, used.at, used.address
        FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[]) AS used (pk, protocol, address, at)
        JOIN {AppPassword._meta.db_table} AS known ON known.id = pk
        ORDER BY pk, used.protocol FOR KEY SHARE OF known {_IF_FIRST}""",  # noqa: S608 (the same)
)


def note_first_uses(uses: Iterable[tuple[int, str, str, datetime]]) -> None:
    """By which app password and protocol, from which address, when. Of several processes the first one's
    stays. A password that was removed meanwhile is passed over."""
    prepared.Many(FIRST_USES, FIRST_USE).write(uses, itemgetter(0, 1, 3, 2, 0))


def who_waits(slips: Iterable[Slip]) -> set[int]:
    """Whose mistakes are worth a look. One look-up for all: a flood of guesses at others keeps nobody waiting."""
    owners = {slip.user_id for slip in slips}
    young = timezone.now() - MISTAKES_SHOWN_FOR
    waiting = AppPassword.objects.filter(user_id__in=owners, last_used_at=None, created_at__gt=young)
    return set(waiting.order_by().values_list("user_id", flat=True).distinct())


def note_mistake(slip: Slip, kind: Mistake) -> None:
    """On the app passwords that it concerns. Of several processes the latest stays."""
    _concerned(slip).filter(Q(mistake_at=None) | Q(mistake_at__lte=slip.at)).update(
        mistake=kind,
        mistake_at=slip.at,
        mistake_protocol=slip.protocol,
        mistake_address=slip.address,
        mistake_until=slip.banned_until,
    )
    if slip.app_password_id:
        _log_refusal(slip, kind)


def _concerned(slip: Slip) -> QuerySet[AppPassword]:
    """The one that was refused by its limits, or those of that account that wait for their first login."""
    rows = AppPassword.objects.filter(user_id=slip.user_id)
    if slip.app_password_id:
        return rows.filter(pk=slip.app_password_id)
    young = slip.at - MISTAKES_SHOWN_FOR
    return rows.filter(last_used_at=None, created_at__gt=young, created_at__lte=slip.at)


def _log_refusal(slip: Slip, kind: Mistake) -> None:
    """Once a day: programs go on asking."""
    rows, unsaid = _concerned(slip), Q(refused_at=None) | Q(refused_at__lte=slip.at - LOGGED_EVERY)
    with transaction.atomic():
        if rows.filter(unsaid).update(refused_at=slip.at):
            row = rows.select_related("user", "ownership__owner").get()
            events.record(
                events.Kind.APP_PASSWORD_REFUSED,
                row.holder,
                address=slip.address,
                name=row.title,
                channel=slip.protocol,
                why=str(kind),
            )


def kind_of(slip: Slip) -> Mistake:
    """May take long: the mailbox password is compared. Only after the answer, and only for who waits."""
    if slip.kind is not Mistake.WRONG or not slip.password:
        return slip.kind
    if secrets.typed(slip.password):  # hardly anybody's mailbox password; a directory would count it as a guess
        return Mistake.MISTYPED
    owner = User.objects.filter(pk=slip.user_id).first()
    if owner and _is_mailbox_password(owner, slip.password):
        return Mistake.MAILBOX_PASSWORD
    return Mistake.MISTYPED if secrets.looks_like_one(slip.password) else Mistake.WRONG


def _is_mailbox_password(owner: User, password: str) -> bool:
    """Afterwards it rests: where thousands of guesses are compared one after the other, they take a tenth of what one
    processor has, and pages get the rest."""
    began = time.thread_time()
    is_it = mailbox_passwords.check_password(owner.username, password, Asker.ASIDE) == owner
    time.sleep(min((time.thread_time() - began) * RESTS, LONGEST_REST))
    return is_it
