"""The decision at sign-in: banned? password? then in, bind a phone, or a code."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from django.conf import settings

from accounts.bans import bans
from accounts.browsers import browsers
from accounts.browsers.models import TrustedBrowser
from accounts.log import events
from accounts.phones import phones
from accounts.phones.models import Phone
from accounts.users import mailbox_passwords, usernames
from accounts.users.models import User

CHANNEL = "web"


class Step(Enum):
    REFUSED = auto()
    BANNED = auto()
    BIND = auto()  # two-step is on and no phone is bound
    CODE = auto()
    DONE = auto()


@dataclass(frozen=True)
class Decision:
    step: Step
    user: User | None = None
    phone: Phone | None = None
    browser: TrustedBrowser | None = None
    banned_until: datetime | None = None


def start(name: str, password: str, address: str, cookie: str) -> Decision:
    """What a name and a password from this address, in a browser with this cookie, lead to.

    An unknown or disabled account costs and answers what a wrong password does.
    """
    name = usernames.complete(name, settings.MAIL_DOMAIN)
    account = bans.account_of(name)
    if until := bans.banned_until(address, account):
        return Decision(Step.BANNED, banned_until=until)
    user = mailbox_passwords.check_password(name, password)
    if user is None:
        until = bans.note_failure(address, account, password, CHANNEL).banned_until
        owner = User.objects.filter(username=account).first()
        events.record(events.Kind.REFUSED, owner, address=address, channel=CHANNEL)
        return Decision(Step.BANNED if until else Step.REFUSED, banned_until=until)
    # Guesses that came at once were all compared before the first was counted: none of them profits from that.
    if until := bans.banned_until(address, account):
        return Decision(Step.BANNED, banned_until=until)
    bans.note_success(address, account)
    return second_step(user, address, cookie)


def second_step(user: User, address: str, cookie: str) -> Decision:
    """What is left to do for somebody whose password was right."""
    if not user.two_step_is_on():
        return Decision(Step.DONE, user)
    phone = phones.of(user)
    if phone is None:
        return Decision(Step.BIND, user)
    if browser := browsers.recognise(user, cookie, address):
        return Decision(Step.DONE, user, phone, browser)
    return Decision(Step.CODE, user, phone)
