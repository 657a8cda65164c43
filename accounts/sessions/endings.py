"""What ends when: the one table of it. Who does something to an account names the occasion.

What a person may have open hangs together, so much of it ends without being told to. A session and a half-way sign-in
are checked against the password and `User.sessions_ended`; so are the tokens of applications (webmail), which besides
hang on the phone or the trusted browser that the sign-in passed with, and QR codes that wait to make an app password.
The second step of a session, trusted browsers and help-desk codes hang on the phone.

App passwords end on no occasion but their removal, which the owner and the desk are offered where it makes sense; what
mail programs have open ends with that too (apppasswords/passwords.py), and where an account is banned (accounts/bans).
"""

from dataclasses import dataclass
from enum import Enum, Flag, auto

from django.db import transaction

from accounts.browsers import browsers
from accounts.codes import codes
from accounts.lib.batches import batches
from accounts.mailsessions import mailsessions
from accounts.mailsessions.mailsessions import Why
from accounts.owners import owners
from accounts.phones import helpcodes
from accounts.sessions.models import SignIn
from accounts.users.models import User


class What(Flag):
    SESSIONS = auto()  # signed in on the web; the one in which it is asked for goes on
    SECOND_STEP = auto()  # of sessions that stay: they are asked for a code
    HALFWAY = auto()  # the password was right, the second step is still to come
    TOKENS = auto()  # of applications, of a sign-in by code
    CODES = auto()  # on their way by SMS
    HELP_CODES = auto()  # given, and what one that was entered began
    BROWSERS = auto()  # trusted ones; who came in by one is asked for a code
    MAIL = auto()  # connections of mail programs, to department mailboxes too; who has a good password comes back


NOTHING = What(0)
SIGNED_IN = What.SESSIONS | What.SECOND_STEP | What.HALFWAY | What.TOKENS
EVERYTHING = ~NOTHING


class Occasion(Enum):
    DISABLED = auto()  # by the office; enabled again, the account starts afresh
    DELETED = auto()
    NOT_ME = auto()  # says the owner
    STOLEN = auto()  # somebody else is in: the password and app passwords end too (apppasswords/thefts/)
    SHARED = auto()  # it is a department mailbox from now on (apppasswords/sharing.py)
    SIGNED_OUT_EVERYWHERE = auto()  # by the desk
    NEW_PASSWORD = auto()  # the owner's, or set by the office
    PHONE_BOUND = auto()
    PHONE_CHANGED = auto()  # by who has both
    PHONE_REPLACED = auto()  # with a help-desk code: it is lost, and perhaps somebody is signed in on it
    PHONE_UNBOUND = auto()  # or whoever holds a session would be the next to bind one
    BROWSERS_FORGOTTEN = auto()
    TWO_STEP_ON = auto()  # who is in with the password alone is asked for a code at the next page
    TWO_STEP_OFF = auto()


@dataclass(frozen=True)
class Ends:
    here: What = NOTHING  # by end()
    with_it: What = (
        NOTHING  # hangs on what is gone, or is ended where it is done (accounts/phones/phones.py, browsers.py)
    )


ENDS = {
    Occasion.DISABLED: Ends(EVERYTHING),
    Occasion.DELETED: Ends(with_it=EVERYTHING),
    Occasion.NOT_ME: Ends(EVERYTHING),
    Occasion.STOLEN: Ends(EVERYTHING),
    Occasion.SHARED: Ends(EVERYTHING),
    Occasion.SIGNED_OUT_EVERYWHERE: Ends(
        SIGNED_IN | What.CODES | What.HELP_CODES | What.MAIL  # browsers need the password
    ),
    Occasion.NEW_PASSWORD: Ends(What.CODES | What.HELP_CODES | What.BROWSERS | What.MAIL, with_it=SIGNED_IN),
    Occasion.PHONE_BOUND: Ends(with_it=What.CODES | What.HALFWAY),
    Occasion.PHONE_CHANGED: Ends(with_it=EVERYTHING & ~What.SESSIONS & ~What.MAIL),
    Occasion.PHONE_REPLACED: Ends(with_it=EVERYTHING),
    Occasion.PHONE_UNBOUND: Ends(with_it=EVERYTHING),
    Occasion.BROWSERS_FORGOTTEN: Ends(with_it=What.BROWSERS),
    Occasion.TWO_STEP_ON: Ends(with_it=What.MAIL),  # when its date comes; perhaps it came in by the mailbox password
    Occasion.TWO_STEP_OFF: Ends(),
}


WHY = {
    Occasion.DISABLED: Why.DISABLED,
    Occasion.NOT_ME: Why.NOT_ME,
    Occasion.STOLEN: Why.NEW_PASSWORD,
    Occasion.SHARED: Why.NEW_PASSWORD,
    Occasion.SIGNED_OUT_EVERYWHERE: Why.SIGNED_OUT,
    Occasion.NEW_PASSWORD: Why.NEW_PASSWORD,
}


def end(occasion: Occasion, *users: User, actor: User | None = None, address: str = "", reason: str = "") -> None:
    """For each of them what ends on this occasion, with a few statements however many they are. `actor` is the clerk
    whose doing it is."""
    ends = ENDS[occasion].here
    for batch in batches(users):
        with transaction.atomic():
            User.objects.hold(*[user.pk for user in batch])
            if What.SESSIONS in ends:
                User.objects.end_sessions(*batch)
                SignIn.objects.filter(user__in=batch).delete()
            if What.CODES in ends:
                codes.void(*batch)
            if What.HELP_CODES in ends:
                helpcodes.void(*batch)
            if What.BROWSERS in ends:
                browsers.forget_all_of(*batch, actor=actor, address=address, reason=reason)
            if What.MAIL in ends:
                is_stolen = occasion in (Occasion.NOT_ME, Occasion.STOLEN)
                mailsessions.end(owners.mailboxes(batch), WHY[occasion], is_stolen=is_stolen)
