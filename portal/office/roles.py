"""What a role of the office may do. Roles are Django's groups; only superusers give them."""

from typing import NamedTuple

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.db import transaction

from accounts.aliases.models import Alias
from accounts.bans.models import Ban, Failure, KnownNetwork
from accounts.browsers.models import TrustedBrowser
from accounts.delivery.models import Mail, Sms
from accounts.directory.models import Sync
from accounts.imports.models import Roster
from accounts.log import events
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.openid.models import Application
from accounts.owners.models import Ownership
from accounts.rollouts.models import Exemption, ReminderMail, Rollout
from accounts.routes.models import Gateway
from accounts.users.models import User
from accounts.users.permissions import right
from apppasswords.models import AppPassword, Machine
from portal.office.models import GivenRight, Role

# Names in the database; portal/office/models.py says them in the clerk's language.
HELP = "help desk"
TWO_STEP = "two-step manager"
AUDITOR = "auditor"
ADMINISTRATOR = "administrator"
ROLES = (HELP, TWO_STEP, AUDITOR, ADMINISTRATOR)

# What the portal's superusers keep for themselves: whoever gives rights has them all.
RESERVED = (
    right("add", Role), right("change", Role), right("delete", Role),
    # An application is given tokens that open everybody's mail.
    right("add", Application), right("change", Application), right("delete", Application),
)  # fmt: skip

PERMISSIONS: dict[str, tuple[str, ...]] = {
    # People
    right("view", User): ROLES,
    right("add", User): (TWO_STEP, ADMINISTRATOR),
    right("change", User): (TWO_STEP, ADMINISTRATOR),
    right("delete", User): (ADMINISTRATOR,),  # and to disable one
    right("help_people", User): (HELP, ADMINISTRATOR),
    right("roll_out", User): (TWO_STEP, ADMINISTRATOR),
    right("export_people", User): (TWO_STEP, AUDITOR, ADMINISTRATOR),
    right("see_numbers", User): (ADMINISTRATOR,),
    right("view", Rollout): (TWO_STEP, AUDITOR, ADMINISTRATOR),
    right("view", Exemption): (TWO_STEP, AUDITOR, ADMINISTRATOR),
    right("view", Roster): (TWO_STEP, AUDITOR, ADMINISTRATOR),
    right("view", Sync): (AUDITOR, ADMINISTRATOR),
    right("add", Sync): (ADMINISTRATOR,),
    right("view", Role): (AUDITOR, ADMINISTRATOR),
    # What they have
    right("view", TrustedBrowser): (HELP, AUDITOR, ADMINISTRATOR),
    right("view", AppPassword): (HELP, AUDITOR, ADMINISTRATOR),
    right("delete", AppPassword): (HELP, ADMINISTRATOR),
    right("view", Machine): (HELP, AUDITOR, ADMINISTRATOR),
    right("add", Machine): (ADMINISTRATOR,),
    right("delete", Machine): (HELP, ADMINISTRATOR),
    right("view", Ownership): (HELP, AUDITOR, ADMINISTRATOR),
    right("add", Ownership): (ADMINISTRATOR,),
    right("delete", Ownership): (ADMINISTRATOR,),
    right("view", Alias): (HELP, AUDITOR, ADMINISTRATOR),
    right("add", Alias): (ADMINISTRATOR,),
    right("delete", Alias): (ADMINISTRATOR,),
    # What was sent, and who came in
    right("view", Sms): (HELP, AUDITOR, ADMINISTRATOR),
    right("view", Gateway): (HELP, AUDITOR, ADMINISTRATOR),
    right("change", Gateway): (ADMINISTRATOR,),
    right("view", Mail): (HELP, AUDITOR, ADMINISTRATOR),
    right("view", ReminderMail): (HELP, AUDITOR, ADMINISTRATOR),
    right("view", MailLogin): ROLES,
    right("view", Application): (AUDITOR, ADMINISTRATOR),
    # Bans
    right("view", Ban): (HELP, AUDITOR, ADMINISTRATOR),
    right("view", Failure): (HELP, AUDITOR, ADMINISTRATOR),
    right("lift", Ban): (HELP, ADMINISTRATOR),
    right("view", KnownNetwork): (HELP, AUDITOR, ADMINISTRATOR),
    right("add", KnownNetwork): (ADMINISTRATOR,),
    right("change", KnownNetwork): (ADMINISTRATOR,),
    right("delete", KnownNetwork): (ADMINISTRATOR,),
    # The security log
    right("view", SecurityEvent): (HELP, AUDITOR, ADMINISTRATOR),
    right("export", SecurityEvent): (AUDITOR, ADMINISTRATOR),
}


def permissions_of(role: str) -> set[str]:
    return {permission for permission, roles in PERMISSIONS.items() if role in roles}


class Difference(NamedTuple):
    """What an office, or a later version, made of a role."""

    role: str
    added: set[str]
    taken: set[str]


def make() -> list[str]:
    """The roles that are missing; their names. One that exists stays: the office may have made it fit."""
    made = []
    with transaction.atomic():
        _make_permissions()
        for name in ROLES:
            role, is_new = Role.objects.get_or_create(name=name)
            if is_new:
                role.permissions.set(_rows(permissions_of(name)))
                made.append(name)
    return made


def reset(name: str) -> None:
    """Back to the table above, whatever the office made of it."""
    with transaction.atomic():
        _make_permissions()
        role, _is_new = Role.objects.get_or_create(name=name)
        role.permissions.set(_rows(permissions_of(name)))
        _not_given_before(name)


def give_new() -> list[Difference]:
    """What the table above has more than it had: to the roles that exist, once. What their office takes away of it is
    not given again."""
    given = []
    with transaction.atomic():
        for role in Role.objects.all():
            lacking = _not_given_before(role.name) - _has(role)
            if lacking:
                _make_permissions()
                role.permissions.add(*_rows(lacking))
                events.record(events.Kind.ROLE_EDITED, None, act="upgraded", role=role.name, given=sorted(lacking))
                given.append(Difference(role.name, lacking, set()))
    return given


def _not_given_before(role: str) -> set[str]:
    """From now on they are."""
    new = permissions_of(role) - set(GivenRight.objects.filter(role=role).values_list("right", flat=True))
    rows = [GivenRight(role=role, right=right) for right in sorted(new)]
    GivenRight.objects.bulk_create(rows, ignore_conflicts=True)
    return new


def differences() -> list[Difference]:
    found = []
    for role in Role.objects.filter(name__in=ROLES):
        has, wanted = _has(role), permissions_of(role.name)
        if has != wanted:
            found.append(Difference(role.name, has - wanted, wanted - has))
    return found


def _has(role: Group) -> set[str]:
    rows = role.permissions.select_related("content_type")
    return {f"{row.content_type.app_label}.{row.codename}" for row in rows}


def _rows(names: set[str]) -> list[Permission]:
    rows = Permission.objects.select_related("content_type")
    found = {f"{row.content_type.app_label}.{row.codename}": row for row in rows}
    return [found[name] for name in sorted(names)]


def _make_permissions() -> None:
    """Django makes them after the last migration; a migration that gives them cannot wait."""
    for label in sorted({permission.partition(".")[0] for permission in PERMISSIONS}):
        create_permissions(apps.get_app_config(label), verbosity=1)
