"""A file does what its clerk could do on the page, and no more."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pytest_django import Settings

from accounts.browsers.models import TrustedBrowser
from accounts.imports import imports
from accounts.log.models import SecurityEvent
from accounts.rollouts import exemptions
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.files_of_people import ADD, HEADERS, as_csv, errors_of, hand_in, person_called, take_over
from tests.kit.people import PASSWORD, Person
from tests.kit.plans import in_days, officer


def test_a_file_switches_two_step_on_and_never_off_nor_later(manager: Person, wangwu: Person, lisi: Person) -> None:
    assert wangwu.user
    before = wangwu.user.two_step_from
    row = take_over(manager, ("address", "two_step_from"), ("wangwu", "2030-09-01"), ("lisi", "2030-09-01"))
    assert [text for _line, _cell, _address, text in row.report["warnings"]] == [
        "has two-step from an earlier date, which stays"
    ]
    assert person_called("wangwu").two_step_from == before
    assert person_called("lisi").two_step_from
    assert SecurityEvent.objects.get(kind="two_step_set").username == "lisi@example.edu"


def test_an_exception_outlasts_a_file(manager: Person, lisi: Person) -> None:
    assert manager.user
    assert lisi.user
    until = in_days(20)
    exemptions.make(lisi.user, until, "abroad", actor=manager.user)
    day = timezone.localtime(in_days(5)).strftime("%Y-%m-%d")
    take_over(manager, ("address", "two_step_from"), ("lisi", day))
    assert person_called("lisi").two_step_from == until


@pytest.mark.bypass("row 27: authentik CVE-2025-64521: what was open lives on")
def test_who_is_disabled_by_a_file_is_out_at_once(office: Person, wangwu: Person) -> None:
    wangwu.sign_in(trust_browser="on")
    take_over(office, ("address", "active"), ("wangwu", "no"))
    assert not person_called("wangwu").is_active
    assert not TrustedBrowser.objects.exists()
    take_over(office, ("address", "active"), ("wangwu", "yes"))
    assert not wangwu.is_in()


@pytest.mark.parametrize(
    ("rights", "lacking"),
    [
        ((), {2: "is a new person, and you may not add people", 3: "you may not change: name",
              4: "you may not change: active", 5: "you may not change: language"}),
        (("add_user",), {3: "you may not change: name", 4: "you may not change: active",
                         5: "you may not change: language", 7: "you may not change: active"}),
        (("add_user", "change_user"), {4: "you may not change: active", 7: "you may not change: active"}),
        (("add_user", "change_user", "delete_user"), {}),
    ],
)  # fmt: skip
def test_a_file_changes_what_its_clerk_could_change_on_the_page(
    make_user: MakeUser,
    lisi: Person,
    wangwu: Person,
    zhangsan: Person,
    rights: tuple[str, ...],
    lacking: dict[int, str],
) -> None:
    """What stays as it is needs no right: an export can be handed in again."""
    make_user("zhaoliu", name="赵六")
    desk = officer(make_user, "desk", "view_user", "roll_out", *rights)
    rows = [
        ("new", "新", "", "", "", ""),
        ("lisi", "别名", "", "", "", "yes"),
        ("wangwu", "王五", "", "", "", "no"),
        ("zhangsan", "", "", "en", "", ""),
        ("zhaoliu", "赵六", "", "zh-hans", "2030-09-01", "yes"),
        ("gone", "", "", "", "", "no"),
    ]
    row = hand_in(desk, as_csv(HEADERS, *rows))
    told = {line: text for line, _cell, _address, text in row.report["errors"]}
    if "add_user" not in rights:
        lacking = lacking | {7: "is a new person, and you may not add people"}
    assert told == lacking


def test_staff_are_not_changed_by_a_file(manager: Person, clerk: Person, make_user: MakeUser) -> None:
    """Not the manager himself either; a row that changes nothing is no error."""
    make_user("colleague", is_staff=True, name="同事")
    told = "belongs to the IT staff, whom an import does not change"
    rows = [("itoffice", "", "no"), ("manager", "me", ""), ("colleague", "同事", "yes")]
    assert errors_of(manager, ("address", "name", "active"), *rows) == [(2, told), (3, told)]


def test_a_password_is_not_in_the_file(manager: Person) -> None:
    """And new people cannot get in before they are given one."""
    take_over(manager, HEADERS[:1], ("new",))
    visitor = Person(person_called("new"))
    for password in ("", "!", person_called("new").password, PASSWORD):
        assert visitor.enter_password(password=password).status_code == 200
    assert "cannot sign in before" in manager.get(ADD, headers={"accept-language": "en"}).content.decode()


def test_where_the_directory_owns_passwords_it_says_so(manager: Person, settings: Settings) -> None:
    settings.PASSWORDS_IN_DIRECTORY = True
    assert "password of the directory" in manager.get(ADD, headers={"accept-language": "en"}).content.decode()


def test_rights_that_were_taken_away_meanwhile(manager: Person) -> None:
    assert manager.user
    row = hand_in(manager, as_csv(HEADERS[:1], ("new",)))
    assert imports.apply(row, manager.user, version=row.version)
    manager.user.user_permissions.clear()
    imports.run(row.pk)
    row.refresh_from_db()
    assert row.report["refusal"] == "You may not import people."
    assert not User.objects.filter(username="new@example.edu").exists()


@pytest.mark.parametrize("right", ["view_user", "change_user", "add_user", "export_people", "help_people"])
def test_only_with_the_right(make_user: MakeUser, manager: Person, right: str) -> None:
    row = hand_in(manager, as_csv(HEADERS[:1], ("new",)))
    desk = officer(make_user, "desk", "view_user", right, phone="13700137009")
    assert desk.get(ADD).status_code == 403
    assert desk.post(ADD, {"file": SimpleUploadedFile("x.csv", b"address\nx\n")}).status_code == 403
    page = f"/admin/imports/roster/{row.pk}/change/"
    assert desk.get(page).status_code == 403
    assert desk.post(page, {"act": "import", "version": row.version}).status_code == 403
    assert not User.objects.filter(username="new@example.edu").exists()
