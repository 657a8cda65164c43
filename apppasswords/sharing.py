"""A mailbox becomes one of a department: what opened it until now opens nothing any more, and nobody signs in as it."""

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.delivery import notices
from accounts.log import events
from accounts.security import passwords as mailbox_passwords
from accounts.sessions import endings
from accounts.sessions.endings import Occasion
from accounts.users.models import User
from apppasswords import passwords


def make(address: str, name: str, *, by: User, origin: str = "") -> User:
    """A mailbox that has no account yet. `origin` is the clerk's network address."""
    with transaction.atomic():
        mailbox = User.objects.create_user(address, name=name)
        share(mailbox, by=by, origin=origin)
    return mailbox


def share(mailbox: User, *, by: User, origin: str = "") -> None:
    """Whoever has read it so far is told there. Its machines go on: the office made them."""
    with transaction.atomic():
        mailbox.hold()
        since = Coalesce("two_step_from", Value(timezone.now()))
        if not User.objects.filter(pk=mailbox.pk, is_shared=False).update(is_shared=True, two_step_from=since):
            return
        mailbox_passwords.withdraw(mailbox)
        passwords.remove_all(mailbox, actor=by, address=origin, but_machines=True, ends_mail=False)
        endings.end(Occasion.SHARED, mailbox, actor=by, address=origin)
        notices.by_mail(mailbox, events.record(events.Kind.SHARED, mailbox, actor=by, address=origin))
