"""Roles: what they are made of, what each sees, who gives them."""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import RequestFactory
from django.utils.translation import override

from accounts.log.models import SecurityEvent
from accounts.users.models import User
from portal.office import roles
from portal.office.models import GivenRight, Role
from tests.conftest import MakeUser
from tests.kit.officers import CLERKS, NO_ROLE, SUPERUSER, clerk_with
from tests.kit.servers import migrated
from tests.kit.servers.service import ROOT

USERS, ROLES = "/admin/accounts/user/", "/admin/office/role/"


def names(role: str) -> set[str]:
    rows = Role.objects.get(name=role).permissions.select_related("content_type")
    return {f"{row.content_type.app_label}.{row.codename}" for row in rows}


# --- What they are made of -------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_fresh_database_has_them(tmp_path: Path) -> None:
    """Permissions too, which Django makes only after the last migration."""
    url = f"sqlite:///{tmp_path}/fresh"
    environment = os.environ | {"DEBUG": "on", "VAR": str(tmp_path), "DATABASE_URL": url}

    def manage(*arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout

    migrated.migrate(url)  # by the command
    assert manage("roles") == "", "nothing is missing, nothing differs"
    counted = (
        "from portal.office.models import Role; print(*(r.permissions.count() for r in Role.objects.order_by('pk')))"
    )
    counts = manage("shell", "--verbosity", "0", "--command", counted).split()
    assert counts == [str(len(roles.permissions_of(role))) for role in roles.ROLES]


def test_where_nothing_is_yet_everything_is_made(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    Group.objects.all().delete()
    Permission.objects.all().delete()
    assert roles.make() == list(roles.ROLES)
    assert capsys.readouterr().out == "", "Django would name each right"
    assert all(names(role) == roles.permissions_of(role) for role in roles.ROLES)
    assert roles.make() == []
    assert roles.differences() == []


def test_what_an_office_made_of_a_role_stays(db: None) -> None:
    call_command("roles")
    desk = Role.objects.get(name=roles.HELP)
    desk.permissions.add(Permission.objects.get(codename="see_numbers"))
    desk.permissions.remove(Permission.objects.get(codename="lift_ban"))
    assert roles.make() == []
    assert roles.differences() == [roles.Difference(roles.HELP, {"accounts.see_numbers"}, {"bans.lift_ban"})]
    said = StringIO()
    call_command("roles", stdout=said)
    assert said.getvalue() == "help desk: + accounts.see_numbers\nhelp desk: - bans.lift_ban\n"
    call_command("roles", reset=roles.HELP, stdout=said)
    assert names(roles.HELP) == roles.permissions_of(roles.HELP)


def migrate() -> str:
    said = StringIO()
    with redirect_stdout(said):
        call_command("migrate", verbosity=1, stdout=StringIO())
    return said.getvalue()


def as_an_older_version_made_it(right: str) -> None:
    """It knew nothing of this right."""
    roles.make()
    roles.give_new()
    GivenRight.objects.filter(right=right).delete()
    row = Permission.objects.get(codename=right.partition(".")[2])
    for role in Role.objects.all():
        role.permissions.remove(row)


def test_an_upgrade_gives_roles_what_is_new(db: None) -> None:
    right = "routes.view_gateway"
    as_an_older_version_made_it(right)
    desk = Role.objects.get(name=roles.HELP)
    desk.permissions.remove(Permission.objects.get(codename="lift_ban"))  # as the office wants it
    assert right not in names(roles.HELP)
    said = migrate()
    assert f"Role help desk may now: {right}" in said
    for role in roles.ROLES:
        assert (right in names(role)) is (right in roles.permissions_of(role))
    assert "bans.lift_ban" not in names(roles.HELP)
    events = SecurityEvent.objects.filter(kind="role_edited")
    assert {event.detail["role"]: event.detail["given"] for event in events} == {
        role: [right] for role in roles.ROLES if right in roles.permissions_of(role)
    }
    assert migrate() == "", "once"


def test_what_an_office_takes_away_of_what_is_new_stays_away(db: None) -> None:
    right = "routes.view_gateway"
    as_an_older_version_made_it(right)
    migrate()
    desk = Role.objects.get(name=roles.HELP)
    desk.permissions.remove(Permission.objects.get(codename="view_gateway"))
    assert migrate() == ""
    assert right not in names(roles.HELP)
    call_command("roles", reset=roles.HELP, stdout=StringIO())
    assert right in names(roles.HELP)


def test_so_does_what_it_takes_away_of_a_role_that_was_put_back(db: None) -> None:
    """Whatever is new was given with the rest."""
    right = "routes.view_gateway"
    as_an_older_version_made_it(right)
    roles.reset(roles.HELP)
    Role.objects.get(name=roles.HELP).permissions.remove(Permission.objects.get(codename="view_gateway"))
    roles.give_new()
    assert right not in names(roles.HELP)


@pytest.mark.parametrize("give", [roles.give_new, lambda: roles.reset(roles.HELP)], ids=["an upgrade", "put back"])
def test_a_right_is_made_where_it_is_given(db: None, give: Callable[[], object]) -> None:
    """Django makes rights after the last migration, which may be later."""
    right = "routes.view_gateway"
    as_an_older_version_made_it(right)
    Permission.objects.get(codename="view_gateway").delete()
    give()
    assert right in names(roles.HELP)


def test_what_an_office_may_have_of_its_own_is_no_difference(db: None) -> None:
    roles.make()
    library = Role.objects.create(name="图书馆")
    library.permissions.add(Permission.objects.get(codename="view_gateway"))
    assert roles.differences() == []
    roles.give_new()
    assert names("图书馆") == {"routes.view_gateway"}


def test_a_role_that_an_office_removed_is_not_made_again(db: None) -> None:
    Role.objects.all().delete()
    migrate()
    assert not Role.objects.exists()


def test_every_right_is_given_or_kept(db: None) -> None:
    """Something new that can be seen, done or edited has to be decided about."""
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True)
    sensible = set()
    for model, model_admin in admin.site._registry.items():
        allowed = model_admin.get_model_perms(request)
        sensible |= {f"{model._meta.app_label}.{act}_{model._meta.model_name}" for act in allowed if allowed[act]}
        sensible |= {f"{model._meta.app_label}.{codename}" for codename, _name in model._meta.permissions}
    # Who may roll out makes what a roll-out is made of.
    made_of = ("rollouts.{}_rollout", "rollouts.{}_exemption", "imports.{}_roster")
    rolled_out = {right.format(act) for act in ("add", "change") for right in made_of}
    assert sensible - set(roles.PERMISSIONS) - rolled_out == set(roles.RESERVED)
    views = {right for right in roles.PERMISSIONS if ".view_" in right}
    assert views <= roles.permissions_of(roles.AUDITOR), "the auditor reads everything"
    acts = (".add_", ".change_", ".delete_", ".help_", ".roll_", ".lift_")
    assert not [right for right in roles.permissions_of(roles.AUDITOR) if any(act in right for act in acts)]
    assert set(roles.PERMISSIONS) == roles.permissions_of(roles.ADMINISTRATOR)


def test_they_are_called_in_the_language_of_the_clerk(make_user: MakeUser) -> None:
    root = clerk_with(make_user, SUPERUSER)
    with override("en"):
        assert str(Role.objects.get(name=roles.TWO_STEP)) == "two-step manager"
    group = Role.objects.create(name="图书馆")
    page = root.get(ROLES).content.decode()
    assert "two-step manager" in page
    assert str(group) == "图书馆", "as the office called it"
    assert 'name="name"' not in root.get(f"{ROLES}{Role.objects.get(name=roles.HELP).pk}/change/").content.decode()


# --- What each sees --------------------------------------------------------------------------------------------------

READ = {"User", "Ban", "Failure", "KnownNetwork", "Sms", "Mail", "TrustedBrowser", "SecurityEvent", "AppPassword",
        "MailLogin", "ReminderMail", "Gateway", "Machine", "Alias", "Ownership"}  # fmt: skip
ROLLED_OUT = {"Rollout", "Exemption", "Roster"}
INDEX = {
    NO_ROLE: set(),
    roles.HELP: READ,
    roles.TWO_STEP: {"User", "MailLogin"} | ROLLED_OUT,
    roles.AUDITOR: READ | ROLLED_OUT | {"Role", "Application", "Sync"},
}
INDEX |= {roles.ADMINISTRATOR: INDEX[roles.AUDITOR], SUPERUSER: INDEX[roles.AUDITOR]}


@pytest.mark.parametrize("role", CLERKS)
def test_the_index_shows_what_a_role_can_use(make_user: MakeUser, role: str) -> None:
    page = clerk_with(make_user, role).get("/admin/")
    shown = {model["object_name"] for app in page.context["app_list"] for model in app["models"]}
    assert shown == INDEX[role]


@pytest.mark.parametrize("role", CLERKS)
def test_colleagues_are_for_superusers(make_user: MakeUser, role: str) -> None:
    """Whoever could change a colleague would have the colleague's rights."""
    clerk = clerk_with(make_user, role)
    colleague = make_user("colleague", phone="13600136001", is_staff=True)
    for page in (f"{colleague.pk}/change/", f"{colleague.pk}/desk/", f"{colleague.pk}/delete/"):
        assert (clerk.get(USERS + page).status_code == 200) is (role == SUPERUSER)
    assert (clerk.get(f"{USERS}{colleague.pk}/password/").status_code == 302) is (role == SUPERUSER)
    shown = "colleague@example.edu" in clerk.get(USERS).content.decode()
    assert shown is (role == SUPERUSER)
