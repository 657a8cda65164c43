"""What follows whenever one of the other ways is added or removed: in that transaction, with the account held."""

from accounts.codes import codes
from accounts.delivery import notices
from accounts.log import events
from accounts.mailsessions import mailsessions
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Device


def added(device: Device, *, address: str = "") -> None:
    user = device.user
    _end(user)
    event = events.record(events.Kind.WAY_ADDED, user, address=address, way=device.way, name=device.name)
    notices.by_mail(user, event)


def removed(device: Device, *, actor: User | None = None, address: str = "", reason: str = "") -> None:
    """`actor` is the clerk who does it for somebody who lost it: whoever holds a session, perhaps on what is lost,
    would be the next to add one."""
    user = device.user
    _end(user)
    if actor:
        user.end_sessions()
        mailsessions.end([user.username], mailsessions.Why.PHONE)
    kind, why = events.Kind.WAY_REMOVED, events.because(reason)
    event = events.record(kind, user, actor=actor, address=address, way=device.way, name=device.name, **why)
    notices.by_mail(user, event)


def _end(user: User) -> None:
    ways.changed(user)
    codes.void(user)
