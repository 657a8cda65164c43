"""It worked: a new app password waits until its mail program is in, and says so."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.users.models import User
from apppasswords import passwords
from apppasswords.maillogin import decision
from apppasswords.maillogin.afterwards import Notebook
from apppasswords.maillogin.decision import Login, Verdict
from apppasswords.models import AppPassword, FirstUse
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, OTHER_NUMBER, PASSWORD, Person

NAME, HOME = "wangwu@example.edu", "198.51.100.7"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def owner(make_user: MakeUser) -> Person:
    person = Person(make_user("wangwu", name="王五", phone=NUMBER), HTTP_ACCEPT_LANGUAGE="en")
    person.arrive()
    return person


@pytest.fixture
def notebook() -> Notebook:
    """Of a mail login service."""
    return Notebook()


def user_of(person: Person) -> User:
    assert person.user
    return person.user


def make(person: Person, name: str = "Foxmail") -> tuple[AppPassword, str]:
    made = passwords.create(user_of(person), name)
    assert isinstance(made, tuple)
    return made


def log_in(
    notebook: Notebook, password: str, *, user: str = NAME, protocol: str = "imap", address: str = HOME
) -> Verdict:
    verdict = decision.verify(Login(user, password, protocol, address))
    notebook.note(verdict)
    write(notebook)
    return verdict


def write(notebook: Notebook) -> None:
    notebook.write()
    while notebook.has_mistakes():
        notebook.write_mistakes()


def shown(person: Person, row: AppPassword, **headers: str) -> str:
    response = person.get(f"/app-passwords/{row.pk}/", headers=headers)
    assert response.status_code == 200
    return re.sub(r"\s+", " ", response.content.decode())


def again(person: Person, page: str) -> int:
    """What a page that shows this is answered when it asks again by itself."""
    address = re.search(r'hx-get="([^"]+)"', page)
    assert address, "it does not ask"
    return int(person.get(address[1].replace("&amp;", "&"), headers=HTMX).status_code)


# --- It worked -------------------------------------------------------------------------------------------------------


def test_it_waits_and_then_says_which_when_and_how(
    owner: Person, notebook: Notebook, clock: time_machine.Traveller
) -> None:
    owner.arrive()
    row, secret = make(owner)
    page = shown(owner, row)
    assert "Waiting for Foxmail to sign in" in page
    assert again(owner, page) == 204, "nothing new, nothing said"
    clock.shift(timedelta(minutes=1))
    log_in(notebook, secret)
    assert again(owner, page) == 200
    page = shown(owner, row, **HTMX)
    assert "Foxmail is connected, IMAP, 12:01" in page
    assert "<html" not in page
    assert "hx-get" not in page, "it need not ask any more"
    assert "Receiving works. Send yourself a mail" in page
    log_in(notebook, secret, protocol="smtp")
    assert "Receiving and sending work." in shown(owner, row)
    day = timezone.localdate()
    clock.shift(timedelta(days=1))
    owner.arrive()
    assert f"Foxmail is connected, IMAP, {day} 12:01" in shown(owner, row), "not today"


def test_a_program_that_only_sends_is_not_said_to_receive(owner: Person, notebook: Notebook) -> None:
    row, secret = make(owner)
    log_in(notebook, secret, protocol="smtp")
    page = shown(owner, row)
    assert "Foxmail is connected, SMTP" in page
    assert "Sending works. Let the program fetch mail" in page
    assert "Receiving and sending work." not in page


def test_in_chinese(owner: Person, notebook: Notebook, clock: time_machine.Traveller) -> None:
    owner.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-hans"
    owner.arrive()
    row, secret = make(owner)
    log_in(notebook, secret)
    assert "Foxmail 已连接，IMAP，12:00" in shown(owner, row)


def test_the_page_with_the_secret_waits_too(owner: Person) -> None:
    response = owner.post("/app-passwords/", {"name": "Foxmail"})
    page = response.content.decode()
    row = AppPassword.objects.get()
    assert response.context["secret"] in page.replace(" ", "")
    assert f'hx-get="/app-passwords/{row.pk}/?version=' in page
    assert re.search(rf'href="/app-passwords/{row.pk}/" target="_blank"', page), "without a script too"
    assert response.context["secret"] not in shown(owner, row)


def test_the_first_use_by_each_protocol_stays(owner: Person, notebook: Notebook) -> None:
    _row, secret = make(owner)
    for address in ("192.0.2.1", "192.0.2.2"):
        for protocol in ("imap", "smtp"):
            log_in(notebook, secret, protocol=protocol, address=address)
            log_in(Notebook(), secret, protocol=protocol, address=address)
    assert list(FirstUse.objects.values_list("protocol", "address").order_by("protocol")) == [
        ("imap", "192.0.2.1"),
        ("smtp", "192.0.2.1"),
    ]


def test_a_removed_password_leaves_nothing_to_note(owner: Person, notebook: Notebook) -> None:
    row, secret = make(owner)
    notebook.note(decision.verify(Login(NAME, secret, "imap", HOME)))
    passwords.remove_all(user_of(owner))
    notebook.write()
    assert not FirstUse.objects.exists()
    assert owner.get(f"/app-passwords/{row.pk}/").status_code == 404


def test_what_is_known_costs_nothing(
    owner: Person, notebook: Notebook, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    _row, secret = make(owner)
    log_in(notebook, secret)
    verdict = decision.verify(Login(NAME, secret, "imap", HOME))
    with django_assert_num_queries(3):  # the count of logins, in its transaction
        notebook.note(verdict)
        notebook.write()


# --- Whose it is -----------------------------------------------------------------------------------------------------


def test_only_the_owner_sees_it(owner: Person, make_user: MakeUser) -> None:
    row, _ = make(owner)
    other = Person(make_user("zhaoliu", phone=OTHER_NUMBER))
    assert other.get(f"/app-passwords/{row.pk}/").status_code == 302
    other.arrive()
    assert other.get(f"/app-passwords/{row.pk}/").status_code == 404
    fragment = other.get(f"/app-passwords/{row.pk}/", headers=HTMX).content
    assert fragment == other.get("/app-passwords/999999/", headers=HTMX).content
    assert b"Foxmail" not in fragment


def test_anothers_mistakes_are_not_shown(owner: Person, notebook: Notebook, make_user: MakeUser) -> None:
    make_user("zhaoliu", phone=OTHER_NUMBER)
    row, _ = make(owner)
    log_in(notebook, PASSWORD, user="zhaoliu@example.edu")
    log_in(notebook, PASSWORD, user="nobody@example.edu")
    log_in(notebook, PASSWORD, user="zhaoliu")
    row.refresh_from_db()
    assert row.mistake == ""


def test_a_page_hears_that_its_password_was_removed(owner: Person) -> None:
    """Instead of an error, after which it would ask again without end. Others' look the same."""
    row, _ = make(owner)
    page = shown(owner, row)
    passwords.remove_all(user_of(owner))
    assert again(owner, page) == 200
    told = shown(owner, row, **HTMX)
    assert "This app password was removed" in told
    assert "hx-get" not in told
    assert owner.get(f"/app-passwords/{row.pk}/").status_code == 404


def test_a_page_stops_asking(owner: Person, clock: time_machine.Traveller) -> None:
    owner.arrive()
    row, _ = make(owner)
    clock.shift(timedelta(minutes=16))
    page = shown(owner, row)
    assert "hx-get" not in page
    assert "It has not signed in so far." in page
    assert "Look again" in page
