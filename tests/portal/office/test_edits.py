"""The form that edits an account: no edit is lost to another one."""

import re
from html import unescape

import pytest
from django.db.models import F

from accounts.users.models import User
from portal.office.admin.people.edits import AccountForm
from tests.kit.paperwork import edit, edit_page, form_of
from tests.kit.people import Person
from tests.kit.snapshots import changed, everything


def test_two_clerks_at_one_form(office: Person, wangwu: Person) -> None:
    assert wangwu.user
    first = form_of(office, edit_page(wangwu))
    second = dict(first)
    assert office.post(edit_page(wangwu), first | {"department": "文学院"}).status_code == 302
    answer = office.post(edit_page(wangwu), second | {"name": "王五五"})
    assert answer.status_code == 200
    assert re.search(
        r"未保存：.*itoffice@example.edu 已于 (?:[\d-]+ )?\d\d:\d\d 修改", unescape(answer.content.decode())
    )
    user = User.objects.get(pk=wangwu.user.pk)
    assert (user.name, user.department) == ("王五", "文学院")
    again = form_of(office, edit_page(wangwu))
    assert office.post(edit_page(wangwu), again | {"name": "王五五"}).status_code == 302
    assert User.objects.get(pk=wangwu.user.pk).name == "王五五"


def test_what_went_on_while_the_form_was_open_stays(office: Person, wangwu: Person) -> None:
    assert wangwu.user
    form = form_of(office, edit_page(wangwu))
    User.objects.filter(pk=wangwu.user.pk).update(wrong_codes=19, language="en", password="another", sessions_ended=7)
    assert office.post(edit_page(wangwu), form | {"name": "王五五", "language": "en"}).status_code == 302
    user = User.objects.get(pk=wangwu.user.pk)
    assert (user.name, user.wrong_codes, user.password, user.sessions_ended) == ("王五五", 19, "another", 7)


def test_what_goes_on_while_the_form_is_saved_stays(
    office: Person, wangwu: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guess at a code that is counted between reading and writing the row."""
    compare = AccountForm._is_as_seen

    def guessed_meanwhile(form: AccountForm) -> bool:
        User.objects.filter(username="wangwu@example.edu").update(wrong_codes=F("wrong_codes") + 1)
        return compare(form)

    monkeypatch.setattr(AccountForm, "_is_as_seen", guessed_meanwhile)
    assert edit(office, wangwu, name="W").status_code == 302
    user = User.objects.get(username="wangwu@example.edu")
    assert (user.name, user.wrong_codes) == ("W", 1)


@pytest.mark.parametrize("token", ["", "nonsense", "e30:1tQ:x"])
def test_a_form_that_does_not_say_what_it_showed_saves_nothing(office: Person, wangwu: Person, token: str) -> None:
    form = form_of(office, edit_page(wangwu))
    before = everything()
    assert office.post(edit_page(wangwu), form | {"name": "x", "version": token}).status_code == 200
    assert not changed(before)


def test_the_token_of_another_person_does_not_fit(office: Person, wangwu: Person, zhangsan: Person) -> None:
    theirs = form_of(office, edit_page(zhangsan))["version"]
    form = form_of(office, edit_page(wangwu))
    User.objects.filter(username="wangwu@example.edu").update(name="meanwhile")
    office.post(edit_page(wangwu), form | {"name": "x", "version": theirs})
    assert User.objects.get(username="wangwu@example.edu").name == "meanwhile"
