"""What the IT office does."""

import pytest
from django.core import mail
from django.utils import timezone

from accounts.bans.models import Ban
from accounts.browsers.models import TrustedBrowser
from accounts.delivery.gateways import memory
from accounts.delivery.models import Sms
from accounts.log.models import SecurityEvent
from accounts.phones import phones
from accounts.phones.models import Phone
from accounts.users.models import User
from portal.office.desk.reasons import REASONS
from tests.conftest import MakeUser
from tests.kit.paperwork import BANS, USERS, act, edit, pk
from tests.kit.people import NUMBER, PASSWORD, Person
from tests.kit.plans import officer


def roll_out(office: Person, *rows: int, start: str, **data: str) -> str:
    """From the list of people through the dry run, whose page it returns."""
    chosen = office.post(USERS, {"action": "switch_two_step_on", "_selected_action": list(rows), **data})
    choose = chosen.headers["Location"]
    form = office.get(choose).context["form"]
    dry_run = office.post(choose, form.initial | {"everyone": "", "start": start, "at": "00:00"}).headers["Location"]
    page = office.get(dry_run)
    office.post(dry_run, {"act": "carry_out", "version": page.context["dry_run"].total})
    return str(page.content.decode())


def test_two_step_from_a_date(office: Person, lisi: Person) -> None:
    asked = act(office, USERS, "switch_two_step_on", pk(lisi))
    assert 'name="start"' in asked
    assert lisi.user
    lisi.user.refresh_from_db()
    assert lisi.user.two_step_from is None
    roll_out(office, pk(lisi), start="2030-09-01")
    lisi.user.refresh_from_db()
    assert lisi.user.two_step_from
    assert timezone.localtime(lisi.user.two_step_from).isoformat() == "2030-09-01T00:00:00+08:00"
    assert SecurityEvent.objects.get(kind="two_step_set").actor == office.user


def test_unbind_a_lost_phone(office: Person, wangwu: Person) -> None:
    wangwu.arrive()
    act(office, USERS, "unbind_phone", pk(wangwu))
    assert not Phone.objects.filter(user=wangwu.user).exists()
    assert wangwu.get("/").headers["Location"] == "/sign-in/?next=/", "the session may be on the phone that is lost"
    event = SecurityEvent.objects.get(kind="phone_unbound")
    assert (event.user, event.actor) == (wangwu.user, office.user)
    assert mail.outbox[-1].to == ["wangwu@example.edu"]
    assert memory.outbox[-1].to == f"+86{NUMBER}"


def test_forget_the_browsers(office: Person, wangwu: Person) -> None:
    wangwu.sign_in(trust_browser="on")
    mail.outbox.clear()
    act(office, USERS, "forget_browsers", pk(wangwu))
    assert not TrustedBrowser.objects.exists()
    assert [sent.to for sent in mail.outbox] == [["wangwu@example.edu"]], "as after the button of the desk"
    assert SecurityEvent.objects.get(kind="browsers_forgotten").actor == office.user


@pytest.mark.bypass("row 35: unban by staff, one click, audited")
def test_lift_a_ban(office: Person, lisi: Person) -> None:
    for n in range(10):
        lisi.post("/sign-in/", {"username": "lisi", "password": f"wrong {n}"}, REMOTE_ADDR="192.0.2.44")
    page = office.get(BANS).content.decode()
    assert "192.0.2.44" in page
    act(office, BANS, "lift", Ban.objects.get().pk)
    assert Ban.objects.get().lifted_by == office.user
    event = SecurityEvent.objects.get(kind="ban_lifted")
    assert (event.actor, event.address) == (office.user, "192.0.2.44")
    response = lisi.post("/sign-in/", {"username": "lisi", "password": PASSWORD}, REMOTE_ADDR="192.0.2.44")
    assert response.status_code == 302


def test_a_new_person_is_added_without_a_password(office: Person) -> None:
    """Whoever adds somebody knows no password of theirs: the desk makes one, which they change."""
    assert office.get(f"{USERS}add/").status_code == 200
    added = office.post(f"{USERS}add/", {"username": "new@example.edu", "name": "新", "password1": "correct-horse-42"})
    new = User.objects.get(username="new@example.edu")
    assert added.headers["Location"] == f"{USERS}{new.pk}/desk/"
    assert not new.has_usable_password()
    new.two_step_from = None
    new.save()
    page = office.get(added.headers["Location"])
    version = next(entry["version"] for entry in page.context["buttons"] if entry["button"].name == "password")
    shown = office.post(added.headers["Location"], {"act": "password", "version": version, "why": REASONS[0][0]})
    newcomer = Person(new)
    newcomer.enter_password(str(shown.context["secret"]))
    assert newcomer.get("/").headers["Location"] == "/security/password/", "which only its owner knows"


@pytest.mark.parametrize("name", ["New@example.edu", "new", "new@example.edu\n", "wangwu@example.edu"])
def test_a_new_person_has_a_whole_address_of_his_own(office: Person, wangwu: Person, name: str) -> None:
    before = User.objects.count()
    office.post(f"{USERS}add/", {"username": name})
    assert User.objects.count() - before == (name.strip() == "new@example.edu")


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_language_is_chosen(office: Person, wangwu: Person, language: str) -> None:
    assert edit(office, wangwu, language=language).status_code == 302
    assert User.objects.get(pk=pk(wangwu)).language == language
    assert edit(office, wangwu, language="中文").status_code == 200, "which would fall back to some other language"


def test_the_page_that_would_set_a_password_for_good_leads_to_the_desk(office: Person, wangwu: Person) -> None:
    form = {"usable_password": "true", "password1": "correct-horse-42", "password2": "correct-horse-42"}
    for answer in (office.get(f"{USERS}{pk(wangwu)}/password/"), office.post(f"{USERS}{pk(wangwu)}/password/", form)):
        assert answer.headers["Location"] == f"{USERS}{pk(wangwu)}/desk/"
    assert User.objects.get(pk=pk(wangwu)).check_password(PASSWORD)


def test_the_number_of_wrong_codes_cannot_be_edited(office: Person, wangwu: Person) -> None:
    User.objects.filter(pk=pk(wangwu)).update(wrong_codes=19)
    assert edit(office, wangwu, wrong_codes="0", name="W").status_code == 302
    assert User.objects.get(pk=pk(wangwu)).name == "W"
    assert User.objects.get(pk=pk(wangwu)).wrong_codes == 19
    assert phones.of(User.objects.get(pk=pk(wangwu)))


@pytest.mark.bypass("row 27: allauth 65.13, authentik CVE-2025-64521: what was open lives on")
def test_disabling_ends_everything_even_if_it_is_taken_back(clerk: Person, wangwu: Person) -> None:
    wangwu.sign_in(trust_browser="on")
    other = Person(wangwu.user)
    other.enter_password()
    clerk.arrive()
    assert wangwu.user
    edit(clerk, wangwu, is_active=None)
    wangwu.user.refresh_from_db()
    assert not wangwu.user.is_active
    assert not TrustedBrowser.objects.exists()
    User.objects.filter(pk=wangwu.user.pk).update(is_active=True)
    assert not wangwu.is_in()
    assert other.enter_code(code="123456").headers["Location"] == "/sign-in/"


def test_what_the_office_edits_is_logged(office: Person, lisi: Person) -> None:
    edit(office, lisi, must_change_password="on")
    event = SecurityEvent.objects.get(kind="account_edited")
    assert (event.user, event.actor, event.detail) == (lisi.user, office.user, {"must_change_password": "True"})


def test_two_step_for_everybody_at_once(office: Person, make_user: MakeUser) -> None:
    """More people than fields that a form may have."""
    User.objects.bulk_create(User(username=f"person{number}@example.edu") for number in range(1200))
    first = User.objects.filter(two_step_from=None).first()
    assert first
    everybody = {"select_across": "1"}
    assert "1201" in roll_out(office, first.pk, start="2030-09-01", **everybody)
    assert User.objects.filter(two_step_from=None).count() == 0


def test_who_has_phone_browsers_and_sms_can_be_deleted(office: Person, wangwu: Person, make_user: MakeUser) -> None:
    """One by one and from the list; what was logged stays. Who has no right to delete people still has none."""
    wangwu.sign_in(trust_browser="on")
    assert TrustedBrowser.objects.exists()
    assert Sms.objects.filter(user=wangwu.user).exists()
    office.post(f"{USERS}{pk(wangwu)}/delete/", {"post": "yes"})
    assert not User.objects.filter(username="wangwu@example.edu").exists()
    assert SecurityEvent.objects.filter(username="wangwu@example.edu", kind="signed_in").exists()
    another = Person(make_user("another", phone=NUMBER))
    another.sign_in(trust_browser="on")
    act(office, USERS, "delete_selected", pk(another), post="yes")
    assert not User.objects.filter(username="another@example.edu").exists()


def test_who_may_edit_may_not_delete(make_user: MakeUser, wangwu: Person) -> None:
    wangwu.sign_in(trust_browser="on")
    desk = officer(make_user, "desk", "view_user", "change_user")
    assert desk.post(f"{USERS}{pk(wangwu)}/delete/", {"post": "yes"}).status_code == 403
    act(desk, USERS, "delete_selected", pk(wangwu), post="yes")
    assert User.objects.filter(username="wangwu@example.edu").exists()
