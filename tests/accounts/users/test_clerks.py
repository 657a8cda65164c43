"""Whom a clerk may see, and whom he may act upon: the same answer everywhere."""

import pytest
from pytest_django import Settings

from accounts.browsers.models import TrustedBrowser
from accounts.phones import helpcodes
from accounts.phones.models import Phone
from accounts.users import clerks
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.models import AppPassword
from portal.office import roles
from tests.conftest import MakeUser
from tests.kit.counter import WHY, path
from tests.kit.officers import SUPERUSER, clerk_with
from tests.kit.paperwork import USERS, act, edit_page
from tests.kit.people import NUMBER, OTHER_NUMBER, PASSWORD
from tests.kit.plans import in_days
from tests.kit.snapshots import changed, everything

APP_PASSWORDS = "/admin/apppasswords/apppassword/"


@pytest.fixture
def people(make_user: MakeUser) -> dict[str, User]:
    return {
        "person": make_user("person", phone=NUMBER),
        "colleague": make_user("colleague", phone=OTHER_NUMBER, is_staff=True),
        "root": make_user("root", phone="13600136001", is_superuser=True),
    }


@pytest.mark.parametrize(
    ("role", "sees"),
    [(roles.ADMINISTRATOR, {"person", "oneself"}), (SUPERUSER, {"person", "oneself", "colleague", "root"})],
)
def test_the_answers(make_user: MakeUser, people: dict[str, User], role: str, sees: set[str]) -> None:
    clerk = clerk_with(make_user, role)
    assert clerk.user
    everybody = people | {"oneself": clerk.user}
    touchable = set(clerks.touchable(clerk.user))
    assert set(clerks.visible(clerk.user)) == {everybody[name] for name in sees}
    assert touchable == {everybody[name] for name in sees - {"oneself"}}
    assert {user for user in everybody.values() if clerks.may_touch(clerk.user, user)} == touchable
    page = clerk.get(USERS).content.decode()
    for name, user in everybody.items():
        desk = clerk.get(f"{USERS}{user.pk}/desk/")
        assert (desk.status_code == 200) is (user.username in page) is (name in sees), name
        assert bool("may_help" in (desk.context or {}) and desk.context["may_help"]) is (user in touchable), name
        refusal = helpcodes.refused(user, clerk.user)
        assert (refusal is helpcodes.Refusal.COLLEAGUE) is (user not in touchable), name
        exempt = {"mailbox": user.username, "until": f"{in_days(5):%Y-%m-%d}", "reason": "abroad"}
        assert clerk.get(f"{USERS}{user.pk}/two-step/").status_code == (200 if user in touchable else 404), name
        clerk.post("/admin/rollouts/exemption/add/", exempt)
        user.refresh_from_db()
        assert (not user.two_step_is_on()) is (user in touchable), name


@pytest.mark.parametrize("role", [roles.ADMINISTRATOR, SUPERUSER])
def test_nobody_helps_himself_nor_from_the_lists(make_user: MakeUser, settings: Settings, role: str) -> None:
    settings.SMS_RESEND_AFTER *= 0
    clerk = clerk_with(make_user, role)
    assert clerk.user
    clerk.post("/sign-out/")
    clerk.sign_in(trust_browser="on")
    passwords.create(clerk.user, "Mail")
    before = everything()
    act(clerk, USERS, "unbind_phone", clerk.user.pk)
    act(clerk, USERS, "forget_browsers", clerk.user.pk)
    act(clerk, APP_PASSWORDS, "remove", AppPassword.objects.get().pk)
    form = {"usable_password": "true", "password1": "correct-horse-42", "password2": "correct-horse-42"}
    assert clerk.post(f"{USERS}{clerk.user.pk}/password/", form).status_code == 403
    assert clerk.post(path(clerk), {"act": "sessions", "seen": "now", **WHY}).status_code == 403
    assert clerk.post(f"{USERS}{clerk.user.pk}/delete/", {"post": "yes"}).status_code in (200, 403)
    assert not changed(before)
    assert User.objects.get(pk=clerk.user.pk).check_password(PASSWORD)
    assert TrustedBrowser.objects.get().user == Phone.objects.get(user=clerk.user).user == clerk.user
    assert clerk.is_in()


def test_a_clerk_reads_his_own_account_and_edits_nothing(make_user: MakeUser) -> None:
    clerk = clerk_with(make_user, roles.ADMINISTRATOR)
    page = clerk.get(edit_page(clerk))
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert 'name="act"' not in clerk.get(path(clerk)).content.decode()
    before = everything()
    assert clerk.post(edit_page(clerk), {"name": "x", "language": "en", "is_active": "on"}).status_code == 403
    assert not changed(before)


def test_app_passwords_of_colleagues_are_an_administrators_business(
    make_user: MakeUser, people: dict[str, User]
) -> None:
    passwords.create(people["colleague"], "Mail")
    desk, root = clerk_with(make_user, roles.HELP), clerk_with(make_user, SUPERUSER)
    act(desk, APP_PASSWORDS, "remove", AppPassword.objects.get().pk)
    assert AppPassword.objects.exists()
    act(root, APP_PASSWORDS, "remove", AppPassword.objects.get().pk)
    assert not AppPassword.objects.exists()
