"""Somebody at every stage of being let in, each in a browser of their own."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from accounts.users.models import User
from tests.kit.apps import AT_SIGN_IN, add_app
from tests.kit.people import Person

MakeUser = Callable[..., User]


def _switch_two_step_on(person: Person) -> None:
    assert person.user
    User.objects.filter(pk=person.user.pk).update(two_step_from=timezone.now() - timedelta(minutes=1))


def nobody(make_user: MakeUser) -> Person:
    return Person()


def halfway(make_user: MakeUser) -> Person:
    """The password was right; the code is still to come."""
    person = Person(make_user("halfway", phone="13600136001"))
    person.enter_password()
    return person


def halfway_without_phone(make_user: MakeUser) -> Person:
    person = Person(make_user("nophone"))
    person.enter_password()
    return person


def halfway_by_app(make_user: MakeUser) -> Person:
    """Who has an app and recovery codes, and no phone."""
    person = Person(make_user("app"))
    person.enter_password()
    add_app(person, page=AT_SIGN_IN)
    person.post("/security/factors/recovery/")
    person.post("/sign-out/")
    person.enter_password()
    return person


def overtaken(make_user: MakeUser) -> Person:
    """In with the password alone; then two-step was switched on."""
    person = Person(make_user("overtaken", two_step=False, phone="13600136002"))
    person.arrive()
    _switch_two_step_on(person)
    return person


def overtaken_without_phone(make_user: MakeUser) -> Person:
    person = Person(make_user("overtaken2", two_step=False))
    person.arrive()
    _switch_two_step_on(person)
    return person


def two_step_off(make_user: MakeUser) -> Person:
    person = Person(make_user("off", two_step=False))
    person.arrive()
    return person


def signed_in(make_user: MakeUser) -> Person:
    """By password and code."""
    person = Person(make_user("in", phone="13600136003"))
    person.arrive()
    return person


def by_trusted_browser(make_user: MakeUser, **fields: bool) -> Person:
    person = Person(make_user("browser", phone="13600136004", **fields))
    person.sign_in(trust_browser="on")
    person.post("/sign-out/")
    assert person.enter_password().headers["Location"] == "/"
    return person


def clerk_by_trusted_browser(make_user: MakeUser) -> Person:
    """The IT office, with all rights, and no code in this session."""
    return by_trusted_browser(make_user, is_staff=True, is_superuser=True)


def clerk(make_user: MakeUser) -> Person:
    """The IT office, by password and code."""
    person = Person(make_user("desk", phone="13600136005", is_staff=True, is_superuser=True))
    person.arrive()
    return person
