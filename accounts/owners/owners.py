"""Who uses a department mailbox. Nobody signs in as one; each of those who use it has app passwords for it, which end
with this."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from accounts.delivery import notices
from accounts.log import events
from accounts.owners.models import Ownership
from accounts.users.models import User


def of(person: User) -> QuerySet[Ownership]:
    """What he uses beside his own mailbox."""
    return Ownership.objects.filter(owner=person, mailbox__is_active=True).select_related("mailbox")


def names(mailbox: User) -> QuerySet[Ownership, str]:
    """Of those who use it."""
    return Ownership.objects.filter(mailbox=mailbox).values_list("owner__username", flat=True)


def mailboxes(people: Iterable[User]) -> list[str]:
    """What they may have open: their own, and what they use beside it."""
    people = list(people)
    shared = Ownership.objects.filter(owner__in=people).order_by().values_list("mailbox__username", flat=True)
    return [person.username for person in people] + list(shared.distinct())


def hold(ownership: Ownership) -> bool:
    """In a transaction, before anything that hangs on it is made. False: it is gone."""
    return Ownership.objects.select_for_update().filter(pk=ownership.pk).exists()


def appoint(mailbox: User, owner: User, *, by: User, address: str = "") -> bool:
    """False if he was one already."""
    with transaction.atomic():
        _row, is_new = Ownership.objects.get_or_create(mailbox=mailbox, owner=owner, defaults={"created_by": by})
        if is_new:
            event = events.record(
                events.Kind.OWNER_APPOINTED, owner, actor=by, address=address, mailbox=mailbox.username
            )
            notices.by_mail(owner, event)
    return is_new


def dismiss(ownership: Ownership, *, by: User, address: str = "") -> None:
    owner, mailbox = ownership.owner, ownership.mailbox.username
    with transaction.atomic():
        if hold(ownership) and ownership.delete()[0]:
            event = events.record(events.Kind.OWNER_DISMISSED, owner, actor=by, address=address, mailbox=mailbox)
            notices.by_mail(owner, event)
