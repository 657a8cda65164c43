"""App passwords of printers, the library, finance: made by the office, to send only, and somebody answers for each.

One that reads would let whoever may make them read everybody's mail (docs/decisions/0073-machines.md).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.delivery import notices
from accounts.log import events
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.limits import Limits, Scope
from apppasswords.models import Machine

ASKED_EVERY = timedelta(days=365)


@dataclass(frozen=True)
class Plan:
    mailbox: User  # whose name it signs in with, and sends as
    owner: User
    name: str
    purpose: str
    networks: str
    ends_at: datetime


def make(plan: Plan, *, by: User, address: str = "") -> tuple[Machine, str] | passwords.Refusal:
    """The row and the secret, which is returned here and never again. Both who reads the mailbox and who answers for
    it are told."""
    limits = Limits(Scope.SENDING, plan.networks, plan.ends_at)
    with transaction.atomic():
        made = passwords.make(plan.mailbox, plan.name, limits=limits, actor=by, address=address)
        if isinstance(made, passwords.Refusal):
            return made
        password, secret = made
        machine = Machine.objects.create(password=password, owner=plan.owner, purpose=plan.purpose)
        _tell(plan, by, address)
    return machine, secret


def _tell(plan: Plan, by: User, address: str) -> None:
    event = events.record(
        events.Kind.MACHINE_MADE,
        plan.owner,
        actor=by,
        address=address,
        name=plan.name,
        mailbox=plan.mailbox.username,
    )
    notices.by_mail(plan.owner, event)


def ask_owners() -> None:
    """Once a year, whether it is still needed."""
    now = timezone.now()
    due = Machine.objects.filter(asked_at__lte=now - ASKED_EVERY, owner__is_active=True)
    for row in due.select_related("owner", "password__user"):
        with transaction.atomic():
            if row.owner and Machine.objects.filter(pk=row.pk, asked_at=row.asked_at).update(asked_at=now):
                _ask(row, row.owner)


def _ask(machine: Machine, owner: User) -> None:
    password = machine.password
    event = events.record(
        events.Kind.MACHINE_ASKED,
        owner,
        name=password.name,
        mailbox=password.user.username,
        used_at=password.last_used_at,
    )
    notices.by_mail(owner, event)
