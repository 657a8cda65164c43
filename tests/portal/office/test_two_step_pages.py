"""Two-step of one person, as a clerk sees and sets it."""

from accounts.log.models import SecurityEvent
from accounts.rollouts import rollouts
from accounts.rollouts.models import Exemption
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, Person
from tests.kit.plans import carried_out, drafted, in_days
from tests.portal.office.test_rollout_pages import EXEMPTIONS, choose, day

# --- One person ------------------------------------------------------------------------------------------------------


def page_of(person: Person) -> str:
    assert person.user
    return f"/admin/accounts/user/{person.user.pk}/two-step/"


def test_off_for_one_person_with_a_reason(manager: Person, wangwu: Person) -> None:
    page = page_of(wangwu)
    assert manager.post(page, {"act": "off", "off-reason": " "}).context["off"].errors
    assert User.objects.get(username="wangwu@example.edu").two_step_is_on()
    manager.post(page, {"act": "off", "off-reason": "has left"})
    assert User.objects.get(username="wangwu@example.edu").two_step_from is None
    assert SecurityEvent.objects.get(kind="two_step_off").detail == {"reason": "has left"}


def test_an_exception_for_one_person(manager: Person, wangwu: Person) -> None:
    page = page_of(wangwu)
    for wrong in (day(0), day(-1), day(400), "x", ""):
        assert manager.post(page, {"act": "exempt", "exempt-until": wrong, "exempt-reason": "r"}).status_code == 200
    manager.post(page, {"act": "exempt", "exempt-until": day(5), "exempt-reason": "abroad"})
    exemption = Exemption.objects.get()
    assert "abroad" in manager.get(page).content.decode()
    shown = manager.get(f"{EXEMPTIONS}{exemption.pk}/change/").content.decode()
    assert "abroad" in shown
    manager.post(f"{EXEMPTIONS}{exemption.pk}/change/")
    assert User.objects.get(username="wangwu@example.edu").two_step_is_on()
    assert [e.kind for e in SecurityEvent.objects.filter(actor=manager.user).order_by("pk")][-2:] == [
        "exempted",
        "exemption_ended",
    ]


def test_on_for_one_person_leads_to_the_dry_run(manager: Person, lisi: Person) -> None:
    choose = manager.post(page_of(lisi), {"act": "on"}).headers["Location"]
    assert manager.get(choose).context["form"].initial["addresses"] == "lisi@example.edu"


def test_nobody_weakens_his_own(manager: Person, clerk: Person) -> None:
    clerk.arrive()
    for person in (manager, clerk):
        assert person.user
        assert person.get(page_of(person)).status_code == 404
        data = {"mailbox": person.user.username, "until": day(3), "reason": "because"}
        assert person.post(f"{EXEMPTIONS}add/", data).context["form"].errors
    assert not Exemption.objects.exists()


def test_two_step_is_not_edited_like_a_name(clerk: Person, wangwu: Person) -> None:
    clerk.arrive()
    assert wangwu.user
    data = {"username": wangwu.user.username, "language": "en", "is_active": "on", "two_step_from_0": ""}
    clerk.post(f"/admin/accounts/user/{wangwu.user.pk}/change/", data | {"two_step_from_1": "", "two_step_from": ""})
    assert User.objects.get(pk=wangwu.user.pk).two_step_is_on()


def test_numbers_are_masked(manager: Person, wangwu: Person) -> None:
    page = choose(manager, addresses="wangwu")
    text = manager.get(page).content.decode()
    assert NUMBER not in text
    assert "138****8000" in text


def test_a_clerk_without_a_phone_has_to_say_that_he_knows(make_user: MakeUser) -> None:
    """The page is open to whoever has a phone; between the dry run and the click it may be unbound."""
    desk = make_user("desk", is_staff=True, two_step=False, department="信息办")
    row = drafted(desk, in_days(3), departments=["信息办"])
    root = make_user("root", is_superuser=True)
    assert rollouts.carry_out(row, desk, version=1)[0] == rollouts.Outcome.WARN
    assert carried_out(root, in_days(3), people=[desk.pk]).done == 1
