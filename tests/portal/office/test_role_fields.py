"""Which role edits which field of a person."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import RequestFactory

from accounts.log.models import SecurityEvent
from accounts.users import fields
from accounts.users.models import User
from portal.office import roles
from portal.office.models import Role
from tests.conftest import MakeUser
from tests.kit.officers import CLERKS, SUPERUSER, clerk_with
from tests.kit.paperwork import form_of
from tests.portal.office.test_roles import names

USERS, ROLES = "/admin/accounts/user/", "/admin/office/role/"


EVERY = (roles.TWO_STEP, roles.ADMINISTRATOR, SUPERUSER)
# A field, what is entered, and who may enter it. Others may not edit people at all.
FIELDS: list[tuple[str, Any, tuple[str, ...]]] = [
    ("name", "新名字", EVERY),
    ("department", "图书馆", EVERY),
    ("language", "en", EVERY),
    ("two_step_from", True, ()),  # by its own page, and by roll-outs
    ("must_change_password", True, (roles.ADMINISTRATOR, SUPERUSER)),
    ("is_active", False, (roles.ADMINISTRATOR, SUPERUSER)),
    ("last_day", "2036-09-01", (roles.ADMINISTRATOR, SUPERUSER)),
    ("is_staff", True, (SUPERUSER,)),
    ("is_superuser", True, (SUPERUSER,)),
    ("groups", True, (SUPERUSER,)),
    ("username", "other@example.edu", ()),
    ("password", "another-horse-42", ()),
    ("wrong_codes", "0", ()),
    ("sessions_ended", "7", ()),
    ("user_permissions", True, ()),
]


def state(pk: int) -> dict[str, Any]:
    person = User.objects.get(pk=pk)
    values = {field.name: getattr(person, field.attname) for field in User._meta.concrete_fields}
    values["groups"] = [group.name for group in person.groups.all()]
    values["user_permissions"] = [permission.codename for permission in person.user_permissions.all()]
    # Disabling someone ends the sessions, which is no edit.
    return values | ({"sessions_ended": 0} if not person.is_active else {})


@pytest.mark.share(3)
@pytest.mark.parametrize(("field", "value", "who"), FIELDS, ids=lambda given: given if isinstance(given, str) else "")
def test_who_edits_which_field(make_user: MakeUser, field: str, value: Any, who: tuple[str, ...]) -> None:
    for role in CLERKS:
        clerk = clerk_with(make_user, role)
        person = make_user(f"person-of-{role.replace(' ', '-')}", two_step=False, wrong_codes=3)
        page = f"{USERS}{person.pk}/change/"
        data: dict[str, Any] = form_of(clerk, page) | {"language": "zh-hans", "is_active": "on"}
        data |= {field: value} if value else {}
        if field == "is_active":
            del data["is_active"]
        elif field == "two_step_from":
            data |= {"two_step_from_0": "2030-01-01", "two_step_from_1": "00:00"}
        elif field == "groups":
            data["groups"] = [Role.objects.get(name=roles.HELP).pk]
        elif field == "user_permissions":
            data["user_permissions"] = [Permission.objects.get(codename="lift_ban").pk]
        before = state(person.pk)
        clerk.post(page, data)
        after = state(person.pk)
        changed = {name for name in before if before[name] != after[name]} - {"sessions_ended"}
        assert changed == ({field} if role in who else set()), role


def test_every_field_of_a_person_is_decided_about(db: None) -> None:
    """The form of a superuser has no field but those."""
    page = admin.site._registry[User]
    request = RequestFactory().get("/")
    request.user = User(is_superuser=True, is_active=True)
    form: Any = page.get_form(request, User(pk=1), change=True)
    assert set(form.base_fields) - {field for field, _value, _who in FIELDS} == {"version"}, "what the clerk was shown"
    rights = {field.name for field in User._meta.get_fields() if field.name in ("groups", "is_staff", "is_superuser")}
    assert {field for field, right in fields.FIELDS.items() if right is None} == rights


@pytest.mark.parametrize("role", [roles.TWO_STEP, roles.ADMINISTRATOR])
def test_nobody_lifts_himself(make_user: MakeUser, role: str) -> None:
    """Not by the page of a person, not by that of a role, not with the permission that Django asks for."""
    clerk = clerk_with(make_user, role)
    assert clerk.user
    clerk.user.user_permissions.add(*Permission.objects.filter(codename__endswith="_role"))
    clerk.user.user_permissions.add(*Permission.objects.filter(codename__endswith="_group"))
    own = Role.objects.get(name=role)
    before = names(role)
    everything = [permission.pk for permission in Permission.objects.all()]
    assert clerk.post(f"{ROLES}{own.pk}/change/", {"name": role, "permissions": everything}).status_code == 403
    assert clerk.post(f"{ROLES}add/", {"name": "x", "permissions": everything}).status_code == 403
    assert clerk.post(f"{ROLES}{own.pk}/delete/", {"post": "yes"}).status_code == 403
    clerk.post(f"{USERS}{clerk.user.pk}/change/", {"language": "en", "is_active": "on", "is_superuser": "on"})
    clerk.post(f"{USERS}add/", {"username": "me@example.edu", "is_superuser": "on", "is_staff": "on"})
    assert names(role) == before
    assert not User.objects.filter(is_superuser=True).exists()
    assert User.objects.filter(is_staff=True).count() == 1


def test_giving_and_editing_a_role_is_logged(make_user: MakeUser) -> None:
    root = clerk_with(make_user, SUPERUSER)
    person = make_user("lisi", two_step=False)
    desk = Role.objects.get(name=roles.HELP)
    page = f"{USERS}{person.pk}/change/"
    data: dict[str, Any] = form_of(root, page) | {"language": "zh-hans", "is_staff": "on", "groups": [desk.pk]}
    root.post(page, data)
    given = SecurityEvent.objects.get(kind="account_edited")
    assert (given.user, given.actor) == (person, root.user)
    assert given.detail == {"groups": "help desk", "is_staff": "True"}
    kept = Permission.objects.filter(codename__in=["view_user", "see_numbers"])
    root.post(f"{ROLES}{desk.pk}/change/", {"permissions": [permission.pk for permission in kept]})
    edited = SecurityEvent.objects.get(kind="role_edited")
    assert (edited.actor, edited.detail["role"], edited.detail["given"]) == (
        root.user, "help desk", ["accounts.see_numbers"],
    )  # fmt: skip
    assert "bans.lift_ban" in edited.detail["taken"]
