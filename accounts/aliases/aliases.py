"""Which other addresses a mailbox may send as, and gets the mail of: granted by the office, withdrawn by it."""

from enum import Enum

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.aliases.models import Alias
from accounts.log import events
from accounts.users import usernames
from accounts.users.models import User


class Refusal(Enum):
    NOT_AN_ADDRESS = _("This is not a mail address.")
    ELSEWHERE = _("Its domain is not one of this institution.")
    TAGGED = _("What stands after a + belongs to the mailbox before it.")
    OWN = _("That is the mailbox’s own address.")
    GRANTED = _("It is granted already.")
    MAILBOX = _("It is a mailbox, and keeps its mail: it can only be sent as.")

    @property
    def label(self) -> str:
        return str(self.value)


def read(text: str) -> str | Refusal:
    if "+" in text:
        return Refusal.TAGGED
    address = usernames.canonical(text)
    if address is None:
        return Refusal.NOT_AN_ADDRESS
    return address if usernames.is_ours(address) else Refusal.ELSEWHERE


def refusal(address: str, user: User, *, receives: bool) -> Refusal | None:
    """Of an address that was read."""
    if address == user.username:
        return Refusal.OWN
    if Alias.objects.filter(address=address, user=user).exists():
        return Refusal.GRANTED
    if receives and User.objects.filter(username=address).exists():
        return Refusal.MAILBOX
    return None


def of(user: User) -> list[str]:
    """Beside his own."""
    return list(Alias.objects.filter(user=user).values_list("address", flat=True))


def grant(alias: Alias, *, by: User, address: str = "") -> None:
    alias.created_by = by
    with transaction.atomic():
        alias.save(force_insert=True)
        events.record(events.Kind.ALIAS_GRANTED, alias.user, actor=by, address=address, alias=alias.address)


def withdraw(alias: Alias, *, by: User, address: str = "") -> None:
    with transaction.atomic():
        if Alias.objects.filter(pk=alias.pk).delete()[0]:
            events.record(events.Kind.ALIAS_WITHDRAWN, alias.user, actor=by, address=address, alias=alias.address)
