"""The decision at sign-in: banned? guessed at? password? then in, bind a phone, or a code."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum, auto

from django.conf import settings
from django.db.models import QuerySet

from accounts.bans import attempts, bans
from accounts.bans.failures import Tries
from accounts.browsers import browsers
from accounts.browsers.models import TrustedBrowser
from accounts.phones import phones
from accounts.phones.models import Phone
from accounts.sessions import halfway
from accounts.users import usernames, ways
from accounts.users.models import User
from accounts.users.ways import Way

CHANNEL = "web"


class Step(Enum):
    REFUSED = auto()
    BANNED = auto()
    LATER = auto()  # guessed at from many addresses, and never signed in from this one
    CANNOT_TELL = auto()  # the passwords are kept elsewhere, and there is no answer
    MUST_CHANGE = auto()  # the same, and it has to be replaced there first
    BIND = auto()  # two-step is on, and there is nothing to take the second step by
    CODE = auto()  # or another second step
    DONE = auto()


@dataclass(frozen=True)
class Decision:
    step: Step
    user: User | None = None
    phone: Phone | None = None
    ways: list[Way] = field(default_factory=list)  # of taking the second step
    browser: TrustedBrowser | None = None
    both_steps_since: date | None = None  # by a source elsewhere, as the office counts it
    banned_until: datetime | None = None
    later_at: datetime | None = None
    tries: Tries | None = None  # where the password was wrong


def start(name: str, password: str, address: str, cookie: str) -> Decision:
    """What a name and a password from this address, in a browser with this cookie, lead to.

    An unknown or disabled account costs and answers what a wrong password does.
    """
    name = usernames.complete(name, settings.MAIL_DOMAIN)
    attempt = attempts.enter(
        name,
        password,
        address=address,
        channel=CHANNEL,
        trusts=lambda owner: browsers.find(owner, cookie) is not None,
        read=halfway.account,
    )
    match attempt.outcome:
        case attempts.Outcome.BANNED:
            return Decision(Step.BANNED, banned_until=attempt.until)
        case attempts.Outcome.LATER:
            return Decision(Step.LATER, later_at=attempt.until)
        case attempts.Outcome.CANNOT_TELL:
            return Decision(Step.CANNOT_TELL, later_at=attempt.until)
        case attempts.Outcome.MUST_CHANGE:
            return Decision(Step.MUST_CHANGE)
    if attempt.user is None or attempt.row is None:
        return Decision(Step.REFUSED, tries=attempt.tries)
    return second_step(attempt.user, attempt.row, address, cookie)


def vouched(name: str, address: str, cookie: str, both_steps_since: date | None = None) -> Decision:
    """A source elsewhere has compared the password of the mailbox called `name`, or taken both steps. It is none of
    ours, so nothing is counted; all else is as of one that was right here. Only the case of Latin letters may differ:
    who may choose a name there must not become somebody else here by a letter that looks alike, or by one that nobody
    sees.
    """
    known = usernames.canonical(name)
    if until := bans.banned_until(address, known or ""):
        return Decision(Step.BANNED, banned_until=until)
    alike = known is not None and name.isascii() and name.lower() == known
    user = _with_steps(User.objects.filter(username=known, is_active=True, is_shared=False)).first() if alike else None
    if user is None:
        return Decision(Step.REFUSED)
    user.backend = settings.AUTHENTICATION_BACKENDS[0]
    return second_step(user, user, address, cookie, both_steps_since)


def _with_steps(users: QuerySet[User]) -> QuerySet[User]:
    return ways.with_them(phones.with_them(users))


def second_step(user: User, row: User, address: str, cookie: str, both_steps_since: date | None = None) -> Decision:
    """What is left to do for somebody whose password was right. `row`: the same, read with its ways."""
    if not user.two_step_is_on():
        return Decision(Step.DONE, user)
    held = ways.held(row)
    if not held:
        return Decision(Step.BIND, user)  # whatever a source has proven: pages here ask for a way of one's own
    phone = phones.read(row, user)
    if both_steps_since:
        return Decision(Step.DONE, user, phone, held, both_steps_since=both_steps_since)
    if browser := browsers.recognise(user, cookie, address):
        return Decision(Step.DONE, user, phone, held, browser)
    return Decision(Step.CODE, user, phone, held)
