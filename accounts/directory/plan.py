"""What has to be done so that people are as the directory has them. Nothing is written here."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.directory.asking.answers import Someone
from accounts.directory.models import Person
from accounts.lib import invisible, numbers
from accounts.phones import suggestions
from accounts.users import usernames
from accounts.users.models import User

COLUMNS = ("name", "department")
LONGEST = 100  # characters


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

    def __bool__(self) -> bool:
        return bool(self.new or self.adopted or self.edits or self.back or self.leavers or self.phones)


def of(everybody: Iterable[Someone], confirmed: int | None = None) -> Plan:
    """`confirmed`: so many leavers an administrator has seen and allowed."""
    plan = Plan()
    known = {row.identity: row for row in Person.objects.all()}
    users = {user.username: user for user in User.objects.all()}
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
    _leave(plan, [by_key[row.user_id] for row in known.values() if row.identity not in present], len(known), confirmed)
    return plan


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


def _leave(plan: Plan, gone: list[User], known: int, confirmed: int | None) -> None:
    """Administrators with all rights stay: somebody must be left who can mend a directory that lost everybody."""
    plan.leavers += [user for user in gone if user.is_active]
    for user in plan.leavers:
        if user.is_superuser:
            plan.faults.append((user.username, Fault.SUPERUSER))
    plan.leavers = [user for user in plan.leavers if not user.is_superuser]
    allowed = ceil(known * settings.LDAP_LEAVERS_LIMIT / 100)
    if len(plan.leavers) > allowed and len(plan.leavers) != confirmed:
        plan.leavers, plan.held = [], plan.leavers


def _clean(text: str) -> str:
    return invisible.dropped(text).strip()[:LONGEST]
