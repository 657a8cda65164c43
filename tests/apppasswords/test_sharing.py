"""Department mailboxes: several people use one, each with a second step and app passwords of his own."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import TestCase
from pytest_django import Settings

from accounts.log.models import SecurityEvent
from accounts.mailsessions.models import Ending
from accounts.owners import owners
from accounts.owners.models import Ownership
from accounts.signin import signin
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.maillogin import decision
from apppasswords.maillogin.decision import Login, Outcome
from apppasswords.models import AppPassword
from portal.office import roles
from tests.conftest import MakeUser
from tests.kit.officers import clerk_with
from tests.kit.paperwork import edit
from tests.kit.people import NUMBER, PASSWORD, Person

ADD = "/admin/owners/ownership/add/"
MAILBOX = "press@example.edu"
HERE = "198.51.100.7"


@pytest.fixture
def clerk(make_user: MakeUser) -> Person:
    return clerk_with(make_user, roles.ADMINISTRATOR)


@pytest.fixture
def wang(make_user: MakeUser) -> Person:
    return _arrived(make_user("wangwu", phone=NUMBER, language="en"))


@pytest.fixture
def zhao(make_user: MakeUser) -> Person:
    return _arrived(make_user("zhaoliu", phone="13900139000", language="en"))


def _arrived(user: User) -> Person:
    person = Person(user, HTTP_ACCEPT_LANGUAGE="en")
    person.arrive()
    User.objects.filter(pk=user.pk).update(language="en")  # of notices; otherwise that of the last request
    return person


def give(clerk: Person, *people: Person, **changed: str) -> Any:
    names = "\n".join(person.user.username for person in people if person.user)
    return clerk.post(ADD, {"mailbox": "press", "name": "宣传部", "owners": names} | changed)


def made_by(person: Person, name: str = "Foxmail") -> str:
    """The secret of an app password for the department, as the page shows it."""
    row = owners.of(user(person)).get()
    page = person.post("/app-passwords/", {"name": name, "mailbox": str(row.pk)}).content.decode()
    found = re.search(r'class="secret">((?:[a-z2-9]{4} ){3}[a-z2-9]{4})<', page)
    assert found, page
    assert MAILBOX in page, "what to enter as the user name"
    return found[1]


def user(person: Person) -> User:
    assert person.user
    return User.objects.get(pk=person.user.pk)


def opens(secret: str, protocol: str = "imap") -> bool:
    return decision.verify(Login(MAILBOX, secret, protocol, HERE)).outcome is Outcome.YES


def told(what: Callable[[], Any]) -> list[tuple[str, str]]:
    """Who was written to meanwhile, and about what."""
    mail.outbox.clear()
    with TestCase.captureOnCommitCallbacks(execute=True):
        what()
    return sorted((message.to[0], str(message.subject)) for message in mail.outbox)


def test_each_makes_his_own_and_sees_no_other(clerk: Person, wang: Person, zhao: Person) -> None:
    assert told(lambda: give(clerk, wang, zhao)) == [
        (MAILBOX, "这个邮箱已改为公务邮箱"),
        ("wangwu@example.edu", "You use a department mailbox from now on"),
        ("zhaoliu@example.edu", "You use a department mailbox from now on"),
    ]
    first, second = made_by(wang, "Foxmail"), made_by(zhao, "Outlook")
    assert opens(first)
    assert opens(second)
    page = wang.get("/app-passwords/").content.decode()
    assert "Foxmail" in page
    assert f"For {MAILBOX}" in page
    assert "Outlook" not in page
    foreign = AppPassword.objects.get(name="Outlook")
    assert wang.post("/app-passwords/", {"remove": foreign.pk}).status_code == 302, "as if it were gone"
    assert wang.get(f"/app-passwords/{foreign.pk}/").status_code == 404
    theirs = owners.of(user(zhao)).get()
    Ownership.objects.filter(owner=user(wang)).delete()
    wang.post("/app-passwords/", {"name": "Mine", "mailbox": str(theirs.pk)})
    assert not AppPassword.objects.filter(name="Mine").exists(), "somebody else's right"
    assert opens(second)


def test_the_log_and_notices_name_both(clerk: Person, wang: Person) -> None:
    give(clerk, wang)
    assert told(lambda: made_by(wang)) == [("wangwu@example.edu", "A new app password for your mailbox")]
    assert f"Foxmail · {MAILBOX}" in str(mail.outbox[0].body)
    wang.post("/app-passwords/", {"remove": AppPassword.objects.get().pk})
    found = SecurityEvent.objects.filter(user=user(wang), kind__startswith="app_password").order_by("pk")
    assert [event.detail for event in found] == [
        {"name": f"Foxmail · {MAILBOX}"}, {"names": [f"Foxmail · {MAILBOX}"]},
    ]  # fmt: skip


@pytest.mark.parametrize("two_step", [True, False])
def test_no_mailbox_password_opens_it(clerk: Person, wang: Person, make_user: MakeUser, two_step: bool) -> None:
    """Not even one that a directory still takes for right."""
    give(clerk, wang)
    press = User.objects.get(username=MAILBOX)
    press.set_password(PASSWORD)
    press.two_step_from = press.two_step_from if two_step else None
    press.save()
    for protocol in decision.PROTOCOLS:
        assert not opens(PASSWORD, protocol), protocol
    assert Person(press).enter_password().status_code == 200
    assert signin.vouched(MAILBOX, HERE, "").step is signin.Step.REFUSED, "nor a source elsewhere"


def test_who_takes_a_mailbox_away_reads_that_the_mailbox_stays(clerk: Person, wang: Person) -> None:
    give(clerk, wang)
    row = Ownership.objects.get(owner=user(wang))
    passwords.create(row, "Foxmail", request="r")
    path, chosen = "/admin/owners/ownership/", {"action": "delete_selected", "_selected_action": [row.pk]}
    for page in (clerk.get(f"{path}{row.pk}/delete/"), clerk.post(path, chosen)):
        text = page.content.decode()
        assert "The mailbox stays, with its mails" in text
        assert "wangwu@example.edu" in text
        assert "delete the department mailbox" not in text
    said = clerk.post(path, chosen | {"post": "yes"}, follow=True).content.decode()
    assert "1 person uses it no longer" in said


def test_the_desk_offers_no_way_in_to_a_mailbox_that_nobody_signs_in_to(clerk: Person, wang: Person) -> None:
    give(clerk, wang)
    press = User.objects.get(username=MAILBOX)
    passwords.create(Ownership.objects.get(), "Foxmail", request="r")
    desk = clerk.get(f"/admin/accounts/user/{press.pk}/desk/").content.decode()
    assert "wangwu@example.edu" in desk, "who uses it, and who made its app password"
    assert "Nobody signs in as this mailbox" in desk
    assert "the next sign-in" not in desk
    for act in ("password", "sessions", "codes"):
        assert f'value="{act}"' not in desk
    assert "two-step/" not in desk
    theirs = clerk.get(f"/admin/accounts/user/{user(wang).pk}/desk/").content.decode()
    assert MAILBOX in theirs.partition('id="app-passwords"')[2].partition("</section>")[0], "which mailbox it opens"


def _taken_by_the_office(clerk: Person, who: Person) -> None:
    row = Ownership.objects.get(owner=user(who))
    clerk.post(f"/admin/owners/ownership/{row.pk}/delete/", {"post": "yes"})
    assert not AppPassword.objects.filter(ownership=row.pk).exists()


def _taken_in_the_list(clerk: Person, who: Person) -> None:
    row = Ownership.objects.get(owner=user(who))
    clerk.post("/admin/owners/ownership/", {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})


def _disabled(clerk: Person, who: Person) -> None:
    assert edit(clerk, who, is_active=None).status_code == 302


def _deleted(clerk: Person, who: Person) -> None:
    clerk.post(f"/admin/accounts/user/{user(who).pk}/delete/", {"post": "yes"})
    assert not AppPassword.objects.filter(name="leaves").exists()


@pytest.mark.parametrize("way", [_taken_by_the_office, _taken_in_the_list, _disabled, _deleted])
def test_who_leaves_is_out_at_once(
    clerk: Person, wang: Person, zhao: Person, settings: Settings, way: Callable[[Person, Person], None]
) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:1"]
    give(clerk, wang, zhao)
    leaves, stays = made_by(wang, "leaves"), made_by(zhao, "stays")
    Ending.objects.all().delete()
    way(clerk, wang)
    assert not opens(leaves)
    assert opens(stays)
    assert any(MAILBOX in row.people for row in Ending.objects.all()), "what is connected ends"
    assert User.objects.filter(username=MAILBOX, is_active=True).exists()


def test_disabled_for_a_while(clerk: Person, wang: Person) -> None:
    give(clerk, wang)
    secret = made_by(wang)
    for is_active in (False, True):
        User.objects.filter(pk=user(wang).pk).update(is_active=is_active)
        assert opens(secret) is is_active


def test_all_of_them_go_with_everything_else(clerk: Person, wang: Person, zhao: Person) -> None:
    """Of a person whose account is stolen, or who removes all; the colleague keeps his."""
    give(clerk, wang, zhao)
    passwords.create(user(wang), "phone")
    secret, stays = made_by(wang), made_by(zhao)
    assert f"Foxmail · {MAILBOX}" in wang.get("/app-passwords/remove-all/").content.decode()
    wang.post("/app-passwords/remove-all/")
    assert not passwords.of(user(wang)).exists()
    assert not opens(secret)
    assert opens(stays)


def test_what_others_made_takes_no_room(clerk: Person, wang: Person, zhao: Person, settings: Settings) -> None:
    settings.APP_PASSWORDS_PER_USER = 2
    give(clerk, wang, zhao)
    made_by(wang)
    passwords.create(user(wang), "phone")
    assert passwords.create(owners.of(user(wang)).get(), "third") is passwords.Refusal.TOO_MANY
    made_by(zhao)
    made_by(zhao)


def test_given_twice_is_given_once(clerk: Person, wang: Person, zhao: Person) -> None:
    give(clerk, wang)
    assert told(lambda: give(clerk, wang, zhao)) == [
        ("zhaoliu@example.edu", "You use a department mailbox from now on")
    ]
    assert Ownership.objects.count() == 2


# --- A mailbox that was somebody's ------------------------------------------------------------------------------------


def test_it_becomes_one_and_opens_to_nobody_who_knew_it(clerk: Person, wang: Person, make_user: MakeUser) -> None:
    before = _arrived(make_user("press", phone="13600136000", language="en"))
    assert before.user
    known = passwords.create(before.user, "old program")
    assert isinstance(known, tuple)
    page = give(clerk, wang).content.decode()
    assert "a person’s mailbox so far" in page
    assert before.is_in(), "nothing was done"
    assert give(clerk, wang, converts="on").status_code == 302
    assert not before.is_in()
    assert not opens(known[1])
    assert not opens(PASSWORD)
    assert passwords.make(before.user, "late") is passwords.Refusal.NOT_THEIRS, "a form of before"
    assert opens(made_by(wang))
    assert SecurityEvent.objects.get(kind="shared").actor == clerk.user


@pytest.mark.parametrize(
    "changed",
    [
        {"owners": ""}, {"owners": "nobody"}, {"owners": "boss"}, {"owners": "gone"}, {"owners": "administrator"},
        {"owners": "wangwu\nother-office"}, {"owners": "press", "converts": "on"}, {"mailbox": "x@elsewhere.example"},
        {"mailbox": "not an address"}, {"mailbox": "boss", "converts": "on"}, {"mailbox": "wangwu", "converts": "on"},
        {"mailbox": "administrator", "converts": "on"}, {"mailbox": "wangwu"},
    ],
)  # fmt: skip
def test_what_is_not_given(clerk: Person, wang: Person, make_user: MakeUser, changed: dict[str, str]) -> None:
    make_user("boss", is_staff=True)
    make_user("gone", is_active=False)
    make_user("other-office", is_shared=True)
    make_user("press", is_shared=True)
    page = give(clerk, wang, **changed)
    assert page.status_code == 200
    assert 'class="errorlist"' in page.content.decode()
    assert not Ownership.objects.exists()
    assert not User.objects.get(username="wangwu@example.edu").is_shared
