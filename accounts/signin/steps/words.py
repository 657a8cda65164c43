"""Why a code was not sent, a code or a passkey not taken, a way not added: in words for the person at the page."""

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.codes import codes, guesses, limits
from accounts.delivery.models import Sms
from accounts.factors import authenticators, passkeys, recoverycodes
from accounts.lib import clock, numbers
from accounts.phones import phones
from accounts.users.models import User


def refusal_text(issued: codes.Issued) -> str:
    at = clock.briefly(issued.again_at) if issued.again_at else ""
    match issued.refusal:
        case limits.Refusal.WAIT:
            return _("A code was sent a moment ago. You can ask for another one in %(seconds)s s.") % {
                "seconds": clock.seconds_until(issued.again_at) if issued.again_at else 0
            }
        case limits.Refusal.LIMIT | limits.Refusal.RANGE:
            return _("Too many codes were asked for. The next one can be sent at %(time)s.") % {"time": at}
        case limits.Refusal.PAUSED:
            return _("Too many wrong codes were entered. Codes work again at %(time)s.") % {"time": at}
        case limits.Refusal.COUNTRY:
            return numbers.Refusal.COUNTRY.label
        case _other:
            return _("No more codes can be sent today. Please call the IT office.")


def paused_text(user: User) -> str:
    """After many wrong codes, of whatever kind: none is taken until then."""
    return refusal_text(codes.Issued(None, limits.Refusal.PAUSED, guesses.paused(user)))


def wrong_text(left: int) -> str:
    """`left`: how often this code may still be tried."""
    return ngettext(
        "This code is wrong. You can try %(left)s more time.",
        "This code is wrong. You can try %(left)s more times.",
        left,
    ) % {"left": left}


def app_text(outcome: guesses.Outcome, user: User) -> str:
    """Why the code of an authenticator app was not taken."""
    match outcome:
        case guesses.Outcome.PAUSED:
            return paused_text(user)
        case guesses.Outcome.EXPIRED:
            return _("This code was used a moment ago. Please wait for the next one that the app shows.")
        case _other:
            return _(
                "This code is wrong. Enter the one that the app shows now. Does the phone set its clock by itself?"
            )


def new_app_text(found: authenticators.Off | None) -> str:
    """Why the first code of an app was not taken."""
    if found is None:
        return _("This code is wrong. Add the key to the app once more, and enter the code that it shows then.")
    text = ngettext(
        "The code is right, but the clock of your phone is off by %(minutes)s minute. Let the phone set its clock by "
        "itself, then enter the next code.",
        "The code is right, but the clock of your phone is off by %(minutes)s minutes. Let the phone set its clock by "
        "itself, then enter the next code.",
        max(abs(found.minutes), 1),
    )
    return text % {"minutes": max(abs(found.minutes), 1)}


def app_name() -> str:
    """Of one that its owner gave none."""
    return _("Authenticator app")


def recovery_text(outcome: guesses.Outcome, user: User) -> str:
    """Why a recovery code was not taken."""
    match outcome:
        case guesses.Outcome.PAUSED:
            return paused_text(user)
        case guesses.Outcome.EXPIRED:
            return _("This code has been used, and each works once. Enter another one from your list.")
        case _other:
            return _("This code is wrong. Is your list the latest one? Earlier ones are void.")


def left_text(left: int) -> str:
    """After a recovery code was used."""
    if left == 0:
        return _("That was your last recovery code. Make new ones.")
    return ngettext("You have %(left)s recovery code left.", "You have %(left)s recovery codes left.", left) % {
        "left": left
    }


def recovered_text(left: int) -> str:
    """To who came in by one: what to do now."""
    return left_text(left) + _(
        " If your phone is lost, or the app on it, add the new one here now; otherwise you need not do anything."
    )


def recovery_refusal_text(refusal: recoverycodes.Refusal) -> str:
    match refusal:
        case recoverycodes.Refusal.ALONE:
            return _(
                "Recovery codes need another way to verify beside them. Bind a phone or add an authenticator app first."
            )
        case _other:
            return _("These codes were made already and were shown once. If you missed them, make new ones.")


def app_refusal_text(refusal: authenticators.Refusal) -> str:
    match refusal:
        case authenticators.Refusal.TOO_MANY:
            return _("No more authenticator apps can be added. Remove one that you no longer use.")
        case authenticators.Refusal.NEEDED:
            return _("This is the only way in which you can sign in. Add another one first.")
        case _other:
            return _("It was changed in another browser meanwhile.")


def passkey_text(outcome: guesses.Outcome, user: User) -> str:
    """Why the answer of a passkey was not taken."""
    match outcome:
        case guesses.Outcome.PAUSED:
            return paused_text(user)
        case guesses.Outcome.EXPIRED:
            return _("The page was open too long. Please press the button again.")
        case guesses.Outcome.COPIED:
            return _(
                "This passkey is not accepted: it seems to exist twice. Please verify in another way, and remove it."
            )
        case guesses.Outcome.MALFORMED:
            return _("Nothing came from the passkey. Please press the button again.")
        case _other:
            return _("This passkey does not belong to this mailbox, or is no longer valid.")


def new_passkey_text(outcome: guesses.Outcome) -> str:
    """Why a new passkey was not taken."""
    match outcome:
        case guesses.Outcome.WRONG:
            return _("This passkey cannot be used: it must be unlocked by a fingerprint, a face or a PIN.")
        case guesses.Outcome.EXPIRED:
            return _("The page was open too long. Please press the button again.")
        case _other:
            return _("Nothing came from the passkey. Please press the button again.")


def passkey_name(system: str) -> str:
    """Of one that its owner gave none. `system`: where it was added."""
    return _("Passkey (%(system)s)") % {"system": system}


def passkey_refusal_text(refusal: passkeys.Refusal) -> str:
    match refusal:
        case passkeys.Refusal.TOO_MANY:
            return _("No more passkeys can be added. Remove one that you no longer use.")
        case passkeys.Refusal.TAKEN:
            return _("This passkey is added already.")
        case passkeys.Refusal.NEEDED:
            return _("This is the only way in which you can sign in. Add another one first.")
        case _other:
            return _("It was changed in another browser meanwhile.")


def phone_refusal_text(refusal: phones.Refusal) -> str:
    match refusal:
        case phones.Refusal.NUMBER_FULL:
            return _("This number already serves as many mailboxes as it may.")
        case phones.Refusal.SAME_NUMBER:
            return _("This is the number that is bound now. Enter another one.")
        case phones.Refusal.NOT_THE_FIRST:
            return _("Please begin with the number that your institution has for you.")
        case _other:
            return _("Your phone was changed in another browser meanwhile.")


def code_text(outcome: guesses.Outcome, user: User, sms: Sms | None, other: Sms | None) -> str:
    """Why a code was not taken. `sms`: the one that was sent here. `other`: one that went to another sign-in."""
    match outcome:
        case guesses.Outcome.WRONG if sms and sms.tries < settings.SMS_CODE_TRIES:
            return wrong_text(settings.SMS_CODE_TRIES - sms.tries)
        case guesses.Outcome.WRONG | guesses.Outcome.EXHAUSTED:
            return _("There were too many wrong tries. Please send a new code.")
        case guesses.Outcome.PAUSED:
            return paused_text(user)
        case guesses.Outcome.MALFORMED:
            return _("Enter the six digits from the SMS.")
        case _other if other and not sms:
            return _("That code went to another sign-in and counts only there. Please send a new one.")
        case _other:
            return _("This code is no longer valid. Please send a new one.")
