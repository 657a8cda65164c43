"""The ways in which somebody takes the second step, as the desk tells them: never anything that opens one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils.translation import ngettext

from accounts.delivery.models import Sms
from accounts.factors import authenticators, passkeys, recoverycodes
from accounts.factors.models import Authenticator, Passkey, RecoverySet
from accounts.phones.models import Phone
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Device, Way

# Those that a clerk takes away one by one. A phone is unbound, by a button of its own.
REMOVALS: dict[Way, Callable[..., Any]] = {
    Way.APP: authenticators.remove,
    Way.PASSKEY: passkeys.remove,
    Way.RECOVERY: recoverycodes.remove,
}


@dataclass(frozen=True)
class Held:
    way: Way
    pk: int
    name: str  # how many are left, of recovery codes
    since: datetime | None
    used_at: datetime | None

    @property
    def can_be_removed(self) -> bool:
        return self.way in REMOVALS

    @property
    def called(self) -> str:
        """In the label of its button."""
        return str(self.way.label) if self.way is Way.RECOVERY else self.name


def by(user: User) -> list[Held]:
    order = list(Way)
    return sorted((_told(device) for device in ways.devices(user)), key=lambda held: (order.index(held.way), held.pk))


def remove(user: User, way: str, pk: int, *, actor: User, address: str, reason: str) -> str | None:
    """The name of what is gone; None if it was gone before."""
    if way not in REMOVALS:
        return None
    removed = REMOVALS[Way(way)](user, pk, actor=actor, address=address, reason=reason)
    if removed is True:
        return str(Way.RECOVERY.label)
    return removed.name if isinstance(removed, Authenticator | Passkey) else None


def _told(device: Device) -> Held:
    if isinstance(device, Phone):
        used_at = Sms.objects.filter(user=device.user, number=device.number).aggregate(at=Max("used_at"))["at"]
        return Held(device.way, device.pk, device.masked, device.bound_at, used_at)
    since, used_at = getattr(device, "created_at", None), getattr(device, "last_used_at", None)
    name = _left(device.user) if isinstance(device, RecoverySet) else device.name
    return Held(device.way, device.pk, name, since, used_at)


def _left(user: User) -> str:
    left = recoverycodes.left(user)
    return ngettext("%(left)s left", "%(left)s left", left) % {"left": left}
