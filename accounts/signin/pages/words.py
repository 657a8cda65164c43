"""Why a name, a password or a help-desk code was not taken, and how the last sign-in ended, in words for its person."""

from datetime import datetime

from django.conf import settings
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.bans.failures import Tries
from accounts.codes import guesses
from accounts.lib import clock
from accounts.phones.models import HelpCode
from accounts.sessions.expiry import Over
from accounts.signin.steps.words import paused_text, wrong_text
from accounts.users.models import User


def ended_text(why: Over | None) -> str:
    """Of who was signed in here before."""
    match why:
        case Over.IDLE:
            return _("You were signed out because nothing was done here for a long time. Please sign in again.")
        case Over.TEMPORARY:
            return _("The temporary sign-in is over.")
        case Over.OLD:
            return _("Your last sign-in is over. Please sign in again.")
        case _other:
            return ""


WARNED_FROM = 3  # tries before a ban


def refused_text(tries: Tries | None) -> str:
    """At sign-in. Of the account it says nothing."""
    return _("The address or the password is wrong.") + tries_text(tries)


def cannot_tell_text(until: datetime | None) -> str:
    """Passwords are kept elsewhere."""
    if until is None:
        return _("Your password cannot be checked at the moment. Please try again in a few minutes.")
    return _(
        "Too many wrong passwords were entered for this mailbox. Please try again at %(time)s, or call the IT office."
    ) % {"time": clock.briefly(until)}


def guessed_at_text(until: datetime) -> str:
    """From many addresses, and this is none that the account was ever used at."""
    return _(
        "Somebody is guessing at the password of this mailbox. Until %(until)s it opens only where it was used before. "
        "Please sign in there, or call the IT office."
    ) % {"until": clock.briefly(until)}


def must_change_text() -> str:
    """With the way there: the portal cannot change it."""
    if not settings.PASSWORD_RESET_URL:
        return _("Your password has expired. Please call the IT office, and sign in with the new one.")
    return format_html(
        _("Your password has expired. Please {link}, and sign in with the new one."),
        link=format_html('<a href="{}">{}</a>', settings.PASSWORD_RESET_URL, _("choose a new one")),
    )


def tries_text(tries: Tries | None) -> str:
    """Follows what was wrong with a password."""
    if tries is None or tries.left is None or tries.left > WARNED_FROM:
        return ""
    text = ngettext(
        " You can try %(left)s more time; then sign-in is stopped for a while.",
        " You can try %(left)s more times; then sign-in is stopped for a while.",
        tries.left,
    )
    return text % {"left": tries.left}


def help_code_text(outcome: guesses.Outcome, user: User, row: HelpCode | None) -> str:
    """Why a help-desk code was not taken."""
    match outcome:
        case guesses.Outcome.WRONG if row:
            return wrong_text(max(settings.HELP_CODE_TRIES - row.tries, 0))
        case guesses.Outcome.EXHAUSTED:
            return _("There were too many wrong tries. Please ask the IT office for a new code.")
        case guesses.Outcome.PAUSED:
            return paused_text(user)
        case guesses.Outcome.MALFORMED:
            return _("Enter the eight digits that the IT office gave you.")
        case _other:
            return _("This code is not valid, or is no longer valid. Please ask the IT office for a new one.")
