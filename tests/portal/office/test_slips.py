"""Starting passwords on slips, for people who have never been in."""

import re
from html import unescape

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery.models import Mail
from accounts.log import events
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.security import newcomers
from accounts.users.models import User
from portal.office import roles
from tests.conftest import MakeUser
from tests.kit.counter import WHY
from tests.kit.officers import clerk_with
from tests.kit.people import PASSWORD, Person
from tests.kit.snapshots import everything
from tests.kit.tabs import forms

PAGE = "/admin/accounts/user/slips/"
ARTS = {"department": "文学院"}
SECRET = re.compile(r'class="secret">([a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4})<')


@pytest.fixture
def helper(make_user: MakeUser) -> Person:

    return clerk_with(make_user, roles.HELP)


def newcomer(name: str, department: str = "文学院", **about: object) -> User:
    return User.objects.create_user(f"{name}@example.edu", None, name=name, department=department, **about)


def shown(clerk: Person, **query: str) -> tuple[str, list[str]]:
    """The page, and the slips that its form asks for."""
    page = unescape(clerk.get(PAGE, {**ARTS, **query}).content.decode())
    return page, re.findall(r'name="slip" value="([^"]+)"', page)


def make(clerk: Person, slips: list[str], query: str = "department=文学院") -> tuple[str, list[str]]:
    page = clerk.post(f"{PAGE}?{query}", {"slip": slips, **WHY}, follow=True).content.decode()
    return unescape(page), SECRET.findall(page)


def test_a_department_gets_its_slips(helper: Person, settings: Settings) -> None:
    people = [newcomer(f"n{n}", two_step_from=timezone.now()) for n in range(3)]
    stranger = newcomer("other", "理学院")
    page, slips = shown(helper)
    assert len(slips) == 3
    assert "other@example.edu" not in page
    sheet, secrets = make(helper, slips)
    assert len(set(secrets)) == 3
    for user, secret in zip(people, secrets, strict=True):
        user.refresh_from_db()
        assert user.check_password(secret)
        assert user.must_change_password
        slip = sheet[sheet.index(f"<p>{user.username}") :]
        assert slip.index(secret) < slip.index(settings.PUBLIC_URL)
        event = SecurityEvent.objects.get(user=user, kind=events.Kind.PASSWORD_CHANGED)
        assert event.actor == helper.user
        assert "window 3" in event.detail["reason"]
        assert Mail.objects.filter(user=user, event=event).exists()
        assert secret not in str(everything()), "nothing of it is kept"
    stranger.refresh_from_db()
    assert not stranger.has_usable_password()
    owner = Person(people[0])
    owner.enter_password(secrets[0])
    assert owner.get("/").headers["Location"] == "/sign-in/phone/", "first a phone, then a password of one's own"
    assert shown(helper)[1] == [], "who has a slip waits for none"


def test_the_answer_is_kept_by_nobody_and_given_to_its_twin(helper: Person) -> None:
    newcomer("n1")
    newcomer("n2")
    form = next(form for form in forms(PAGE, helper.get(PAGE, ARTS).content.decode()) if "why" in form.content)
    slips = re.findall(r'name="slip" value="([^"]+)"', form.content)
    sent = {**form.hidden, "slip": slips, **WHY}
    first, twin = (helper.post(f"{PAGE}?department=文学院", sent) for _ in range(2))
    assert "no-store" in first.headers["Cache-Control"]
    assert SECRET.findall(first.content.decode()) == SECRET.findall(twin.content.decode())
    assert len(SECRET.findall(first.content.decode())) == 2
    assert SecurityEvent.objects.filter(kind=events.Kind.PASSWORD_CHANGED).count() == 2
    helper.get(PAGE)  # its clerk has gone on
    late = helper.post(f"{PAGE}?department=文学院", sent, follow=True).content.decode()
    assert not SECRET.findall(late)


def test_a_page_that_is_out_of_date_changes_nobody_else(helper: Person) -> None:
    gone, stays = newcomer("n1"), newcomer("n2")
    _page, slips = shown(helper)
    gone.set_password("chosen-meanwhile")
    gone.save()
    sheet, secrets = make(helper, slips, "department=文学院&again=on")
    assert len(secrets) == 1
    assert "1 person was left out" in sheet
    gone.refresh_from_db()
    stays.refresh_from_db()
    assert gone.check_password("chosen-meanwhile")
    assert stays.check_password(secrets[0])
    again, secrets = make(helper, slips)
    assert not secrets
    assert "Nothing was done" in again


def test_who_has_been_in_gets_none(helper: Person, make_user: MakeUser) -> None:
    on_the_web = make_user("web", department="文学院", last_login=timezone.now(), two_step=False)
    by_mail = make_user("mail", department="文学院", two_step=False)
    MailLogin.objects.create(user=by_mail, day=timezone.localdate(), protocol="imap", method="mailbox")
    newcomer("off", is_active=False)
    unused = make_user("unused", department="文学院", two_step=False)
    page, slips = shown(helper)
    assert slips == []
    assert "1 more person has a password" in page
    _page, slips = shown(helper, again="on")
    assert [slip.partition(":")[0] for slip in slips] == [str(unused.pk)]
    forged = [f"{user.pk}:{slips[0].partition(':')[2]}" for user in (on_the_web, by_mail)]
    assert make(helper, forged, "department=文学院&again=on")[1] == []
    assert make(helper, slips, "department=文学院")[1] == [], "who was not asked for by the page"
    assert make(helper, slips, "department=文学院&again=on")[1]
    for user in (on_the_web, by_mail):
        user.refresh_from_db()
        assert user.check_password(PASSWORD)


def test_many_come_in_parts(helper: Person) -> None:
    for n in range(newcomers.AT_ONCE + 5):
        newcomer(f"n{n:03}")
    page, slips = shown(helper)
    assert len(slips) == newcomers.AT_ONCE
    assert "the first of 2 print-outs" in page
    assert len(make(helper, slips)[1]) == newcomers.AT_ONCE
    assert len(shown(helper)[1]) == 5


def test_single_people_are_chosen_in_the_list(helper: Person) -> None:
    people = [newcomer("n1"), newcomer("n2"), newcomer("n3")]
    chosen = helper.post(
        "/admin/accounts/user/", {"action": "slips_of", "_selected_action": [user.pk for user in people[:2]]}
    )
    slips = re.findall(r'name="slip" value="(\d+):', helper.get(chosen.headers["Location"]).content.decode())
    assert slips == [str(user.pk) for user in people[:2]]


def test_nobody_gets_one_without_the_right_or_a_reason(helper: Person, office: Person, make_user: MakeUser) -> None:
    colleague = newcomer("boss", is_staff=True)
    newcomer("n1")
    _page, slips = shown(helper)
    assert str(colleague.pk) not in [slip.partition(":")[0] for slip in slips], "a colleague is no clerk's business"
    before = everything()
    assert helper.post(f"{PAGE}?department=文学院", {"slip": slips}).status_code == 200
    assert everything() == before
    assert helper.user
    helper.user.groups.clear()
    assert helper.post(f"{PAGE}?department=文学院", {"slip": slips, **WHY}).status_code == 403
    assert str(colleague.pk) in [slip.partition(":")[0] for slip in shown(office)[1]]


def test_there_is_no_such_page_where_passwords_are_in_a_directory(helper: Person, settings: Settings) -> None:
    settings.PASSWORDS_IN_DIRECTORY = True
    assert helper.get(PAGE).status_code == 404
    assert PAGE not in helper.get("/admin/accounts/user/").content.decode()


def test_departments_are_told_with_how_many_wait(helper: Person) -> None:
    newcomer("n1")
    newcomer("n2", "")
    User.objects.create_user("n3@example.edu", PASSWORD, department="文学院")
    page = helper.get(PAGE).content.decode()
    rows = re.findall(r'href="\?department=([^"]*)".*?"n">(\d)<.*?"n">(\d)<.*?"n">(\d)<', page, re.DOTALL)
    assert rows == [("", "2", "1", "0"), ("%E6%96%87%E5%AD%A6%E9%99%A2", "2", "1", "1")]
