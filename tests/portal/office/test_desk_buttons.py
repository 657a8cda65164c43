"""The buttons of the desk."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.utils import timezone

from accounts.bans.models import Ban
from accounts.browsers.models import TrustedBrowser
from accounts.codes import guesses
from accounts.delivery.gateways import memory
from accounts.factors import recoverycodes
from accounts.factors.models import Authenticator
from accounts.phones import phones
from accounts.phones.models import Phone
from accounts.users.models import User
from apppasswords import passwords as app_passwords
from apppasswords.models import AppPassword
from tests.conftest import MakeUser
from tests.kit.counter import WHY, path, press, version
from tests.kit.events import event
from tests.kit.people import NUMBER, OTHER_NUMBER, Person
from tests.kit.snapshots import changed, everything

ACTS = ("help_code", "test", "end_pause", "codes", "password", "sessions", "browsers", "app_passwords", "app_password",
        "way", "unbind", "lift", "number", "stolen")  # fmt: skip


@pytest.mark.share(4)
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(
    "missing",
    [{"why": ""}, {"why": "nonsense"}, {"why": "other", "note": " "}, {"note": "手机 138 0013 8000"}],
)
def test_nothing_without_a_reason(office: Person, wanting: Person, act: str, missing: dict[str, str]) -> None:
    held = {"app_password": str(AppPassword.objects.get().pk), "lift": str(Ban.objects.get().pk), "help_code": "1,0"}
    before = everything()
    answer = office.post(path(wanting), {"act": act, "version": held.get(act) or "", **WHY, **missing})
    assert answer.status_code == 200
    assert not changed(before)


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        ("test", "test_sms"),
        ("end_pause", "pause_ended"),
        ("codes", "codes_given"),
        ("password", "password_changed"),
        ("sessions", "sessions_ended"),
        ("browsers", "browsers_forgotten"),
        ("app_passwords", "app_password_removed"),
        ("app_password", "app_password_removed"),
        ("unbind", "phone_unbound"),
        ("way", "way_removed"),
        ("lift", "ban_lifted"),
    ],
)
def test_each_is_logged_with_its_reason_and_told_to_the_owner(
    helper: Person, wanting: Person, act: str, kind: str
) -> None:
    mail.outbox.clear()
    press(helper, wanting, act)
    done = event(kind)
    assert (done.user, done.actor) == (wanting.user, helper.user)
    assert "window 3" in done.detail["reason"]
    assert done.address
    told = [sent for sent in mail.outbox if sent.to == ["wangwu@example.edu"]]
    assert len(told) == 1
    assert "window 3" in told[0].body
    assert "信息办" in told[0].body


def test_unbind(helper: Person, wanting: Person) -> None:
    page = press(helper, wanting, "unbind")
    assert "手机号 138****8000 已解绑" in page
    assert not Phone.objects.filter(user=wanting.user).exists()
    assert memory.outbox[-1].to == f"+86{NUMBER}"
    assert not wanting.is_in()


def test_a_phone_that_was_bound_meanwhile_is_not_unbound(helper: Person, wanting: Person) -> None:
    """The page showed the old one."""
    held = version(helper, wanting, "unbind")
    assert wanting.user
    phones.change(Phone.objects.get(user=wanting.user), f"+86{OTHER_NUMBER}")
    page = press(helper, wanting, "unbind", held)
    assert "未作任何操作：“修改手机号”已由 本人 于" in page
    assert Phone.objects.filter(user=wanting.user).exists()


@pytest.mark.parametrize(
    "act", ["unbind", "browsers", "app_passwords", "end_pause", "codes", "password", "lift", "app_password", "way"]
)
def test_the_second_clerk_is_told_who_was_first(helper: Person, office: Person, wanting: Person, act: str) -> None:
    held = version(helper, wanting, act)
    press(office, wanting, act)
    before = everything()
    page = press(helper, wanting, act, held)
    assert re.search(r"未作任何操作：“.+”已由 itoffice@example.edu 于 \d\d:\d\d 完成。", page)
    tables = changed(before)
    assert not tables, tables


def test_the_desk_tells_the_ways_and_takes_one_away(helper: Person, wanting: Person) -> None:
    app = Authenticator.objects.get()
    page = helper.get(path(wanting)).content.decode()
    assert "FreeOTP" in page
    assert "sealed" not in page
    assert "“FreeOTP”已移除" in press(helper, wanting, "way")
    assert not Authenticator.objects.filter(pk=app.pk).exists()
    assert Phone.objects.filter(user=wanting.user).exists()
    assert not wanting.is_in(), "whoever is signed in on what is lost is out"


def test_the_last_way_may_be_taken_away_and_no_session_binds_the_next(helper: Person, wanting: Person) -> None:
    Phone.objects.filter(user=wanting.user).delete()
    Ban.objects.all().delete()
    press(helper, wanting, "way")
    assert wanting.get("/sign-in/phone/").headers["Location"] == "/sign-in/"
    assert wanting.enter_password().headers["Location"] == "/sign-in/phone/"


def test_recovery_codes_are_taken_away_by_whoever_saw_them(helper: Person, office: Person, wanting: Person) -> None:
    assert wanting.user
    Authenticator.objects.all().delete()
    owner = User.objects.get(pk=wanting.user.pk)
    made = recoverycodes.make(owner)
    assert isinstance(made, list)
    page = helper.get(path(wanting)).content.decode()
    assert "还剩 10 个" in page
    assert "移除 恢复码" in page
    held = version(helper, wanting, "way")
    assert "“恢复码”已移除" in press(office, wanting, "way", held)
    assert event("recovery_removed").detail["reason"]
    assert recoverycodes.check(owner, made[0])[0] is not guesses.Outcome.RIGHT
    assert "已由 itoffice@example.edu" in press(helper, wanting, "way", held)
    owner.refresh_from_db()
    assert isinstance(recoverycodes.make(owner), list)
    press(helper, wanting, "way", held)
    assert recoverycodes.left(owner) == 10, "those are others than the page showed"


def test_forget_the_browsers(helper: Person, wanting: Person) -> None:
    press(helper, wanting, "browsers")
    assert not TrustedBrowser.objects.exists()


def test_sign_out_everywhere(helper: Person, wanting: Person) -> None:
    press(helper, wanting, "sessions")
    assert not wanting.is_in()
    assert TrustedBrowser.objects.exists()


def test_remove_one_app_password_or_all(helper: Person, wanting: Person) -> None:
    assert wanting.user
    for name in ("iPhone", "Office"):
        app_passwords.create(wanting.user, name)
    page = press(helper, wanting, "app_password", str(AppPassword.objects.get(name="iPhone").pk))
    assert "专用密码已移除" in page
    assert set(AppPassword.objects.values_list("name", flat=True)) == {"Foxmail", "Office"}
    assert "已移除 2 个" in press(helper, wanting, "app_passwords")
    assert not AppPassword.objects.exists()


@pytest.mark.bypass("row 26: NC-SA-2018-001: an app password of somebody else")
def test_another_persons_rows_are_not_reached(helper: Person, wanting: Person, make_user: MakeUser) -> None:
    other = make_user("other")
    made = app_passwords.create(other, "Theirs")
    assert isinstance(made, tuple)
    ban = Ban.objects.create(network="127.0.0.1", account=other.username, until=timezone.now() + timedelta(hours=1))
    before = everything()
    press(helper, wanting, "app_password", str(made[0].pk))
    press(helper, wanting, "lift", str(ban.pk))
    assert not changed(before)


def test_end_the_pause(helper: Person, wanting: Person) -> None:
    press(helper, wanting, "end_pause")
    user = User.objects.get(username="wangwu@example.edu")
    assert (user.wrong_codes, user.codes_paused_until) == (0, None)


def test_lift_the_ban_that_hits_her(helper: Person, wangwu: Person) -> None:
    for n in range(10):
        wangwu.enter_password(f"wrong {n}")
    assert wangwu.enter_password().status_code == 429
    page = helper.get(path(wangwu), REMOTE_ADDR="192.0.2.200").content.decode()
    assert "127.0.0.1" in page
    lifted = press_from(helper, "192.0.2.200", wangwu, "lift")
    assert "已解除对 127.0.0.1 的封禁" in lifted
    assert wangwu.enter_password().status_code == 302
    assert Ban.objects.get().lifted_by == helper.user


def press_from(clerk: Person, address: str, person: Person, act: str) -> str:
    clerk.defaults["REMOTE_ADDR"] = address
    return press(clerk, person, act)


def test_nobody_helps_himself(office: Person) -> None:
    """One's own account asks for one's own phone, as everybody's does."""
    page = office.get(path(office)).content.decode()
    assert 'name="act"' not in page
    before = everything()
    for act in ACTS:
        assert office.post(path(office), {"act": act, "version": "1", **WHY}).status_code == 403
    assert not changed(before)


@pytest.mark.bypass("row 38: a button by GET, or without its token")
def test_buttons_are_posts_with_their_token(office: Person, wanting: Person) -> None:
    before = everything()
    office.get(path(wanting), {"act": "unbind", "version": str(Phone.objects.get(user=wanting.user).pk), **WHY})
    office.handler.enforce_csrf_checks = True
    assert office.post(path(wanting), {"act": "sessions", "version": "now", **WHY}).status_code == 403
    assert office.post("/admin/find/", {"q": "wangwu"}).status_code == 403
    assert not changed(before)


@pytest.mark.parametrize("act", ["", "nonsense", "do", "__class__"])
def test_a_button_that_is_none(office: Person, wangwu: Person, act: str) -> None:
    assert office.post(path(wangwu), {"act": act, **WHY}).status_code == 404


@pytest.mark.share(6)
@pytest.mark.parametrize("held", ["", "x", "9" * 40, "1,2,3", "-1", "１"])
@pytest.mark.parametrize("act", ["help_code", "lift", "app_password", "way", "unbind", "test", "number", "password"])
def test_what_was_seen_may_be_nonsense(office: Person, wanting: Person, act: str, held: str) -> None:
    before = everything()
    assert office.post(path(wanting), {"act": act, "version": held, **WHY}).status_code in (302, 404)
    assert not changed(before)


def test_who_may_only_look_sees_no_buttons(make_user: MakeUser, wangwu: Person) -> None:
    user = make_user("auditor", phone="13700137008", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_user"))
    auditor = Person(user)
    auditor.sign_in()
    page = auditor.get(path(wangwu)).content.decode()
    assert 'name="act"' not in page
    before = everything()
    for act in ACTS:
        assert auditor.post(path(wangwu), {"act": act, "version": "1", **WHY}).status_code == 403
    assert not changed(before)
