"""What a role of the office may do. Roles are Django's groups; only superusers give them."""

from collections.abc import Collection
from typing import NamedTuple

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission
from django.db import transaction

from portal.office.models import Role

# Names in the database; portal/office/models.py says them in the clerk's language.
HELP = "help desk"
TWO_STEP = "two-step manager"
AUDITOR = "auditor"
ADMINISTRATOR = "administrator"
ROLES = (HELP, TWO_STEP, AUDITOR, ADMINISTRATOR)

# What the portal's superusers keep for themselves: whoever gives rights has them all.
RESERVED = (
    "office.add_role", "office.change_role", "office.delete_role",
    # An application is given tokens that open everybody's mail.
    "openid.add_application", "openid.change_application", "openid.delete_application",
)  # fmt: skip

PERMISSIONS: dict[str, tuple[str, ...]] = {
    # People
    "accounts.view_user": ROLES,
    "accounts.add_user": (TWO_STEP, ADMINISTRATOR),
    "accounts.change_user": (TWO_STEP, ADMINISTRATOR),
    "accounts.delete_user": (ADMINISTRATOR,),  # and to disable one
    "accounts.help_people": (HELP, ADMINISTRATOR),
    "accounts.roll_out": (TWO_STEP, ADMINISTRATOR),
    "accounts.export_people": (TWO_STEP, AUDITOR, ADMINISTRATOR),
    "accounts.see_numbers": (ADMINISTRATOR,),
    "rollouts.view_rollout": (TWO_STEP, AUDITOR, ADMINISTRATOR),
    "rollouts.view_exemption": (TWO_STEP, AUDITOR, ADMINISTRATOR),
    "imports.view_roster": (TWO_STEP, AUDITOR, ADMINISTRATOR),
    "office.view_role": (AUDITOR, ADMINISTRATOR),
    # What they have
    "browsers.view_trustedbrowser": (HELP, AUDITOR, ADMINISTRATOR),
    "apppasswords.view_apppassword": (HELP, AUDITOR, ADMINISTRATOR),
    "apppasswords.delete_apppassword": (HELP, ADMINISTRATOR),
    # What was sent, and who came in
    "delivery.view_sms": (HELP, AUDITOR, ADMINISTRATOR),
    "delivery.view_mail": (HELP, AUDITOR, ADMINISTRATOR),
    "rollouts.view_remindermail": (HELP, AUDITOR, ADMINISTRATOR),
    "maillogins.view_maillogin": ROLES,
    "openid.view_application": (AUDITOR, ADMINISTRATOR),
    # Bans
    "bans.view_ban": (HELP, AUDITOR, ADMINISTRATOR),
    "bans.view_failure": (HELP, AUDITOR, ADMINISTRATOR),
    "bans.lift_ban": (HELP, ADMINISTRATOR),
    "bans.view_knownnetwork": (HELP, AUDITOR, ADMINISTRATOR),
    "bans.add_knownnetwork": (ADMINISTRATOR,),
    "bans.change_knownnetwork": (ADMINISTRATOR,),
    "bans.delete_knownnetwork": (ADMINISTRATOR,),
    # The security log
    "log.view_securityevent": (HELP, AUDITOR, ADMINISTRATOR),
    "log.export_securityevent": (AUDITOR, ADMINISTRATOR),
}

# Besides `accounts.change_user`, which the others need. None: superusers only.
FIELDS: dict[str, str | None] = {
    "must_change_password": "accounts.help_people",
    "is_active": "accounts.delete_user",  # a disabled account is as good as deleted, and an enabled one as good as new
    "is_staff": None,
    "is_superuser": None,
    "groups": None,
}


def may_edit(field: str, permissions: Collection[str], *, is_superuser: bool) -> bool:
    """Whether who has these permissions may edit a field of an account that he may edit."""
    needed = FIELDS.get(field, "accounts.change_user")
    return is_superuser or (needed is not None and needed in permissions)


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


def differences() -> list[Difference]:
    found = []
    for role in Role.objects.filter(name__in=ROLES).prefetch_related("permissions__content_type"):
        has = {f"{row.content_type.app_label}.{row.codename}" for row in role.permissions.all()}
        wanted = permissions_of(role.name)
        if has != wanted:
            found.append(Difference(role.name, has - wanted, wanted - has))
    return found


def _rows(names: set[str]) -> list[Permission]:
    rows = Permission.objects.select_related("content_type")
    found = {f"{row.content_type.app_label}.{row.codename}": row for row in rows}
    return [found[name] for name in sorted(names)]


def _make_permissions() -> None:
    """Django makes them after the last migration; a migration that gives them cannot wait."""
    for label in sorted({permission.partition(".")[0] for permission in PERMISSIONS}):
        create_permissions(apps.get_app_config(label), verbosity=0)
