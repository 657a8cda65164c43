"""Whom a clerk means: single persons, departments, a pasted list of addresses, or everyone."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.lib.batches import batches
from accounts.spreadsheets import damage
from accounts.users import clerks, usernames, ways
from accounts.users.models import User

PARTED = re.compile("[,;，；、]")
PEOPLE = Q(is_shared=False)  # nobody signs in as a department mailbox


@dataclass(frozen=True)
class Department:
    name: str
    people: int
    two_step: int  # for how many it is on
    unbound: int  # nothing with which to take the second step


def departments(clerk: User) -> list[Department]:
    """Those whose people a clerk may choose from, and how far each has come."""
    counted = clerks.departments(
        clerk,
        two_step=Count("pk", filter=Q(two_step_from__lte=timezone.now())),
        unbound=Count("pk", filter=ways.are_not_ready()),
    )
    return [Department(*row) for row in counted if row[0]]


@dataclass(frozen=True)
class Complaint:
    line: int
    text: str
    what: str | Promise


@dataclass
class Reading:
    """What a pasted list says, line by line."""

    people: list[int] = field(default_factory=list)
    complaints: list[Complaint] = field(default_factory=list)


def read(text: str, clerk: User) -> Reading:
    """Whole addresses or bare names, one a line or parted by commas. Unknown and repeated ones are named by line."""
    reading = Reading()
    meant = list(_lines(text, reading))
    known = _keys([name for _line, _text, name in meant])
    allowed = _allowed(known.values(), clerk)
    first: dict[str, int] = {}
    for line, written, name in meant:
        if name in first:
            what = _("was in line %(line)s already") % {"line": first[name]}
            reading.complaints.append(Complaint(line, written, what))
            continue
        first[name] = line
        pk = known.get(name)
        if pk is None:
            reading.complaints.append(Complaint(line, written, _("nobody has this address")))
        elif pk not in allowed:
            reading.complaints.append(Complaint(line, written, _("IT staff: only an administrator may choose them")))
        else:
            reading.people.append(pk)
    reading.complaints.sort(key=lambda complaint: complaint.line)
    return reading


def _lines(text: str, reading: Reading) -> Iterator[tuple[int, str, str]]:
    parts = ((line, part.strip()) for line, raw in enumerate(text.splitlines(), 1) for part in PARTED.split(raw))
    for line, written in parts:
        if not written:
            continue
        name = usernames.canonical(usernames.complete(written, settings.MAIL_DOMAIN))
        if destroyed := damage.of(written):
            reading.complaints.append(Complaint(line, written[:80], destroyed))
        elif name is None:
            reading.complaints.append(Complaint(line, written[:80], _("is not a mailbox address")))
        else:
            yield line, written[:80], name


def _keys(names: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for batch in batches(names):
        found.update(User.objects.filter(username__in=batch).values_list("username", "pk"))
    return found


def _allowed(keys: Iterable[int], clerk: User) -> set[int]:
    return {
        pk for batch in batches(keys) for pk in clerks.visible(clerk).filter(pk__in=batch).values_list("pk", flat=True)
    }


def find(choice: dict[str, Any], clerk: User) -> list[int]:
    """The keys of those who are meant, as of now."""
    if choice.get("everyone"):
        return list(clerks.visible(clerk).filter(PEOPLE).order_by("pk").values_list("pk", flat=True))
    found: set[int] = _allowed(choice.get("people", []), clerk)
    for batch in batches(choice.get("departments", [])):
        found |= set(clerks.visible(clerk).filter(PEOPLE, department__in=batch).values_list("pk", flat=True))
    return sorted(found)


def left_out(choice: dict[str, Any], clerk: User) -> int:
    """Colleagues who would be meant if an administrator asked."""
    everybody = User.objects.exclude(pk__in=clerks.visible(clerk).values("pk"))
    if choice.get("everyone"):
        return everybody.count()
    return everybody.filter(department__in=choice.get("departments", [])).count()


def addresses(keys: Iterable[int]) -> list[str]:
    return sorted(
        name for batch in batches(keys) for name in User.objects.filter(pk__in=batch).values_list("username", flat=True)
    )
