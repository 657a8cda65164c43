"""Why an address was banned, as far as its wrong passwords tell an old phone from an attack; and who else is there."""

from enum import Enum, auto

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.bans.models import Ban, Failure
from accounts.bans.where import addresses

FEW_PASSWORDS = 3  # that programs may have kept, one after the other
FEW_ACCOUNTS = 3  # that share a desk, or belong to one person
OFTEN = 3  # times that the same is said, on average, by what repeats itself


class Cause(Enum):
    NOT_KNOWN = auto()  # there are no failures to tell from
    OLD_PHONE = auto()  # one account, one password
    OLD_PROGRAMS = auto()  # one account, a few passwords
    GUESSING = auto()  # one account, many passwords
    OLD_PHONES = auto()  # several accounts, each repeats itself
    SPRAYING = auto()  # many accounts, hardly more than one password for each, or the same ones for all
    TYPING = auto()  # a few accounts, a few passwords each
    ATTACK = auto()  # many accounts, many passwords


def of(ban: Ban) -> Cause:
    accounts, guesses, failures = ban.account_count, ban.guess_count, ban.failure_count
    if failures == 0:
        return Cause.NOT_KNOWN
    if accounts == 1:
        if guesses > FEW_PASSWORDS:
            return Cause.GUESSING
        return Cause.OLD_PHONE if guesses == 1 else Cause.OLD_PROGRAMS
    if ban.unknown_count * 2 < accounts and guesses <= 2 * accounts and failures >= OFTEN * guesses:
        return Cause.OLD_PHONES
    if accounts > FEW_ACCOUNTS and (guesses == accounts or ban.password_count * 4 <= accounts):
        return Cause.SPRAYING
    if accounts <= FEW_ACCOUNTS and guesses <= FEW_PASSWORDS * accounts:
        return Cause.TYPING
    return Cause.ATTACK


IN_WORDS = {
    Cause.NOT_KNOWN: _("no wrong passwords are recorded"),
    Cause.OLD_PHONE: _("one account, the same password %(failures)s times (perhaps an old phone)"),
    Cause.OLD_PROGRAMS: _(
        "one account, %(guesses)s passwords, %(failures)s times (perhaps programs with old passwords)"
    ),
    Cause.GUESSING: _("one account, %(passwords)s different passwords (perhaps a guesser, perhaps its owner)"),
    Cause.OLD_PHONES: _(
        "%(accounts)s accounts that repeat the same passwords, %(failures)s times (perhaps several old phones)"
    ),
    Cause.SPRAYING: _("%(accounts)s accounts in turn, different passwords: %(passwords)s (perhaps an attack)"),
    Cause.TYPING: _(
        "%(accounts)s accounts, different passwords: %(passwords)s, %(failures)s times"
        " (perhaps people who mistype, perhaps an attack)"
    ),
    Cause.ATTACK: _("%(accounts)s accounts, %(passwords)s different passwords (perhaps an attack)"),
}
ALARMING = {Cause.GUESSING, Cause.SPRAYING, Cause.ATTACK}


def why(ban: Ban) -> str:
    """In a sentence."""
    said = str(IN_WORDS[of(ban)]) % {
        "accounts": ban.account_count,
        "guesses": ban.guess_count,
        "passwords": ban.password_count,
        "failures": ban.failure_count,
    }
    if not ban.unknown_count:
        return said
    strangers = ngettext(
        "%(said)s; %(n)s of the names does not exist", "%(said)s; %(n)s of the names do not exist", ban.unknown_count
    )
    return strangers % {"said": said, "n": ban.unknown_count}


def failures(ban: Ban) -> QuerySet[Failure]:
    """Those that led to it, whichever ban they belong to by now."""
    if ban.first_at is None or ban.last_at is None:
        return Failure.objects.none()
    found = Failure.objects.filter(at__gte=ban.first_at, at__lte=ban.last_at)
    is_wide = "/" in ban.network and not ban.network.endswith("/64")
    found = found.filter(first__range=addresses.ends(ban.network)) if is_wide else found.filter(network=ban.network)
    return found.filter(account=ban.account) if ban.account else found
