"""App passwords are made and removed by whoever may: the rules behind the pages, and what else goes with them."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.mailsessions.models import Ending
from accounts.owners.models import Ownership
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.models import AppPassword, Machine, ProfileLink
from apppasswords.passwords import Refusal
from tests.conftest import MakeUser


@pytest.fixture
def owner(make_user: MakeUser) -> User:
    return make_user("wangwu")


@pytest.fixture
def other(make_user: MakeUser) -> User:
    return make_user("zhaoliu")


@pytest.fixture
def press(make_user: MakeUser) -> User:
    """A department mailbox."""
    return make_user("press", is_shared=True)


def made(whose: User | Ownership, name: str = "Foxmail", request: str | None = None) -> AppPassword:
    answer = passwords.make(whose, name, request=request)
    assert isinstance(answer, tuple), answer
    return answer[0]


def test_one_form_makes_one(owner: User, other: User) -> None:
    """Of two that come at once, neither has seen the other's before it makes its own."""
    made(owner, request="form")
    assert passwords.refusal(owner, "Outlook", "form") is Refusal.REPEATED
    assert passwords.refusal(owner, "Outlook", "another form") is None
    assert passwords.make(owner, "Foxmail", request="form") is Refusal.REPEATED
    assert made(other, request="form").user == other
    assert AppPassword.objects.filter(user=owner).count() == 1


def test_who_has_all_is_refused_before_and_while_it_is_made(owner: User, settings: Settings) -> None:
    settings.APP_PASSWORDS_PER_USER = 1
    made(owner)
    assert passwords.refusal(owner, "Outlook") is Refusal.TOO_MANY
    assert passwords.make(owner, "Outlook") is Refusal.TOO_MANY


def test_a_persons_and_those_for_department_mailboxes_are_two_lists(owner: User, other: User, press: User) -> None:
    mine, theirs = (Ownership.objects.create(mailbox=press, owner=user) for user in (owner, other))
    own, shared = made(owner), made(mine)
    made(other)
    made(theirs)
    assert [list(rows) for rows in passwords.both(owner)] == [[own], [shared]]
    assert set(passwords.of(owner)) == {own, shared}
    assert len(passwords.of(press)) == 2
    assert [list(rows) for rows in passwords.both(press)] == [list(passwords.of(press)), []]


def test_removed_is_what_was_there_and_its_programs_are_put_out(owner: User, other: User, settings: Settings) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:1"]
    row = made(owner)
    assert passwords.remove(other, row.pk) is False
    assert not Ending.objects.exists()
    assert passwords.remove(owner, row.pk) is True
    assert passwords.remove(owner, row.pk) is False
    ending = Ending.objects.get()
    assert (ending.why, list(ending.people)) == (Ending.Why.APP_PASSWORD, [owner.username])


@pytest.mark.parametrize("ends_mail", [True, False])
def test_all_go_with_the_codes_that_would_make_one(
    owner: User, other: User, settings: Settings, *, ends_mail: bool
) -> None:
    """Codes that have made one stay to be looked at, and so do those of others."""
    settings.DOVEADM_URLS = ["http://127.0.0.1:1"]
    soon = timezone.now() + timedelta(minutes=10)
    for number, (user, used_at) in enumerate([(owner, None), (owner, timezone.now()), (other, None)]):
        ProfileLink.objects.create(
            user=user, name="iPhone", digest=f"{number}", stamp="", expires_at=soon, used_at=used_at
        )
    made(owner)
    kept = made(other)
    assert passwords.remove_all(owner, ends_mail=ends_mail) == 1
    assert list(AppPassword.objects.all()) == [kept]
    assert set(ProfileLink.objects.values_list("digest", flat=True)) == {"1", "2"}
    assert Ending.objects.exists() is ends_mail


@pytest.mark.parametrize("but_machines", [True, False])
def test_a_printer_goes_on_where_that_is_asked_for(owner: User, *, but_machines: bool) -> None:
    printer = made(owner, "Printer")
    Machine.objects.create(password=printer)
    made(owner)
    assert passwords.remove_all(owner, but_machines=but_machines) == (1 if but_machines else 2)
    assert list(AppPassword.objects.all()) == ([printer] if but_machines else [])
