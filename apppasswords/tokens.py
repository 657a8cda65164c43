"""Mail programs that signed in at the portal's own pages, and hold a token where others have an app password."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts.delivery import notices
from accounts.log import events
from accounts.openid.models import Application, RefreshToken
from accounts.sessions import authorizations
from accounts.sessions.models import Authorization
from accounts.users.models import User


@dataclass(frozen=True)
class Program:
    """As the list shows it. `pk` is that of the sign-in that the tokens hang on."""

    pk: int
    name: str
    signed_in_at: datetime
    ends_at: datetime


def of(user: User) -> list[Program]:
    """Those that can still come in, the newest first. Sites, which have a secret of their own, are not among them."""
    rows = RefreshToken.objects.filter(
        user=user, revoked=None, authorization__isnull=False, application__client_type=Application.CLIENT_PUBLIC
    )
    found: dict[int, Program] = {}
    for row in rows.select_related("application", "authorization").order_by("-pk"):
        held = row.authorization
        if held and held.pk not in found and held.is_live:
            found[held.pk] = Program(held.pk, row.application.name, held.signed_in_at, held.ends_at)
    return list(found.values())


def remove(user: User, pk: int, *, address: str = "") -> bool:
    """False if there is no such one. It opens nothing from now on, and what it has open ends."""
    programs = [program for program in of(user) if program.pk == pk]
    return _remove(user, programs, address) > 0


def remove_all(user: User, *, address: str = "") -> int:
    return _remove(user, of(user), address)


def _remove(user: User, programs: list[Program], address: str) -> int:
    if not programs:
        return 0
    with transaction.atomic():
        for row in Authorization.objects.filter(user=user, pk__in=[program.pk for program in programs]):
            authorizations.revoke(row)
        names = [program.name for program in programs]
        notices.by_mail(user, events.record(events.Kind.PROGRAM_REMOVED, user, address=address, names=names))
    return len(programs)
