"""The ways in which somebody takes the second step, as the desk tells them: never anything that opens one."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max

from accounts.delivery.models import Sms
from accounts.factors import authenticators, passkeys
from accounts.factors.models import Authenticator, Passkey
from accounts.phones.models import Phone
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Device, Way

# Those that a clerk takes away one by one. A phone is unbound, by a button of its own.
REMOVALS: dict[Way, Callable[..., Any]] = {Way.APP: authenticators.remove, Way.PASSKEY: passkeys.remove}


@dataclass(frozen=True)
class Held:
    way: Way
    pk: int
    name: str
    since: datetime | None
    used_at: datetime | None

    @property
    def can_be_removed(self) -> bool:
        return self.way in REMOVALS


def by(user: User) -> list[Held]:
    order = list(Way)
    return sorted((_told(device) for device in ways.devices(user)), key=lambda held: (order.index(held.way), held.pk))


def remove(user: User, way: str, pk: int, *, actor: User, address: str, reason: str) -> str | None:
    """The name of what is gone; None if it was gone before."""
    if way not in REMOVALS:
        return None
    removed = REMOVALS[Way(way)](user, pk, actor=actor, address=address, reason=reason)
    return removed.name if isinstance(removed, Authenticator | Passkey) else None


def _told(device: Device) -> Held:
    if isinstance(device, Phone):
        used_at = Sms.objects.filter(user=device.user, number=device.number).aggregate(at=Max("used_at"))["at"]
        return Held(device.way, device.pk, device.masked, device.bound_at, used_at)
    since, used_at = getattr(device, "created_at", None), getattr(device, "last_used_at", None)
    return Held(device.way, device.pk, device.name, since, used_at)
