"""A mailbox password that somebody enters: compared, and counted wherever it is wrong.

Every page that compares one does it here. The mail login service, which asks fewer questions, does the same in
apppasswords/maillogin/decision.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from django.db.models import OuterRef

from accounts.bans import bans, brake, failures, trials
from accounts.bans.brake import Claim
from accounts.bans.failures import Tries
from accounts.bans.trials import Trial
from accounts.lib.compiled import Query
from accounts.log import events
from accounts.users import mailbox_passwords
from accounts.users.keeper import CannotTell, MustChange
from accounts.users.models import User


class Outcome(Enum):
    RIGHT = auto()
    WRONG = auto()
    BANNED = auto()
    LATER = auto()  # not compared: the account is guessed at, and not known to come from there
    CANNOT_TELL = auto()  # whoever keeps the passwords does not answer, or is asked no more now; no failure of anybody
    MUST_CHANGE = auto()  # right, but opens nothing any more


@dataclass(frozen=True)
class Attempt:
    outcome: Outcome
    user: User | None = None
    row: User | None = None  # the same, as the caller wants it read
    until: datetime | None = None  # of a ban, of the brake, or of the keeper's silence
    tries: Tries | None = None  # if it was wrong


def enter(
    name: str,
    password: str,
    *,
    address: str,
    channel: str,
    trusts: Callable[[User], bool],
    read: Callable[[int, str], User | None] | None = None,
) -> Attempt:
    """`trusts`: whether it comes from a browser that the account trusts, or from somebody who is signed in already.
    `read`: of an account's key and this address, what else is to be known, with the last look for a ban."""
    trial = trials.of(name, address, password)
    owner, account = trial.owner, trial.account
    if trial.banned_until:
        return Attempt(Outcome.BANNED, until=trial.banned_until)
    # Asked for every account, whether it matters or not, and of nobody's too: or its time would tell.
    trusted = trusts(owner or User(pk=trials.NOBODY)) and owner is not None
    counts = owner is not None and owner.is_active and not owner.two_step_is_on() and not trusted
    claimed = brake.claim(trial, counts=counts)
    if owner and claimed is Claim.NONE_LEFT:
        return Attempt(Outcome.LATER, until=brake.until(owner.pk))
    must_change = False
    try:
        user = mailbox_passwords.check_password(name, password)
    except CannotTell as answer:
        brake.was_right(trial.user, claimed)
        return Attempt(Outcome.CANNOT_TELL, until=answer.until)
    except MustChange:
        user, must_change = owner, True
    if user is None:
        return _wrong(trial, claimed, address, password, channel)
    row = (read or _read)(user.pk, address)
    if row is None:
        return Attempt(Outcome.WRONG, tries=failures.tries(address, account))
    # Guesses that came at once were all compared before the first was counted: none of them profits from that.
    if until := bans.holding(vars(row)["ban"], address):
        return Attempt(Outcome.BANNED, until=until)
    brake.was_right(user.pk, claimed)
    if trial.has_failures:
        failures.note_success(address, account)
    return Attempt(Outcome.MUST_CHANGE) if must_change else Attempt(Outcome.RIGHT, user, row)


def _wrong(trial: Trial, claimed: Claim, address: str, password: str, channel: str) -> Attempt:
    until = failures.note_failure(address, trial.account, password, channel).banned_until
    events.record(events.Kind.REFUSED, trial.owner, address=address, channel=channel)
    if trial.owner:
        brake.was_wrong(trial.owner, claimed)
    if until:
        return Attempt(Outcome.BANNED, until=until)
    return Attempt(Outcome.WRONG, tries=failures.tries(address, trial.account))


def _read(pk: int, address: str) -> User | None:
    """None: it was deleted while its password was compared."""
    return WITH_A_BAN.first(pk, *bans.sought(address))


WITH_A_BAN = Query(
    lambda pk, now, one, two, three: (
        User.objects.filter(pk=pk).only("pk").annotate(ban=bans.ban_of(OuterRef("username"), now, one, two, three))
    )
)
