"""People as the directory has them: all is read, then all is written, or nothing.

An answer that is empty, partial or wrong disables nobody. Who leaves in unusual numbers is held until an administrator
says that so many have left.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.bans.models import Ban, Failure
from accounts.directory import marks, memory
from accounts.directory import plan as plans
from accounts.directory.asking.answers import Away, Reading
from accounts.directory.models import Person
from accounts.directory.plan import Plan
from accounts.lib.batches import BATCH, batches
from accounts.log import events
from accounts.mailsessions import mailsessions
from accounts.mailsessions.mailsessions import Why
from accounts.phones import suggestions
from accounts.sessions import endings
from accounts.sessions.endings import Occasion
from accounts.users.models import User

Kind = events.Kind


def look(confirmed: int | None = None, *, only_changes: bool = False) -> Plan:
    """What a sync would do. Raises Away."""
    reading = read(only_changes=only_changes)
    return plans.of(reading.people, confirmed, is_whole=reading.is_whole)


def read(hear: Callable[[int], None] = lambda _count: None, *, only_changes: bool = False) -> Reading:
    """Everybody. `only_changes`: who has changed since, if the server that answers can tell. `hear` is told how many
    have been read. Raises Away."""
    from accounts.directory.asking import readings  # noqa: PLC0415 - it needs a package that need not be installed

    why, known = Away("LDAP_URLS is not set"), marks.known() if only_changes else {}
    for url in settings.LDAP_URLS:
        reading = Reading(known)
        try:
            for count in readings.read(url, reading):
                hear(count)
        except Away as error:
            why = error
        else:
            if reading.is_whole and not reading.people:
                raise Away("it has nobody: LDAP_FILTER, LDAP_BASE, or the rights of LDAP_BIND_DN")
            return reading
    raise why


def sync(confirmed: int | None = None, *, only_changes: bool = False) -> Plan | None:
    """None: it did not come about, which the log says."""
    try:
        reading = read(only_changes=only_changes)
        with transaction.atomic():
            plan = plans.of(reading.people, confirmed, is_whole=reading.is_whole)
            write(plan)
            marks.keep(reading, plan)
    except (Away, IntegrityError) as error:
        note_failure(error)
        return None
    return plan


def note_failure(error: Exception) -> str:
    """Why, in words."""
    said = str(error) if isinstance(error, Away) else "people changed meanwhile"
    events.record(Kind.SYNC_FAILED, None, error=said)
    return said


def write(plan: Plan, actor: User | None = None, address: str = "") -> None:
    """In a transaction: everything or nothing."""
    known = [user.pk for user in (*(edit.user for edit in plan.edits), *plan.back, *plan.leavers)]
    for batch in batches(sorted(known)):
        User.objects.hold(*batch)
    User.objects.bulk_create([new.user for new in plan.new], batch_size=BATCH)
    linked = [Person(user=one.user, identity=one.identity) for one in (*plan.new, *plan.adopted)]
    Person.objects.bulk_create(linked, batch_size=BATCH)
    edited = [edit.user for edit in plan.edits]
    User.objects.bulk_update(edited, ["username", *plans.COLUMNS], batch_size=BATCH)
    suggestions.keep({user.pk: number for user, number in plan.phones})
    for edit in plan.edits:
        if edit.was:
            _follow(edit.was, edit.user)
    _bring_back(plan.back)
    _let_go(plan.leavers, actor, address)
    _tell(plan, actor, address)


def _follow(was: str, user: User) -> None:
    """What hangs on the account's key follows by itself; this is what is kept under its name."""
    Failure.objects.filter(account=was).update(account=user.username)
    Ban.objects.filter(account=was).update(account=user.username)
    memory.forget(user)
    mailsessions.end([was], Why.DELETED)


def _let_go(people: list[User], actor: User | None, address: str) -> None:
    keys = [user.pk for user in people]
    now = timezone.now()
    for batch in batches(keys):
        User.objects.filter(pk__in=batch).update(is_active=False)
        Person.objects.filter(user__in=batch).update(disabled_at=now)
    endings.end(Occasion.DISABLED, *people, actor=actor, address=address)
    memory.forget(*people)


def _bring_back(people: list[User]) -> None:
    for batch in batches([user.pk for user in people]):
        User.objects.filter(pk__in=batch).update(is_active=True)
        Person.objects.filter(user__in=batch).update(disabled_at=None)


def _tell(plan: Plan, actor: User | None, address: str) -> None:
    told: list[tuple[User, dict[str, Any]]] = [(new.user, {"new": True}) for new in plan.new]
    told += [(edit.user, {"changed": edit.changed} | ({"was": edit.was} if edit.was else {})) for edit in plan.edits]
    told += [(user, {"changed": ["phone"]}) for user, _number in plan.phones]
    told += [(user, {"disabled": False}) for user in plan.back] + [(user, {"disabled": True}) for user in plan.leavers]
    events.record_each(Kind.PERSON_SYNCED, told, actor=actor, address=address)
    if plan.is_whole and plan.is_news:
        events.record(
            Kind.PEOPLE_SYNCED, None, actor=actor, address=address, new=len(plan.new), changed=len(plan.edits),
            disabled=len(plan.leavers), held=len(plan.held), faults=len(plan.faults),
        )  # fmt: skip
