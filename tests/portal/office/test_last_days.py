"""The last day of an account, set and taken back at the desk."""

from datetime import timedelta

from django.core import mail
from django.utils import timezone

from accounts.log.models import SecurityEvent
from accounts.users.models import User
from tests.kit.counter import WHY, path, press, version
from tests.kit.people import Person
from tests.kit.snapshots import changed, everything


def day(ahead: int) -> str:
    return str(timezone.localdate() + timedelta(days=ahead))


def last_day(person: Person) -> str:
    assert person.user
    return str(User.objects.get(pk=person.user.pk).last_day)


def test_it_is_set_and_taken_back_with_a_reason_that_the_owner_reads(office: Person, wangwu: Person) -> None:
    for act, kind, asked, told in (
        ("last_day", "last_day_set", {"day": day(40)}, f"您的邮箱账号将在 {day(40)} 之后停用"),
        ("no_last_day", "last_day_taken_back", {}, "您的邮箱账号不再到期停用"),
    ):
        mail.outbox.clear()
        page = press(office, wangwu, act, **asked)
        assert "已通知本人" in page
        assert last_day(wangwu) == asked.get("day", "None")
        event = SecurityEvent.objects.get(kind=kind)
        assert (event.user, event.actor) == (wangwu.user, office.user)
        assert "window 3" in event.detail["reason"]
        assert event.address
        [letter] = mail.outbox
        assert (letter.to, letter.subject) == (["wangwu@example.edu"], told)
        assert "window 3" in letter.body


def test_nothing_without_a_reason_or_for_a_day_that_is_over(office: Person, wangwu: Person) -> None:
    before = everything()
    for wrong in ({"why": ""}, {"day": day(-1)}, {"day": ""}, {"day": "31.1.2030"}):
        answer = office.post(path(wangwu), {"act": "last_day", "version": "none", "day": day(40), **WHY, **wrong})
        assert answer.status_code == 200
        assert not changed(before), wrong
    assert "这一天已经过去了" in press(office, wangwu, "last_day", day=day(-1))
    assert office.post(path(wangwu), {"act": "last_day", "version": "soon", "day": day(1), **WHY}).status_code == 404


def test_only_what_was_shown_is_changed(office: Person, wangwu: Person) -> None:
    """Two clerks had the page open; and who is disabled meanwhile is given back first."""
    held = version(office, wangwu, "last_day")
    press(office, wangwu, "last_day", day=day(40))
    before = everything()
    assert "未作任何操作：“设置账号截止日期”已由 itoffice@example.edu 于" in press(
        office, wangwu, "last_day", held, day=day(1)
    )
    assert not changed(before)
    held = version(office, wangwu, "no_last_day")
    assert wangwu.user
    User.objects.filter(pk=wangwu.user.pk).update(is_active=False)
    before = everything()
    assert "未作任何操作" in press(office, wangwu, "no_last_day", held)
    assert not changed(before)
    assert 'value="last_day"' not in office.get(path(wangwu)).content.decode()


def test_it_takes_the_right_that_disabling_takes(helper: Person, office: Person, wangwu: Person) -> None:
    assert 'value="last_day"' not in helper.get(path(wangwu)).content.decode()
    for act, shown in (("last_day", "none"), ("no_last_day", day(40))):
        answer = helper.post(path(wangwu), {"act": act, "version": shown, "day": day(1), **WHY})
        assert answer.status_code == 403
    assert last_day(wangwu) == "None"
    other = User.objects.create_superuser("second@example.edu")
    page = office.get(path(Person(other))).content.decode()
    assert 'value="last_day"' not in page
    assert "未作任何操作" in press(office, Person(other), "last_day", "none", day=day(1))
