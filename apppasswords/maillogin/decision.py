"""Whether one login of a mail program succeeds. Mail servers ask each time, so the way to yes is one statement."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, auto

from django.conf import settings
from django.utils import timezone

from accounts.bans import bans, brake, digests, failures, trials
from accounts.bans.brake import Claim
from accounts.bans.trials import Trial
from accounts.bans.where import addresses, places
from accounts.log import events
from accounts.maillogins import maillogins
from accounts.users import mailbox_passwords, usernames
from accounts.users.keeper import Asker, CannotTell, MustAsk, MustChange
from accounts.users.models import User
from apppasswords import last_use
from apppasswords.connections import Slip
from apppasswords.last_use import Use
from apppasswords.limits import USES
from apppasswords.maillogin import facts as found
from apppasswords.maillogin.facts import Facts
from apppasswords.models import Mistake

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

    @property
    def password_text(self) -> str:
        """What its failure is counted by."""
        return self.password if self.password is not None else "\0not text"


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


CANNOT_TELL = Verdict(Outcome.CANNOT_TELL, Reason.CANNOT_TELL)


def verify(login: Login, asker: Asker = Asker.MAIL_LOGIN) -> Verdict:
    """Decide, and count: a failure, or that failures of this account are over. Raises what the database raises, and
    MustAsk if `asker` says so."""
    verdict, facts, account = _decide(login, brake.claim, asker)
    if verdict.reason is Reason.MUST_CHANGE:
        return verdict  # nobody guesses
    if verdict.reason in LIMITED:
        return with_slip(verdict, login, facts.user_id)  # nor here
    if verdict.outcome is Outcome.NO:
        return _refuse(login, verdict, facts, account)
    if verdict.outcome is Outcome.BANNED:
        return with_slip(verdict, login, facts.user_id)
    if verdict.reason is Reason.MAILBOX_PASSWORD and (until := bans.banned_until(login.address, account)):
        # Guesses that came at once were compared before the first was counted: none profits from that.
        return Verdict(Outcome.BANNED, Reason.BANNED, until)
    if verdict.outcome is Outcome.YES and facts.user_id is not None:
        brake.was_right(facts.user_id, verdict.claimed)
        if facts.has_failures:
            failures.note_success(login.address, account)
        return replace(verdict, is_new_place=not places.is_noted(facts.place_at))
    return verdict


def explain(login: Login) -> Verdict:
    """What would happen, and more exactly why; counted nowhere."""
    verdict, facts, account = _decide(login, _no_claim, Asker.MAIL_LOGIN)
    refused = verdict.reason is Reason.WRONG and facts.two_step_from is not None
    if refused and login.password and mailbox_passwords.check_password(account, login.password, Asker.ASIDE):
        return Verdict(Outcome.NO, Reason.NEEDS_APP_PASSWORD)
    return verdict


Claiming = Callable[[Trial], Claim]


def _no_claim(_trial: Trial) -> Claim:
    return Claim.FREE


def _decide(login: Login, claim: Claiming, asker: Asker) -> tuple[Verdict, Facts, str]:
    now, name = timezone.now(), usernames.canonical(login.user)
    facts = found.now(login.address, name or "", login.password, now)
    banned_until = facts.banned_until
    if facts.user_id is None and banned_until is None:
        banned_until = bans.banned_until(login.address, digests.stranger(login.user))
    account = name if facts.user_id is not None and name else ""
    early = without_mailbox_password(login, facts, banned_until, now)
    if early is None:
        early = _with_mailbox_password(login, account, facts, claim, asker)
    return early, facts, account


def without_mailbox_password(
    login: Login, facts: Facts, banned_until: datetime | None, now: datetime
) -> Verdict | None:
    """None: the mailbox password may open it."""
    if banned_until and facts.standing.kind is not addresses.Kind.NEVER_BANNED:
        return Verdict(Outcome.BANNED, Reason.BANNED, banned_until)
    if facts.user_id is None:
        bare = "@" not in login.user and usernames.canonical(login.user) is None
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
    claimed = Claim.FREE if facts.place_at else claim(trials.of(account, login.address, password))
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
    whose = account or digests.stranger(login.user)
    noted = failures.note_failure(login.address, whose, login.password_text, login.protocol)
    if not noted.counted:
        return with_slip(Verdict(Outcome.BANNED, Reason.BANNED, noted.banned_until), login, facts.user_id)
    owner = facts.user_id
    if verdict.claimed is Claim.LAST:
        brake.was_wrong(User.objects.get(username=account), verdict.claimed)
    if verdict.reason is Reason.BARE_NAME:
        # The mistake that the guide warns of: whose it is shows when the name is completed.
        meant = usernames.canonical(usernames.complete(login.user, settings.MAIL_DOMAIN))
        user = User.objects.filter(username=meant).first() if meant else None
        events.record(events.Kind.BARE_NAME, user, address=login.address, channel=login.protocol)
        owner = user.pk if user else None
    return with_slip(replace(verdict, banned_until=noted.banned_until), login, owner)


SLIPS = {
    Reason.WRONG: Mistake.WRONG,
    Reason.BARE_NAME: Mistake.BARE_NAME,
    Reason.BANNED: Mistake.BANNED,
    Reason.OTHER_USE: Mistake.OTHER_USE,
    Reason.ELSEWHERE: Mistake.ELSEWHERE,
    Reason.ENDED: Mistake.ENDED,
    Reason.UNUSED: Mistake.UNUSED,
}


def with_slip(verdict: Verdict, login: Login, owner: int | None) -> Verdict:
    kind = SLIPS.get(verdict.reason)
    if owner is None or kind is None:
        return verdict
    until, password = verdict.banned_until, verdict.app_password_id
    slip = Slip(owner, kind, login.password, login.protocol, login.address, timezone.now(), until, password)
    return replace(verdict, slip=slip)
