"""Whether one login of a mail program succeeds. Mail servers ask each time, so the way to yes is one statement."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.utils import timezone

from accounts.bans import addresses, bans, brake, places
from accounts.bans.brake import Claim
from accounts.bans.models import Ban, Failure, Place
from accounts.lib import clock, prepared
from accounts.log import events
from accounts.maillogins import maillogins
from accounts.users import mailbox_passwords, usernames
from accounts.users.keeper import Asker, CannotTell, MustAsk, MustChange
from accounts.users.models import User
from apppasswords import last_use, secrets
from apppasswords.connections import Slip
from apppasswords.limits import USES, USUAL, Limits
from apppasswords.models import AppPassword, Mistake

PROTOCOLS = tuple(USES)


class Outcome(Enum):
    YES = auto()
    NO = auto()
    BANNED = auto()
    CANNOT_TELL = auto()  # now; no failure of anybody


class Reason(Enum):
    """Why, for the IT office. Mail programs are not told."""

    APP_PASSWORD = auto()
    MAILBOX_PASSWORD = auto()
    BANNED = auto()
    BARE_NAME = auto()  # the part before the @ only
    UNKNOWN = auto()
    DISABLED = auto()
    WRONG = auto()
    OTHER_USE = auto()  # this and the next three: the app password is right, and limited
    ELSEWHERE = auto()
    ENDED = auto()
    UNUSED = auto()
    NEEDS_APP_PASSWORD = auto()  # the mailbox password, but two-step is on
    GUESSED = auto()  # the account is guessed at from many addresses, and not known at this one
    MUST_CHANGE = auto()  # the mailbox password is right, but the directory wants another one
    CANNOT_TELL = auto()


@dataclass(frozen=True)
class Login:
    """What a mail server asks about. `user` is as the person entered it; a password that is no text is None."""

    user: str
    password: str | None
    protocol: str
    address: str
    session: str = ""  # what the mail server calls the connection in its own log


@dataclass(frozen=True)
class Use:
    """A use of an app password that is worth noting, after the answer."""

    pk: int
    protocol: str
    address: str
    at: datetime


@dataclass(frozen=True)
class Verdict:
    outcome: Outcome
    reason: Reason
    banned_until: datetime | None = None
    use: Use | None = None
    success: maillogins.Success | None = None  # to be counted after the answer, too
    app_password_id: int | None = None
    slip: Slip | None = None  # what an owner who waits for the first login is told
    claimed: Claim = Claim.FREE  # for the comparison that was made
    is_new_place: bool = False  # to be noted after the answer, too


class Facts(NamedTuple):
    """What the one statement finds."""

    banned_until: datetime | None
    has_failures: bool
    user_id: int | None
    is_active: bool
    two_step_from: datetime | None
    app_password_id: int | None
    made_at: datetime | None
    last_used_at: datetime | None
    limits: Limits
    place_at: datetime | None  # when it was last noted that the account gets in from this address


CANNOT_TELL = Verdict(Outcome.CANNOT_TELL, Reason.CANNOT_TELL)


def verify(login: Login, asker: Asker = Asker.MAIL_LOGIN) -> Verdict:
    """Decide, and count: a failure, or that failures of this account are over. Raises what the database raises, and
    MustAsk if `asker` says so."""
    verdict, facts, account = _decide(login, brake.claim, asker)
    if verdict.reason is Reason.MUST_CHANGE:
        return verdict  # nobody guesses
    if verdict.reason in LIMITED:
        return _with_slip(verdict, login, facts.user_id)  # nor here
    if verdict.outcome is Outcome.NO:
        return _refuse(login, verdict, facts, account)
    if verdict.outcome is Outcome.BANNED:
        return _with_slip(verdict, login, facts.user_id)
    if verdict.reason is Reason.MAILBOX_PASSWORD and (until := bans.banned_until(login.address, account)):
        # Guesses that came at once were compared before the first was counted: none profits from that.
        return Verdict(Outcome.BANNED, Reason.BANNED, until)
    if verdict.outcome is Outcome.YES and facts.user_id is not None:
        brake.was_right(facts.user_id, verdict.claimed)
        if facts.has_failures:
            bans.note_success(login.address, account)
        return replace(verdict, is_new_place=not places.is_noted(facts.place_at))
    return verdict


def explain(login: Login) -> Verdict:
    """What would happen, and more exactly why; counted nowhere."""
    verdict, facts, account = _decide(login, _no_claim, Asker.MAIL_LOGIN)
    refused = verdict.reason is Reason.WRONG and facts.two_step_from is not None
    if refused and login.password and mailbox_passwords.check_password(account, login.password, Asker.ASIDE):
        return Verdict(Outcome.NO, Reason.NEEDS_APP_PASSWORD)
    return verdict


Claiming = Callable[[int, str, str, str], Claim]


def _no_claim(_user: int, _account: str, _address: str, _password: str) -> Claim:
    return Claim.FREE


def _decide(login: Login, claim: Claiming, asker: Asker) -> tuple[Verdict, Facts, str]:
    now = timezone.now()
    name = usernames.canonical(login.user)
    secret = secrets.typed(login.password) if login.password else None
    facts = _facts(addresses.networks(login.address), name or "", secret, now)
    account = name if facts.user_id is not None and name else ""
    early = _without_mailbox_password(login, name, account, facts, now)
    if early is None:
        early = _with_mailbox_password(login, account, facts, claim, asker)
    return early, facts, account


def _without_mailbox_password(
    login: Login, name: str | None, account: str, facts: Facts, now: datetime
) -> Verdict | None:
    """None: the mailbox password may open it."""
    banned_until = facts.banned_until
    if not account and banned_until is None:
        banned_until = bans.banned_until(login.address, bans.stranger(login.user))
    if banned_until and not addresses.is_never_banned(login.address):
        return Verdict(Outcome.BANNED, Reason.BANNED, banned_until)
    if not account:
        bare = name is None and "@" not in login.user
        return Verdict(Outcome.NO, Reason.BARE_NAME if bare else Reason.UNKNOWN)
    if not facts.is_active:
        return Verdict(Outcome.NO, Reason.DISABLED)
    if facts.app_password_id is not None:
        return _with_app_password(login, facts, facts.app_password_id, now)
    two_step_is_on = facts.two_step_from is not None and facts.two_step_from <= now
    return Verdict(Outcome.NO, Reason.WRONG) if two_step_is_on or not login.password else None


LIMITED = (Reason.ENDED, Reason.UNUSED, Reason.OTHER_USE, Reason.ELSEWHERE)


def _with_app_password(login: Login, facts: Facts, pk: int, now: datetime) -> Verdict:
    if limit := _limit(login, facts, now):
        return Verdict(Outcome.NO, limit, app_password_id=pk)
    stale = last_use.is_stale(facts.last_used_at, now)
    return _yes(Reason.APP_PASSWORD, login, facts, now, Use(pk, login.protocol, login.address, now) if stale else None)


def _limit(login: Login, facts: Facts, now: datetime) -> Reason | None:
    """What keeps it from opening this."""
    limits, used_at = facts.limits, facts.last_used_at or facts.made_at
    if limits.ends_at and limits.ends_at <= now:
        return Reason.ENDED
    if used_at and (idle_at := limits.idle_at(used_at)) and idle_at <= now:
        return Reason.UNUSED
    if not limits.allow(login.protocol):
        return Reason.OTHER_USE
    return None if limits.hold(login.address) else Reason.ELSEWHERE


def _with_mailbox_password(login: Login, account: str, facts: Facts, claim: Claiming, asker: Asker) -> Verdict:
    """Known at this very address, it needs no claim."""
    password, user = login.password or "", facts.user_id or 0
    claimed = Claim.FREE if facts.place_at else claim(user, account, login.address, password)
    if claimed is Claim.NONE_LEFT:
        return Verdict(Outcome.CANNOT_TELL, Reason.GUESSED)
    try:
        is_right = mailbox_passwords.check_password(account, password, asker) is not None
    except (CannotTell, MustAsk, MustChange) as answer:
        brake.was_right(user, claimed)
        if isinstance(answer, MustAsk):
            raise
        return CANNOT_TELL if isinstance(answer, CannotTell) else Verdict(Outcome.NO, Reason.MUST_CHANGE)
    if is_right:
        return replace(_yes(Reason.MAILBOX_PASSWORD, login, facts, timezone.now()), claimed=claimed)
    return Verdict(Outcome.NO, Reason.WRONG, claimed=claimed)


METHODS = {
    Reason.APP_PASSWORD: maillogins.Method.APP_PASSWORD,
    Reason.MAILBOX_PASSWORD: maillogins.Method.MAILBOX_PASSWORD,
}


def _yes(reason: Reason, login: Login, facts: Facts, now: datetime, use: Use | None = None) -> Verdict:
    success = maillogins.Success(facts.user_id or 0, login.protocol, METHODS[reason], login.address, now)
    return Verdict(Outcome.YES, reason, use=use, success=success, app_password_id=facts.app_password_id)


def _refuse(login: Login, verdict: Verdict, facts: Facts, account: str) -> Verdict:
    password = login.password if login.password is not None else "\0not text"
    noted = bans.note_failure(login.address, account or bans.stranger(login.user), password, login.protocol)
    if not noted.counted:
        return _with_slip(Verdict(Outcome.BANNED, Reason.BANNED, noted.banned_until), login, facts.user_id)
    owner = facts.user_id
    if verdict.claimed is Claim.LAST:
        brake.was_wrong(User.objects.get(username=account), verdict.claimed)
    if verdict.reason is Reason.BARE_NAME:
        # The mistake that the guide warns of: whose it is shows when the name is completed.
        meant = usernames.canonical(usernames.complete(login.user, settings.MAIL_DOMAIN))
        user = User.objects.filter(username=meant).first() if meant else None
        events.record(events.Kind.BARE_NAME, user, address=login.address, channel=login.protocol)
        owner = user.pk if user else None
    return _with_slip(replace(verdict, banned_until=noted.banned_until), login, owner)


SLIPS = {
    Reason.WRONG: Mistake.WRONG,
    Reason.BARE_NAME: Mistake.BARE_NAME,
    Reason.BANNED: Mistake.BANNED,
    Reason.OTHER_USE: Mistake.OTHER_USE,
    Reason.ELSEWHERE: Mistake.ELSEWHERE,
    Reason.ENDED: Mistake.ENDED,
    Reason.UNUSED: Mistake.UNUSED,
}


def _with_slip(verdict: Verdict, login: Login, owner: int | None) -> Verdict:
    kind = SLIPS.get(verdict.reason)
    if owner is None or kind is None:
        return verdict
    until, password = verdict.banned_until, verdict.app_password_id
    slip = Slip(owner, kind, login.password, login.protocol, login.address, timezone.now(), until, password)
    return replace(verdict, slip=slip)


# --- The statement ---------------------------------------------------------------------------------------------------


@cache
def _statement(keys: int) -> prepared.Statement:
    """Ban, account, app password, whether there are failures to clear, and whether it got in from here before. It
    always returns one row."""
    ban, failure, user, password, place = (model._meta.db_table for model in (Ban, Failure, User, AppPassword, Place))
    sql = f"""
        SELECT
            (SELECT MAX(until) FROM {ban}
             WHERE network IN (%s, %s, %s) AND until > %s AND lifted_at IS NULL AND account IN ('', %s)),
            EXISTS (SELECT 1 FROM {failure}
                    WHERE network = %s AND account = %s AND cleared_at IS NULL AND ban_id IS NULL),
            u.id, u.is_active, u.two_step_from, p.id, p.created_at, p.last_used_at,
            p.scope, p.networks, p.ends_at, p.idle_days,
            (SELECT last_at FROM {place} WHERE user_id = u.id AND network = %s)
        FROM (SELECT 1 AS one) AS always
        LEFT JOIN {user} AS u ON u.username = %s
        LEFT JOIN {password} AS p ON p.user_id = u.id AND p.digest IN ({", ".join(["%s"] * keys)})
    """  # noqa: S608 (names of our own tables; every value is a parameter)
    return prepared.Statement("mailkey_facts", sql)


def _facts(networks: tuple[str, ...], name: str, secret: str | None, now: datetime) -> Facts:
    digests = secrets.digests(secret) if secret else [""] * len(settings.APP_PASSWORD_KEYS)
    network = networks[0]
    row = _statement(len(digests)).row(*(networks * 3)[:3], now, name, network, name, network, name, *digests)
    assert row  # noqa: S101 (the statement sees to it)
    until, has_failures, user_id, is_active, two_step_from, password_id, made_at, last_used_at, *rest = row
    scope, only_from, ends_at, idle_days, place_at = rest
    return Facts(
        banned_until=_moment(until),
        has_failures=bool(has_failures),
        user_id=user_id,
        is_active=bool(is_active),
        two_step_from=_moment(two_step_from),
        app_password_id=password_id,
        made_at=_moment(made_at),
        last_used_at=_moment(last_used_at),
        limits=Limits(scope, only_from, _moment(ends_at), idle_days) if password_id is not None else USUAL,
        place_at=_moment(place_at),
    )


def _moment(value: Any) -> datetime | None:
    """SQLite answers in UTC without saying so, and with text where it computed the value."""
    if isinstance(value, str):
        value = clock.parsed(value)
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)
