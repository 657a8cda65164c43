"""What has to be done so that people are as the directory has them. Nothing is written here."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil
from typing import NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.directory.asking.answers import Someone
from accounts.directory.models import Person
from accounts.lib import invisible, numbers
from accounts.lib.batches import BATCH
from accounts.phones import suggestions
from accounts.users import usernames
from accounts.users.models import User

COLUMNS = ("name", "department")
LONGEST = 100  # characters
ONE_TIME = timedelta(hours=1)  # as far as it matters how many leave at one


class Fault(models.TextChoices):
    """What is wrong with an entry of the directory, which changes nobody then."""

    NO_IDENTITY = "no_identity", _("no address, or no identity of its own")
    TWO_ENTRIES = "two_entries", _("two entries have this address")
    ANOTHERS_ADDRESS = "anothers_address", _("this address is another account’s")
    ANOTHERS_ACCOUNT = "anothers_account", _("this account belongs to another entry of the directory")
    SUPERUSER = "superuser", _("an administrator with all rights is not disabled by the directory")


class New(NamedTuple):
    user: User
    identity: str


class Edit(NamedTuple):
    user: User
    before: dict[str, str]  # of what changes
    was: str = ""  # the address, if that changed

    @property
    def changed(self) -> list[str]:
        return list(self.before)


@dataclass
class Plan:
    phones: list[tuple[User, str]] = field(default_factory=list)  # another number there; empty: none
    new: list[New] = field(default_factory=list)
    adopted: list[New] = field(default_factory=list)  # accounts that were there before the directory came
    edits: list[Edit] = field(default_factory=list)
    back: list[User] = field(default_factory=list)
    leavers: list[User] = field(default_factory=list)
    held: list[User] = field(default_factory=list)  # more of them than may leave at once
    faults: list[tuple[str, Fault]] = field(default_factory=list)  # the address, or what there is instead
    is_whole: bool = True  # of everybody, or of who has changed

    def __bool__(self) -> bool:
        return bool(self.new or self.adopted or self.edits or self.back or self.leavers or self.phones)

    @property
    def is_news(self) -> bool:
        """What is wrong is said when all are compared, not each time that one of them is looked at."""
        return bool(self or (self.is_whole and (self.held or self.faults)))


def of(everybody: Collection[Someone], confirmed: int | None = None, *, is_whole: bool = True) -> Plan:
    """`confirmed`: so many leavers an administrator has seen and allowed. `is_whole`: who is not there has left."""
    plan = Plan(is_whole=is_whole)
    links, accounts = (Person.objects.all(), User.objects.all()) if is_whole else _of_these(everybody)
    known = {row.identity: row for row in links}
    users = {user.username: user for user in accounts}
    by_key = {user.pk: user for user in users.values()}
    taken = {row.user_id for row in known.values()}
    present, addresses, suggested = set[str](), dict[str, str](), suggestions.known()
    for one in everybody:
        address = usernames.canonical(one.address)
        if address is None or not one.identity or one.identity in present:
            plan.faults.append((one.address or one.name or "—", Fault.NO_IDENTITY))
            if one.identity:
                present.add(one.identity)  # whoever has a fault has not left
            continue
        present.add(one.identity)
        if addresses.setdefault(address, one.identity) != one.identity:
            plan.faults.append((address, Fault.TWO_ENTRIES))
            continue
        row, holder = known.get(one.identity), users.get(address)
        user = by_key[row.user_id] if row else holder
        if holder and user != holder:
            plan.faults.append((address, Fault.ANOTHERS_ADDRESS))
        elif row is None and holder and holder.pk in taken:
            plan.faults.append((address, Fault.ANOTHERS_ACCOUNT))
        elif user is None:
            _add(plan, one, address)
        else:
            _compare(plan, one, address, user, row)
            _suggest(plan, one, user, suggested.get(user.pk, ""))
    if is_whole:
        plan.leavers += [by_key[row.user_id] for row in known.values() if row.identity not in present]
    _leave(plan, confirmed)
    return plan


def _of_these(people: Collection[Someone]) -> tuple[QuerySet[Person], QuerySet[User]]:
    """Whom these entries can be about, by identity or by address. Of many, everybody is asked for after all."""
    if len(people) > BATCH:
        return Person.objects.all(), User.objects.all()
    addresses = {usernames.canonical(one.address) or "" for one in people}
    links = Person.objects.filter(Q(identity__in={one.identity for one in people}) | Q(user__username__in=addresses))
    return links, User.objects.filter(Q(username__in=addresses) | Q(pk__in=links.values("user")))


def _add(plan: Plan, one: Someone, address: str) -> None:
    if one.is_active:
        user = User(username=address, name=_clean(one.name), department=_clean(one.department))
        user.set_unusable_password()
        plan.new.append(New(user, one.identity))
        _suggest(plan, one, user, "")


def _suggest(plan: Plan, one: Someone, user: User, before: str) -> None:
    """What cannot get SMS is no number for us; HR has many such."""
    number = numbers.parse(one.phone) if one.phone and suggestions.are_wanted() else ""
    number = number if isinstance(number, str) else ""
    if number != before:
        plan.phones.append((user, number))


def _compare(plan: Plan, one: Someone, address: str, user: User, row: Person | None) -> None:
    if row is None:
        plan.adopted.append(New(user, one.identity))
    was = user.username if user.username != address else ""
    wanted = {"name": _clean(one.name), "department": _clean(one.department)}
    before = {name: getattr(user, name) for name in COLUMNS if wanted[name] and getattr(user, name) != wanted[name]}
    if before or was:
        for name in before:
            setattr(user, name, wanted[name])
        user.username = address
        plan.edits.append(Edit(user, before, was))
    if one.is_active and not user.is_active and row and row.disabled_at and not user.has_left():
        plan.back.append(user)
    elif not one.is_active and user.is_active:
        plan.leavers.append(user)


def _leave(plan: Plan, confirmed: int | None) -> None:
    """Administrators with all rights stay: somebody must be left who can mend a directory that lost everybody."""
    leavers = [user for user in plan.leavers if user.is_active]
    plan.faults += [(user.username, Fault.SUPERUSER) for user in leavers if user.is_superuser]
    plan.leavers = [user for user in leavers if not user.is_superuser]
    if not plan.leavers:
        return
    allowed = ceil(Person.objects.count() * settings.LDAP_LEAVERS_LIMIT / 100)
    if not plan.is_whole:  # which comes often: together they are as few as at once
        allowed -= Person.objects.filter(disabled_at__gt=timezone.now() - ONE_TIME).count()
    if len(plan.leavers) > allowed and len(plan.leavers) != confirmed:
        plan.leavers, plan.held = [], plan.leavers


def _clean(text: str) -> str:
    return invisible.dropped(text).strip()[:LONGEST]
