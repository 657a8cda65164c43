"""The security log in the hands of somebody with the rights of the database's owner, and what the audit says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts.audit.audit import Audit, Fault
from accounts.log import chain
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from tests.kit import guards

Kind = SecurityEvent.Kind


TABLE = guards.TABLE


def write(count: int, owner: User | None = None, **fields: Any) -> list[SecurityEvent]:
    start = timezone.now() - timedelta(days=10)
    written = SecurityEvent.objects.bulk_create([
        SecurityEvent(kind=Kind.REFUSED, user=owner, username="zhangsan@example.edu", address="192.0.2.1",
                      detail={"channel": "web", "number": number},
                      **({"at": start + timedelta(seconds=number)} | fields))
        for number in range(count)
    ], batch_size=1000)  # fmt: skip
    chain.seal_all()
    return written


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement.replace("LOG", TABLE), values or None)


def faults() -> list[Fault]:
    return list(Audit().faults())


def named(found: list[Fault]) -> list[tuple[str, int | None, int | None]]:
    return [(fault.what.name, fault.position, fault.last) for fault in found]


@contextmanager
def tampering() -> Iterator[None]:
    """What is done in it is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def as_named(work: Callable[[], None]) -> list[Fault]:
    """What the audit says after an attacker's work, who puts the triggers back in place behind him."""
    with guards.lifted():
        work()
    return faults()
