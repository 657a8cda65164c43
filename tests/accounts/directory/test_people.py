"""People as the directory has them: and answers that nobody should believe."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.bans.models import Failure
from accounts.directory import people
from accounts.directory import plan as plans
from accounts.directory.asking.answers import Someone
from accounts.directory.models import Person as Link
from accounts.log.models import SecurityEvent
from accounts.mailsessions.models import Ending
from accounts.openid.models import AccessToken
from accounts.users.models import User
from apppasswords import passwords
from apppasswords.maillogin import decision
from tests.accounts.directory.conftest import MANY, remove, rename, use
from tests.conftest import MakeUser
from tests.kit.people import Person
from tests.kit.servers.directory import Directory, person
from tests.kit.servers.wire import Wire


def state() -> list[Any]:
    users = User.objects.order_by("username").values_list("pk", "username", "name", "department", "is_active")
    return [*users, *Link.objects.order_by("pk").values_list("pk", "identity", "disabled_at")]


def test_joiners(db: None, campus: Directory, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("syncpeople", "--dry-run")
    assert "40 new" in capsys.readouterr().out
    assert not User.objects.exists()
    call_command("syncpeople")
    assert User.objects.count() == Link.objects.count() == MANY
    one = User.objects.get(username="p07@example.edu")
    assert (one.name, one.department, one.has_usable_password()) == ("张7", "物理学院", False)
    assert Person(one).enter_password().headers["Location"] == "/"
    before = state()
    people.sync()
    assert state() == before
    assert SecurityEvent.objects.filter(kind="people_synced").count() == 1


def test_who_was_there_before_is_the_same_person(campus: Directory, make_user: MakeUser) -> None:
    there, stranger = make_user("p01"), make_user("local")
    people.sync()
    there.refresh_from_db()
    stranger.refresh_from_db()
    assert there.name == "张1"
    assert there.two_step_is_on()
    assert stranger.is_active
    assert not Link.objects.filter(user=stranger).exists()


def test_a_leaver_is_out_at_once(db: None, campus: Directory, settings: Settings) -> None:
    settings.DOVEADM_URLS = ["https://mail.example.edu:8180"]
    people.sync()
    leaver = Person(User.objects.get(username="p03@example.edu"))
    assert leaver.enter_password().headers["Location"] == "/"
    remove(campus, "p03")
    people.sync()
    assert not User.objects.get(username="p03@example.edu").is_active
    assert not leaver.is_in()
    assert Ending.objects.get().people == {"p03@example.edu": 0}
    login = decision.Login("p03@example.edu", "battery-staple-2026", "imap", "192.0.2.1")
    assert decision.verify(login).reason is decision.Reason.DISABLED


def test_whom_the_office_disabled_is_not_brought_back(db: None, campus: Directory) -> None:
    people.sync()
    User.objects.filter(username="p05@example.edu").update(is_active=False)
    people.sync()
    assert not User.objects.get(username="p05@example.edu").is_active


def test_whose_last_day_is_over_is_not_brought_back(make_user: MakeUser) -> None:
    user = make_user("p05", is_active=False, last_day=timezone.localdate() - timedelta(days=1))
    Link.objects.create(user=user, identity="5", disabled_at=timezone.now())
    back = [Someone("5", "p05@example.edu", "", "", is_active=True)]
    assert not plans.of(back)
    User.objects.update(last_day=None)
    assert plans.of(back).back == [user]


def test_another_address_takes_everything_along(
    db: None, campus: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    people.sync()
    user = User.objects.get(username="p09@example.edu")
    made = passwords.create(user, "Mail")
    assert not isinstance(made, passwords.Refusal)
    token = AccessToken.objects.create(user=user, token="t", expires=timezone.now() + timedelta(hours=1))
    history = list(SecurityEvent.objects.filter(user=user).values_list("pk", flat=True))
    assert history
    for name in ("p09@example.edu", "p10@example.edu"):
        decision.verify(decision.Login(name, "wrong", "imap", "192.0.2.9"))
    rename(campus, "p09", mail="li.si@example.edu", cn="李四")
    call_command("syncpeople")
    assert "p09@example.edu → li.si@example.edu" in capsys.readouterr().out
    user.refresh_from_db()
    assert (user.username, user.name) == ("li.si@example.edu", "李四")
    verdict = decision.verify(decision.Login("li.si@example.edu", made[1], "imap", "192.0.2.1"))
    assert verdict.reason is decision.Reason.APP_PASSWORD
    assert AccessToken.objects.get(pk=token.pk).user == user
    assert set(history) < set(SecurityEvent.objects.filter(user=user).values_list("pk", flat=True))
    assert {failure.account for failure in Failure.objects.all()} == {"li.si@example.edu", "p10@example.edu"}
    assert decision.verify(decision.Login("p09@example.edu", made[1], "imap", "192.0.2.2")).outcome.name == "NO"


def test_an_address_that_is_taken_is_told(campus: Directory, make_user: MakeUser) -> None:
    people.sync()
    rename(campus, "p11", mail="p12@example.edu")
    rename(campus, "p13", mail="nonsense")
    plan = people.sync()
    assert plan is not None
    assert {address for address, _fault in plan.faults} == {"p12@example.edu", "nonsense"}
    assert not plan.leavers
    assert User.objects.filter(is_active=True).count() == MANY


# --- What nobody should believe


def test_many_who_leave_at_once_are_held(campus: Directory, office: Person) -> None:
    people.sync()
    remove(campus, *(f"p{number:02}" for number in range(10, 20)))
    with pytest.raises(CommandError, match="--leavers 10"):
        call_command("syncpeople")
    assert User.objects.filter(is_active=True, is_staff=False).count() == MANY
    with pytest.raises(CommandError):
        call_command("syncpeople", "--leavers", "9")
    assert "目录中已没有的 10 人未停用" in office.get("/admin/").text
    assert User.objects.filter(is_active=True, is_staff=False).count() == MANY
    call_command("syncpeople", "--leavers", "10")
    assert User.objects.filter(is_active=True, is_staff=False).count() == MANY - 10
    assert "未停用" not in office.get("/admin/").text


def test_no_answer_and_half_an_answer_change_nothing(campus: Directory, settings: Settings, office: Person) -> None:
    people.sync()
    before = state()
    for most in (45, 1_000, 3_500):  # before anybody, within the first page, within the second
        with Wire(campus.port, most=most) as wire:
            use(settings, campus, f"ldap://127.0.0.1:{wire.port}")
            from accounts.directory.asking import readings  # noqa: PLC0415 - it needs an extra

            readings.PAGE_WITHIN, kept = 0.5, readings.PAGE_WITHIN
            try:
                assert people.sync() is None
            finally:
                readings.PAGE_WITHIN = kept
        assert state() == before
    use(settings, campus)
    settings.LDAP_FILTER = "(mail={address}@nowhere)"
    assert people.sync(confirmed=MANY) is None
    settings.LDAP_BIND_PASSWORD = "old"
    assert people.sync() is None
    campus.stop()
    assert people.sync() is None
    assert state() == before
    assert SecurityEvent.objects.filter(kind="sync_failed").count() == 6
    assert "同步人员失败" in office.get("/admin/").text


class Killed(Exception):
    pass


def test_one_that_dies_at_any_point_has_done_nothing(
    db: None, campus: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.sync()
    remove(campus, "p20")
    rename(campus, "p21", mail="other@example.edu", cn="王五")
    campus.change(person("joiner").replace("\nuid:", "\nchangetype: add\nuid:", 1))
    before = state()
    for step in ("_follow", "_bring_back", "_let_go", "_tell"):
        with monkeypatch.context() as broken:

            def dies(*_: Any) -> None:
                raise Killed

            broken.setattr(people, step, dies)
            with pytest.raises(Killed), transaction.atomic():
                people.sync()
        assert state() == before, step
    plan = people.sync()
    assert plan is not None
    assert [len(part) for part in (plan.new, plan.edits, plan.leavers)] == [1, 1, 1]
