"""Nobody locks out himself or the last administrator."""

from collections import Counter
from typing import Any

import pytest

from accounts.log.models import SecurityEvent
from accounts.rollouts import exemptions
from accounts.users import administrators
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.crowd import Crowd
from tests.kit.newcomers import Newcomer
from tests.kit.paperwork import form_of
from tests.kit.people import Person
from tests.kit.plans import in_days

USERS = "/admin/accounts/user/"


@pytest.fixture
def root(make_user: MakeUser) -> Person:
    person = Person(make_user("root", phone="13700137001", is_staff=True, is_superuser=True))
    person.sign_in()
    return person


@pytest.fixture
def other(make_user: MakeUser) -> User:
    return make_user("other", phone="13700137002", is_staff=True, is_superuser=True)


def form(user: User, **changes: str) -> dict[str, str]:
    data = {"username": user.username, "language": "en", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    return {name: value for name, value in (data | changes).items() if value}


def edit(clerk: Person, user: User, **changes: str) -> User:
    page = f"{USERS}{user.pk}/change/"
    clerk.post(page, {**form(user, **changes), "version": form_of(clerk, page)["version"]})
    return User.objects.get(pk=user.pk)


@pytest.mark.parametrize("right", ["is_active", "is_staff", "is_superuser"])
def test_nobody_takes_his_own_access_away(root: Person, other: User, right: str) -> None:
    assert root.user
    assert getattr(edit(root, root.user, **{right: ""}), right)
    assert not SecurityEvent.objects.filter(kind="account_edited").exists()
    page = root.get(f"{USERS}{root.user.pk}/change/").content.decode()
    assert str(administrators.Yourself.reason) in page


@pytest.mark.parametrize("right", ["is_active", "is_staff", "is_superuser"])
def test_another_administrator_may(root: Person, other: User, right: str) -> None:
    assert not getattr(edit(root, other, **{right: ""}), right)


@pytest.mark.parametrize("right", ["is_active", "is_staff", "is_superuser"])
def test_the_last_one_stays_whoever_asks(other: User, right: str) -> None:
    with pytest.raises(administrators.NoneLeft), administrators.kept():
        User.objects.filter(pk=other.pk).update(**{right: False})
    assert getattr(User.objects.get(pk=other.pk), right)


def test_the_last_one_is_not_deleted(root: Person, other: User) -> None:
    assert root.user
    for pk in (root.user.pk, other.pk):
        root.post(f"{USERS}{pk}/delete/", {"post": "yes"})
    assert list(User.objects.values_list("pk", flat=True)) == [root.user.pk]
    root.post(USERS, {"action": "delete_selected", "_selected_action": [root.user.pk], "post": "yes"})
    assert User.objects.filter(pk=root.user.pk).exists()


def test_an_administrator_without_two_step_is_not_left_alone(root: Person, other: User) -> None:
    assert root.user
    exemptions.make(other, in_days(3), "abroad", actor=root.user)
    with pytest.raises(administrators.NoneLeftWithTwoStep):
        exemptions.make(root.user, in_days(3), "abroad", actor=other)
    with pytest.raises(administrators.NoneLeftWithTwoStep):
        exemptions.switch_off(root.user, "abroad", actor=other)
    assert User.objects.get(pk=root.user.pk).two_step_is_on()


def test_where_there_is_none_nothing_is_in_the_way(make_user: MakeUser) -> None:
    lisi = make_user("lisi")
    with administrators.kept():
        User.objects.filter(pk=lisi.pk).update(is_active=False)
    assert not User.objects.get(pk=lisi.pk).is_active


# --- At once ---------------------------------------------------------------------------------------------------------


def two_administrators() -> list[User]:
    """And no other in this database."""
    User.objects.filter(is_superuser=True).update(is_superuser=False, is_staff=False)
    pair = [Newcomer().user for _ in range(2)]
    User.objects.filter(pk__in=[user.pk for user in pair]).update(is_superuser=True, is_staff=True)
    return pair


def at_once(crowd: Crowd, deed: str, **more: Any) -> tuple[Counter[str], list[User]]:
    one, two = two_administrators()
    calls = [{"actor": one.pk, "user": two.pk, **more}, {"actor": two.pk, "user": one.pk, **more}] * 6
    return Counter(crowd.rush(deed, calls)), [User.objects.get(pk=user.pk) for user in (one, two)]


@pytest.mark.slow
@pytest.mark.bypass("row 1: two requests that each look before the other has written")
@pytest.mark.parametrize("right", ["is_active", "is_staff", "is_superuser"])
def test_two_who_disable_each_other_at_once(crowd: Crowd, right: str) -> None:
    for _ in range(5):
        told, pair = at_once(crowd, "take_right", right=right)
        assert sum(getattr(user, right) for user in pair) == 1
        assert set(told) == {"DONE", "NoneLeft"}


@pytest.mark.slow
def test_two_who_except_each_other_at_once(crowd: Crowd) -> None:
    for _ in range(5):
        told, pair = at_once(crowd, "exempt")
        assert sum(user.two_step_is_on() for user in pair) == 1
        assert set(told) == {"DONE", "NoneLeftWithTwoStep"}
