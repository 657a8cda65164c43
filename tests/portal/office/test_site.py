"""Who may see what of the administration."""

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.utils import timezone
from pytest_django import Settings

from accounts.bans import bans
from accounts.bans.models import Ban
from accounts.delivery.gateways import memory
from accounts.delivery.models import Sms
from accounts.factors.models import Authenticator
from accounts.log.models import SecurityEvent
from accounts.phones.models import Phone
from accounts.users.models import User
from portal.office import index
from tests.conftest import MakeUser
from tests.kit.apps import add_app
from tests.kit.paperwork import BANS, USERS, act, edit, edit_page, pk
from tests.kit.people import NUMBER, OTHER_NUMBER, Person, code_from_phone
from tests.kit.sitemap import Addresses, admin_list, places
from tests.kit.snapshots import changed, everything

ROOMS = ("people", "two_step", "signins", "sms_and_mail", "system")  # of portal/office/admin/, in the order of the jobs

# --- Who -------------------------------------------------------------------------------------------------------------


@pytest.mark.bypass("row 21: a superuser with nothing but the password")
def test_a_password_alone_opens_nothing(clerk: Person) -> None:
    clerk.enter_password()
    assert clerk.get("/admin/").headers["Location"] == "/sign-in/code/"


def test_a_trusted_browser_is_asked_for_a_code(clerk: Person) -> None:
    clerk.sign_in(trust_browser="on")
    clerk.post("/sign-out/")
    clerk.enter_password()
    page = clerk.get("/admin/accounts/user/", follow=True)
    assert page.redirect_chain[-1][0] == "/security/confirm/?next=%2Fadmin%2Faccounts%2Fuser%2F"
    clerk.post("/security/confirm/", {"send": "1"})
    answer = clerk.post("/security/confirm/", {"code": code_from_phone(), "next": "/admin/accounts/user/"})
    assert answer.headers["Location"] == "/admin/accounts/user/"
    assert clerk.get("/admin/accounts/user/").status_code == 200


def test_the_office_may_demand_an_app_of_its_staff(clerk: Person, settings: Settings) -> None:
    settings.SECOND_STEPS_OF_STAFF = ["app"]
    clerk.arrive()
    page = clerk.get("/admin/", follow=True)
    assert page.redirect_chain[-1][0] == "/security/factors/"
    assert "验证器" in page.content.decode()
    add_app(clerk)
    assert clerk.get("/admin/").status_code == 200
    clerk.post("/sign-out/")
    settings.SMS_RESEND_AFTER = timedelta()
    clerk.enter_password()
    clerk.enter_code()
    page = clerk.get("/admin/", follow=True)
    assert page.redirect_chain[-1][0] == "/security/confirm/app/?next=%2Fadmin%2F", "no loop by SMS"


def test_who_is_not_of_the_office_is_told_so(wangwu: Person) -> None:
    wangwu.arrive()
    assert wangwu.get("/admin/", follow=True).status_code == 403


def test_who_leaves_the_office_is_out_at_once(office: Person) -> None:
    User.objects.update(is_staff=False)
    assert office.get("/admin/").status_code == 302


def test_rights_are_asked_for_one_by_one(make_user: MakeUser, wangwu: Person) -> None:
    helper = Person(make_user("helper", phone=OTHER_NUMBER, is_staff=True))
    helper.arrive()
    assert helper.get(USERS).status_code == 403
    assert helper.user
    for name in ("view_user", "view_ban"):
        helper.user.user_permissions.add(Permission.objects.get(codename=name))
    assert helper.get(USERS).status_code == 200
    before = everything()
    for action in ("unbind_phone", "forget_browsers", "switch_two_step_on"):
        act(helper, USERS, action, pk(wangwu), start="2026-01-01")
    ban = Ban.objects.create(network="192.0.2.1", until=timezone.now() + timedelta(hours=1))
    act(helper, BANS, "lift", ban.pk)
    assert bans.banned_until("192.0.2.1", "")
    assert set(changed(before)) == {"bans.Ban"}


# --- Read ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["sms", "mail", "trustedbrowser", "ban", "securityevent", "failure", "maillogin"])
def test_histories_are_only_read(office: Person, wangwu: Person, model: str) -> None:
    phone = Phone.objects.get(user=wangwu.user)
    assert wangwu.user
    page_of = admin_list(model)
    row = Addresses(wangwu.user, phone).rows[page_of.removeprefix("/admin/").strip("/")]
    before = everything()
    for page in (f"{row}/change/", f"{row}/delete/", "add/"):
        assert office.post(f"{page_of}{page}", {"post": "yes", "_save": "1"}).status_code == 403
    act(office, page_of, "delete_selected", row, post="yes")
    assert not changed(before)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("8000", True),
        ("wangwu", True),
        ("王五", True),
        ("9000", False),
        (NUMBER, False),
        (f"+86{NUMBER}", False),
        ("138", False),
    ],
)
def test_search_by_name_or_the_last_four_digits(office: Person, wangwu: Person, asked: str, found: bool) -> None:
    page = office.get(USERS, {"q": asked}).content.decode()
    assert ("wangwu@example.edu" in page) is found


@pytest.mark.parametrize(("two_step", "found"), [("on", 1), ("later", 0), ("off", 1), ("no_way", 1)])
def test_filter_by_two_step(office: Person, zhangsan: Person, lisi: Person, two_step: str, found: int) -> None:
    page = office.get(USERS, {"two_step": two_step}).content.decode()
    names = {name for name in ("zhangsan@example.edu", "lisi@example.edu") if name in page}
    assert len(names) == found


@pytest.mark.parametrize(("way", "found"), [("phone", "wangwu"), ("app", "zhangsan"), ("none", "lisi"), ("x", "")])
def test_filter_by_ways(office: Person, wangwu: Person, zhangsan: Person, lisi: Person, way: str, found: str) -> None:
    Authenticator.objects.create(user=zhangsan.user, name="FreeOTP", key=b"sealed", last_step=0)
    page = office.get(USERS, {"way": way}).content.decode()
    names = {name for name in ("wangwu", "zhangsan", "lisi") if f"{name}@example.edu" in page}
    assert names == ({found} if found else {"wangwu", "zhangsan", "lisi"})


@pytest.mark.bypass("row 42: a code or a number where many can read it")
def test_no_page_shows_a_code_or_a_whole_number(office: Person, wangwu: Person) -> None:
    assert wangwu.user
    wangwu.sign_in(trust_browser="on")
    wangwu.post("/security/phone/change/")
    wangwu.post("/security/phone/change/", {"code": code_from_phone()})
    wangwu.post("/security/phone/change/", {"number": OTHER_NUMBER})
    wangwu.post("/security/phone/change/", {"code": code_from_phone(OTHER_NUMBER)})
    wangwu.post("/security/phone/unbind/")  # this one is still good
    codes = {sms.code for sms in memory.outbox if sms.code}
    nonces = set(Sms.objects.exclude(nonce="").values_list("nonce", flat=True))
    addresses = Addresses(wangwu.user, Phone.objects.get(user=wangwu.user))
    pages = [
        addresses.of(place) for place in places() if place.route.startswith("admin/") and "logout" not in place.route
    ]
    for model, rows in (("sms", Sms.objects.filter(nonce__gt="n")), ("securityevent", SecurityEvent.objects.all())):
        pages += [f"{admin_list(model)}{row.pk}/change/" for row in rows]
    for path in pages:
        text = office.get(path).content.decode()
        digits = re.sub(r"[ \-]", "", text)
        assert NUMBER not in digits, path
        assert OTHER_NUMBER not in digits, path
        assert not codes & set(re.findall(r"(?<!\d)\d{6}(?!\d)", text)), path
        assert not any(nonce in text for nonce in nonces), path


@pytest.mark.parametrize(
    "asked",
    [
        "sms/?number__startswith=%2B86138",
        "sms/?nonce__startswith=0",
        "sms/?user__password__startswith=a",
        "trustedbrowser/?digest__startswith=0",
        "user/?phone__number__startswith=%2B86138",
        "user/?password__startswith=a",
        "user/?phone__number__regex=8",
        "mail/?user__phone__number__startswith=%2B86138",
    ],
)
def test_a_list_is_narrowed_by_nothing_that_it_does_not_show(office: Person, wangwu: Person, asked: str) -> None:
    """Or a number could be asked for digit by digit."""
    name, _slash, query = asked.partition("/")
    assert office.get(f"{admin_list(name)}{query}").status_code in (302, 400)


# --- Power -----------------------------------------------------------------------------------------------------------


def test_only_who_has_all_rights_gives_rights(make_user: MakeUser, wangwu: Person) -> None:
    make_user("root", is_superuser=True)
    helper = make_user("desk", phone="13700137001", is_staff=True)
    helper.user_permissions.add(*Permission.objects.filter(codename__in=["view_user", "change_user"]))
    desk = Person(helper)
    desk.arrive()
    assert "root@example.edu" not in desk.get("/admin/accounts/user/").content.decode()
    assert 'name="is_superuser"' not in desk.get(edit_page(wangwu)).content.decode()
    assert edit(desk, wangwu, name="W", is_superuser="on", is_staff="on").status_code == 302
    person = User.objects.get(pk=pk(wangwu))
    assert (person.name, person.is_superuser, person.is_staff) == ("W", False, False)


def test_a_clerk_has_no_power_over_colleagues(make_user: MakeUser) -> None:
    """Whoever sets a colleague's password or unbinds the phone has the colleague's rights."""
    colleague = make_user("colleague", phone=OTHER_NUMBER, is_staff=True)
    helper = make_user("desk", phone="13700137001", is_staff=True)
    helper.user_permissions.add(*Permission.objects.filter(codename__in=["view_user", "change_user", "help_people"]))
    desk = Person(helper)
    desk.arrive()
    assert desk.get(f"{USERS}{colleague.pk}/change/").status_code == 302
    assert desk.get(f"{USERS}{colleague.pk}/password/").status_code == 403
    act(desk, USERS, "unbind_phone", colleague.pk)
    assert Phone.objects.filter(user=colleague).exists()


def test_every_list_stands_in_one_job(office: Person) -> None:
    listed = [model for _name, models in index.JOBS for model in models]
    assert len(listed) == len(set(listed))
    assert set(listed) == set(admin.site._registry)
    text = office.get("/admin/").content.decode()
    headings = re.findall(r"<caption>\s*<[^>]*>\s*([^<]+?)\s*<", text)
    assert headings == [str(name) for name, _models in index.JOBS]


def test_the_pages_of_one_job_stand_in_one_room() -> None:
    """Who looks for the source of a page finds it where a clerk finds the page."""
    for room, (_name, models) in zip(ROOMS, index.JOBS, strict=True):
        pages = {type(admin.site._registry[model]).__module__ for model in models}
        assert {page.split(".")[3] for page in pages} == {room}


def test_a_job_without_a_list_that_one_may_see_is_not_shown(make_user: MakeUser) -> None:
    helper = make_user("desk", phone="13700137001", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="view_ban"))
    desk = Person(helper)
    desk.arrive()
    jobs = desk.get("/admin/").context["app_list"]
    assert [[entry["object_name"] for entry in job["models"]] for job in jobs] == [["Ban"]]


def test_the_way_back_names_the_job_and_then_the_list(office: Person) -> None:
    """No word stands there twice, and the job leads to all of its lists."""
    for name, models in index.JOBS:
        for model in models:
            meta = model._meta
            page = office.get(f"/admin/{meta.app_label}/{meta.model_name}/").content.decode()
            crumbs = page.partition('class="breadcrumbs"')[2].partition("</ol>" if "<ol" in page else "</div>")[0]
            words = [word.strip(" \n›") for word in re.sub(r"<[^>]*>|&rsaquo;", "\n", crumbs).split("\n")]
            shown = [word for word in words if word and not word.startswith(">")]
            assert shown[1] == str(name), shown
            assert len(set(shown)) == len(shown), shown
            lists = office.get(f"/admin/{meta.app_label}/").context["app_list"]
            assert [entry["model"] for job in lists for entry in job["models"]] == list(models)
