"""The QR code that takes a phone to a profile: shown at the computer, opened on the phone, once and soon."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as site
from django.utils import timezone
from pytest_django import Settings

from accounts.log.models import SecurityEvent
from accounts.phones import phones
from accounts.users.models import User
from apppasswords import last_use, passwords, tasks
from apppasswords.maillogin import decision
from apppasswords.models import AppPassword, ProfileLink
from apppasswords.setup import links
from tests.apppasswords.setup.test_profiles import PAGE, logs_in
from tests.kit import apple
from tests.kit.people import IPHONE, OTHER_NUMBER, PASSWORD, Person, code_from_phone
from tests.kit.snapshots import changed, everything

OPEN = "/profile/"
WECHAT = f"{IPHONE} MicroMessenger/8.0.50"
GONE = "二维码已失效"


def token_of(user: User, name: str = "iPhone") -> str:
    made = links.make(user, name)
    assert isinstance(made, tuple)
    return made[1]


@pytest.fixture
def owner(wangwu: Person) -> Person:
    """Somebody at the computer who has just entered a code."""
    wangwu.arrive()
    return wangwu


@pytest.fixture
def user(owner: Person) -> User:
    assert owner.user
    return owner.user


@pytest.fixture
def token(user: User) -> str:
    return token_of(user)


@pytest.fixture
def phone() -> Person:
    return scanner()


def scanner(agent: str = IPHONE) -> Person:
    return Person(HTTP_USER_AGENT=agent, REMOTE_ADDR="198.51.100.7")


def scan(phone: Person, token: str) -> Any:
    return phone.get(f"/profile/{token}/", follow=True)


# --- The phone --------------------------------------------------------------------------------------------------------


def test_the_phone_gets_its_profile_without_signing_in(phone: Person, user: User, token: str) -> None:
    first = phone.get(f"/profile/{token}/")
    assert first.headers["Location"] == OPEN
    assert first.headers["Referrer-Policy"] == "no-referrer"
    cookie = phone.cookies[site.PROFILE_LINK_COOKIE_NAME]
    assert cookie["httponly"]
    assert (cookie["samesite"], cookie["path"], cookie["max-age"]) == ("Lax", "/", 300)

    page = phone.get(OPEN).content.decode()
    assert "w***@example.edu" in page
    assert "wangwu" not in page
    assert "王五" not in page
    assert token not in page

    response = phone.post(OPEN)
    _, account = apple.read(response.content)
    assert response.headers["Content-Type"] == "application/x-apple-aspen-config"
    assert response.headers["Cache-Control"] == "no-store"
    assert logs_in(user, account["IncomingPassword"])
    assert AppPassword.objects.get().name == "iPhone"
    assert SecurityEvent.objects.get(kind="app_password_created").address == "198.51.100.7"
    assert phone.get("/").status_code == 302, "the phone is signed in nowhere"


def test_it_works_once(phone: Person, token: str) -> None:
    scan(phone, token)
    assert phone.post(OPEN).status_code == 200
    for somebody in (phone, scanner()):
        scan(somebody, token)
        for response in (somebody.get(OPEN), somebody.post(OPEN)):
            assert response.status_code == 404
            assert GONE in response.content.decode()
    assert AppPassword.objects.count() == 1


def test_previews_and_scanners_change_nothing(phone: Person, token: str) -> None:
    before = everything()
    for agent in ("WhatsApp/2.23", "Slackbot-LinkExpanding 1.0", WECHAT, IPHONE):
        for method in ("get", "head"):
            preview = scanner(agent)
            getattr(preview, method)(f"/profile/{token}/", follow=True)
    assert not changed(before)
    scan(phone, token)
    assert phone.post(OPEN).status_code == 200


def test_what_cannot_be_taken_looks_the_same(user: User, token: str) -> None:
    """Unknown, expired, used: nobody learns which."""
    used, expired = token_of(user, "used"), token_of(user, "expired")
    links.take(used)
    ProfileLink.objects.filter(name="expired").update(expires_at=timezone.now())
    pages = set()
    for wrong in (used, expired, "A" * 43, "short"):
        stranger = scanner()
        for response in (scan(stranger, wrong), stranger.post(OPEN)):
            assert response.status_code == 404
            pages.add(re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode()))
    pages.add(re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", scanner().get(OPEN).content.decode()))
    assert len(pages) == 1
    assert AppPassword.objects.count() == 1


def test_it_lives_for_five_minutes(phone: Person, token: str) -> None:
    scan(phone, token)
    with time_machine.travel(timezone.now() + timedelta(seconds=301)):
        assert phone.get(OPEN).status_code == 404
        assert phone.post(OPEN).status_code == 404
    assert not AppPassword.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(seconds=290)):
        scan(phone, token)
        assert phone.post(OPEN).status_code == 200


def _unbind(user: User) -> None:
    bound = phones.of(user)
    assert bound
    phones.unbind(bound)


def _change_phone(user: User) -> None:
    bound = phones.of(user)
    assert bound
    phones.change(bound, f"+86{OTHER_NUMBER}")


def _change_password(user: User) -> None:
    user.set_password("another-staple-2026")
    user.save()


ENDS: dict[str, Callable[[User], object]] = {
    "sign out everywhere": User.end_sessions,
    "unbind": _unbind,
    "change the phone": _change_phone,
    "change the password": _change_password,
    "remove all app passwords": passwords.remove_all,
    "disable": lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
    "two-step off": lambda user: User.objects.filter(pk=user.pk).update(two_step_from=None),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_it_ends_with_what_it_hangs_on(phone: Person, user: User, token: str, end: Callable[[User], object]) -> None:
    scan(phone, token)
    end(user)
    assert phone.get(OPEN).status_code == 404
    assert phone.post(OPEN).status_code == 404
    assert not AppPassword.objects.exists()


def test_no_room_leaves_it_for_later(phone: Person, user: User, token: str, settings: Settings) -> None:
    settings.APP_PASSWORDS_PER_USER = 1
    made = passwords.create(user, "old")
    assert isinstance(made, tuple)
    scan(phone, token)
    assert "已达上限" in phone.post(OPEN).content.decode()
    passwords.remove(user, made[0].pk)
    assert phone.post(OPEN).status_code == 200
    assert AppPassword.objects.get().name == "iPhone"


def test_in_wechat_the_address_stays_for_safari(phone: Person, token: str) -> None:
    inside = scanner(WECHAT)
    response = inside.get(f"/profile/{token}/")
    assert "Safari" in response.content.decode()
    assert response.headers["Referrer-Policy"] == "strict-origin"
    assert token not in response.content.decode()
    assert site.PROFILE_LINK_COOKIE_NAME not in inside.cookies
    scan(phone, token)
    assert phone.post(OPEN).status_code == 200


def test_other_phones_are_told_at_once(user: User, token: str) -> None:
    page = scan(scanner("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0"), token).content.decode()
    assert "仅适用于 iPhone" in page
    assert ">下载描述文件<" not in page


# --- The computer -----------------------------------------------------------------------------------------------------


def shown_link(response: Any) -> str:
    found = re.search(r'hx-get="([^"]+)"', response.content.decode())
    assert found, response.content.decode()
    return html.unescape(found.group(1))


def test_the_page_tells_what_became_of_it(owner: Person, user: User, settings: Settings) -> None:
    page = owner.post(PAGE, {"name": "iPhone", "qr": "1"})
    assert "no-store" in page.headers["Cache-Control"]
    assert "data:image/svg" in page.content.decode()
    path = shown_link(page)
    poll = {"HX-Request": "true"}
    assert owner.get(path, headers=poll).status_code == 204
    assert "data:image" not in owner.get(path).content.decode(), "shown once"

    link = ProfileLink.objects.get()
    with time_machine.travel(link.expires_at + timedelta(seconds=1)):
        assert "已过期" in owner.get(path, headers=poll).content.decode()

    token = token_of(user)
    path = f"/app-passwords/profile/link/{ProfileLink.objects.latest('pk').pk}/"
    taken = links.take(token, address="198.51.100.7")
    assert isinstance(taken, tuple)
    assert "下载描述文件" in owner.get(f"{path}?state=waiting", headers=poll).content.decode()
    assert owner.get(f"{path}?state=taken", headers=poll).status_code == 204
    row = AppPassword.objects.get()
    last_use.note([last_use.Use(row.pk, "imap", "198.51.100.7", timezone.now())])
    assert "设置成功" in owner.get(f"{path}?state=taken", headers=poll).content.decode()
    assert decision.verify(decision.Login(user.username, taken[1], "imap", "198.51.100.7"))


def test_nobody_sees_what_became_of_another_persons(owner: Person, user: User, lisi: Person) -> None:
    token_of(user)
    assert lisi.user
    lisi.arrive()
    lisi.post("/security/phone/", {"number": OTHER_NUMBER, "agreed": "on"})
    lisi.post("/security/phone/", {"code": code_from_phone(OTHER_NUMBER)})
    assert lisi.get(f"/app-passwords/profile/link/{ProfileLink.objects.get().pk}/").status_code == 404


@pytest.mark.parametrize("name", ["", PASSWORD, "abcd efgh jkmn pqrs", "x" * 61])
def test_a_name_that_is_no_description_makes_no_link(owner: Person, name: str) -> None:
    page = owner.post(PAGE, {"name": name, "qr": "1"}).content.decode()
    assert not ProfileLink.objects.exists()
    assert not name or name not in page


def test_five_wait_at_once(user: User) -> None:
    made = [token_of(user, f"phone {number}") for number in range(7)]
    assert [links.find(token) is not None for token in made] == [False] * 2 + [True] * 5


def test_old_ones_are_deleted_at_night(user: User, token: str) -> None:
    tasks.delete_expired()
    assert ProfileLink.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        tasks.delete_expired()
    assert not ProfileLink.objects.exists()


def test_no_row_and_no_session_holds_the_token(owner: Person, user: User, phone: Person) -> None:
    token = token_of(user)
    scan(phone, token)
    held = str(everything())
    _, account = apple.read(phone.post(OPEN).content)
    held += str(everything())
    assert token not in held
    assert account["IncomingPassword"] not in held
