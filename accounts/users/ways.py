"""The ways in which somebody takes the second step: a code by SMS, an authenticator app, ...

Each is a device of django-otp. The rooms that keep them stand higher and know nothing of each other, so what holds for
all of them is said here: which there are, which may be the only one, and what ends when one is added or goes.
"""

from collections.abc import Iterable
from functools import reduce
from operator import and_, or_
from typing import Any, Protocol

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_otp import device_classes, devices_for_user

from accounts.users.models import User


class Way(models.TextChoices):
    """In the order in which they are offered."""

    PHONE = "phone", _("Code by SMS")
    APP = "app", _("Authenticator app")
    PASSKEY = "passkey", _("Passkey")
    RECOVERY = "recovery", _("Recovery code")


class Device(Protocol):
    """What rooms keep of a way."""

    way: Way
    user: User
    name: str  # by which its owner knows it; a phone has its number

    @property
    def pk(self) -> Any: ...


def allowed() -> list[Way]:
    """By the office."""
    return [way for way in Way if way in settings.SECOND_STEPS]


def devices(user: User) -> list[Device]:
    """All that this person has, and that the office allows."""
    found = [device for device in devices_for_user(user) if device.way in settings.SECOND_STEPS]
    for device in found:
        device.user = user  # one object: what is opened with it must know what it was opened for
    return found


def of(user: User) -> list[Way]:
    """The preferred one first."""
    row = with_them(User.objects.filter(pk=user.pk)).only("preferred_way").first()
    return held(row) if row else []


def with_them(users: QuerySet[User]) -> QuerySet[User]:
    """Of each the ways too, for `held`: asked at each step of a sign-in, with one query for all of it."""
    models = [model for model in device_classes() if model.way in settings.SECOND_STEPS]
    theirs = {model.way: model.objects.devices_for_user(OuterRef("pk"), confirmed=True) for model in models}
    return users.annotate(**{f"has_{way}": Exists(rows) for way, rows in theirs.items()})


def held(row: User) -> list[Way]:
    """What was read `with_them`; the preferred one first."""
    found = [way for way in Way if vars(row).get(f"has_{way}")]
    return sorted(found, key=lambda way: way != row.preferred_way)


def of_many(users: QuerySet[User]) -> dict[int, list[Way]]:
    """By the key of each who has any: with a query for each way, however many people they are."""
    held: dict[int, list[Way]] = {}
    models = {model.way: model for model in device_classes()}
    for way in (way for way in allowed() if way in models):
        for pk in models[way].objects.filter(user__in=users.values("pk")).values_list("user", flat=True).distinct():
            held.setdefault(pk, []).append(way)
    return held


def can_stand_alone(held: Iterable[Way]) -> bool:
    return any(way in settings.SECOND_STEPS_ALONE for way in held)


def have(chosen: Iterable[str], user: str = "pk") -> Q:
    """In SQL, of many people: whether they have one of these, and the office allows it. `user`: where the query has
    their key."""
    return reduce(or_, map(Q, _each(chosen, user)), Q(pk__in=[]))


def lack(chosen: Iterable[str], user: str = "pk") -> Q:
    """The opposite. Said of each by itself: PostgreSQL then joins whole tables, and does not look for each person in
    every one of them."""
    return reduce(and_, (Q(~one) for one in _each(chosen, user)), Q())


def _each(chosen: Iterable[str], user: str) -> list[Exists]:
    wanted = set(chosen).intersection(settings.SECOND_STEPS)
    models = [model for model in device_classes() if model.way in wanted]
    return [Exists(model.objects.filter(user=OuterRef(user))) for model in models]


def are_ready(user: str = "pk") -> Q:
    """In SQL: whether they have one that may be the only one."""
    return have(settings.SECOND_STEPS_ALONE, user)


def are_not_ready(user: str = "pk") -> Q:
    return lack(settings.SECOND_STEPS_ALONE, user)


def is_ready(user: User) -> bool:
    """The same of one person, with one query: asked at every page of a trusted browser."""
    return User.objects.filter(are_ready(), pk=user.pk).exists()


def is_needed(device: Device) -> bool:
    """Whether its owner could not come in without it. Asked while the account is held: of two that are removed at once,
    one stays. (A phone may be unbound all the same, as the guide has it: its owner binds another one at once, before
    anything else opens.)"""
    if not device.user.two_step_is_on():
        return False
    others = [one.way for one in devices(device.user) if (one.way, one.pk) != (device.way, device.pk)]
    return not can_stand_alone(others)


def changed(user: User) -> bool:
    """In the transaction in which one was added, changed or removed, with the account held. From its commit on, who is
    in by the former ones is asked anew, in every browser, half-way and trusted ones too, and what other sites were
    given is void (docs/decisions/0053-ways.md).

    Returns whether recovery codes went with the last other way."""
    row = User.objects.filter(pk=user.pk)
    row.update(ways_version=F("ways_version") + 1)
    user.ways_version = row.values_list("ways_version", flat=True).get()
    return _recovery_goes(user)


def _recovery_goes(user: User) -> bool:
    """If nothing else is left. Otherwise whoever finds the paper would be asked for nothing but it."""
    left = list(devices_for_user(user, confirmed=None))
    if not left or any(device.way is not Way.RECOVERY for device in left):
        return False
    for device in left:
        device.delete()
    return True


def prefer(user: User, way: Way) -> None:
    """Which is asked for first."""
    User.objects.filter(pk=user.pk).update(preferred_way=way)
    user.preferred_way = way
