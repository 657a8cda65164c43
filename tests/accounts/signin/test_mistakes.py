"""What a page says after a mistake, and what it offers next."""

import html
import re
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery.models import Sms
from accounts.lib import clock
from tests.kit.people import NUMBER, PASSWORD, Person, code_from_phone


def seen(answer: Any) -> str:
    """Without its tags."""
    return html.unescape(re.sub(r"\s+", " ", re.sub("<[^>]*>", "", answer.content.decode())))


def wrong(name: str, times: int, **browser: Any) -> list[Any]:
    person = Person(**browser)
    return [person.enter_password(f"not this one {n}", name=name) for n in range(times)]


def change(person: Person, old: str) -> Any:
    new = "a-new-staple-2026"
    entered = {"old_password": old, "new_password": new, "new_password_again": new}
    return person.post("/security/password/", entered)


@pytest.mark.parametrize("name", ["lisi", "nobody-of-that-name"])
def test_the_last_tries_are_counted_down_whoever_it_is(lisi: Person, name: str) -> None:
    answers = wrong(name, 10)
    assert ["还可以再试" in seen(answer) for answer in answers] == [False] * 6 + [True] * 3 + [False]
    for left, answer in zip((3, 2, 1), answers[6:9], strict=True):
        assert f"还可以再试 {left} 次" in seen(answer)
    assert answers[9].status_code == 429


def test_what_does_not_count_is_not_counted_down(lisi: Person, settings: Settings) -> None:
    settings.BAN_COUNTS_REPEATS = False
    person = Person()
    answers = [person.enter_password("always the same", name="lisi") for _ in range(9)]
    assert not any("还可以再试" in seen(answer) for answer in answers)


def test_in_a_shared_network_each_account_is_counted_by_itself(
    lisi: Person, wangwu: Person, settings: Settings
) -> None:
    settings.SHARED_NETWORKS = [ip_network("192.0.2.0/24")]
    answers = wrong("lisi", 8, REMOTE_ADDR="192.0.2.9")
    assert "还可以再试 2 次" in seen(answers[-1])
    assert "还可以再试" not in seen(wrong("wangwu", 1, REMOTE_ADDR="192.0.2.9")[0])


def test_a_wrong_present_password_warns_too(lisi: Person) -> None:
    lisi.sign_in()
    for n in range(9):
        answer = change(lisi, f"not this one {n}")
    assert "还可以再试 1 次" in seen(answer)


def test_the_ban_page_leads_nowhere_before_its_time(lisi: Person) -> None:
    answer = wrong("lisi", 10)[-1]
    page = answer.content.decode()
    assert re.search(r'data-seconds="3[56]\d\d"', page)
    way_on = re.search(r'<a[^>]*href="/sign-in/"[^>]*>', page)
    assert way_on
    assert " hidden" in way_on[0]


def test_who_is_in_is_led_back_from_a_ban(lisi: Person) -> None:
    lisi.sign_in()
    wrong("lisi", 10)
    answer = change(lisi, PASSWORD)
    assert answer.status_code == 429
    assert "您在此浏览器中仍处于登录状态" in seen(answer)
    assert lisi.is_in()


def test_a_forgotten_password(lisi: Person, settings: Settings) -> None:
    settings.SUPPORT_CONTACT = "010-6233-0000"
    assert "忘记密码？" in seen(Person().get("/sign-in/"))
    first, second = wrong("lisi", 2)
    insisting = re.compile(r'class="alert alert-info">\s*<p>\s*忘记密码')
    assert not insisting.search(first.content.decode())
    assert insisting.search(second.content.decode())
    assert 'href="tel:' in second.content.decode()
    settings.PASSWORD_RESET_URL = "https://id.example.edu/forgotten"
    assert 'href="https://id.example.edu/forgotten"' in Person().get("/sign-in/").content.decode()


def test_each_password_can_be_shown(lisi: Person) -> None:
    assert Person().get("/sign-in/").content.decode().count('aria-pressed="false"') == 1
    lisi.sign_in()
    page = lisi.get("/security/password/").content.decode()
    buttons = re.findall(r"<button[^>]*reveal[^>]*>", page)
    assert len(buttons) == 3
    assert all('type="button"' in button and " hidden" in button for button in buttons)


def test_only_what_is_meant_is_sent_by_itself(wangwu: Person) -> None:
    """A code to unbind is not: there the button says what is meant."""
    wangwu.enter_password()
    assert "data-sends" in wangwu.get("/sign-in/code/").content.decode()
    wangwu.enter_code()
    Sms.objects.update(created_at=timezone.now() - timedelta(hours=2))
    wangwu.post("/security/phone/unbind/", {"send": "1"})
    page = wangwu.get("/security/phone/unbind/").content.decode()
    assert 'name="code"' in page
    assert "data-sends" not in page


def test_after_the_last_guess_the_button_is_what_to_press(wangwu: Person, settings: Settings) -> None:
    wangwu.enter_password()
    right = code_from_phone()
    settings.SMS_RESEND_AFTER = timedelta(0)
    for n in range(1, settings.SMS_CODE_TRIES + 1):
        answer = wangwu.post("/sign-in/code/", {"code": f"{(int(right) + n) % 1_000_000:06}"})
    focused = re.findall(r"<(?:input|button)[^>]* autofocus[^>]*>", answer.content.decode())
    assert len(focused) == 1
    assert 'name="send"' in focused[0]
    assert "btn-primary" in focused[0]


def test_a_number_is_shown_as_it_is_read(zhangsan: Person) -> None:
    zhangsan.enter_password()
    zhangsan.post("/sign-in/phone/", {"number": NUMBER, "agreed": "on"})
    assert 'value="138 0013 8000"' in zhangsan.get("/sign-in/phone/").content.decode()


def test_a_browser_is_trusted_with_the_first_code(zhangsan: Person) -> None:
    zhangsan.enter_password()
    zhangsan.post("/sign-in/phone/", {"number": NUMBER, "agreed": "on"})
    zhangsan.post("/sign-in/phone/", {"code": code_from_phone(), "trust_browser": "on"})
    zhangsan.post("/sign-out/")
    assert zhangsan.enter_password().headers["Location"] == "/"


def test_a_code_page_that_was_left_open_overnight_is_told_so(wangwu: Person, settings: Settings) -> None:
    """Its session is deleted, and the code with it: the sign-in page alone would be a riddle."""
    wangwu.enter_password()
    code = code_from_phone()
    with time_machine.travel(timezone.now() + timedelta(hours=9)):
        wangwu.cookies.pop(settings.SESSION_COOKIE_NAME)
        page = wangwu.post("/sign-in/code/", {"code": code}, follow=True).content.decode()
    assert "登录已超时" in page
    assert not wangwu.is_in()


def test_an_expired_code_tells_of_which_day_it_was(wangwu: Person) -> None:
    tomorrow = timezone.localdate() + timedelta(days=1)
    with time_machine.travel(clock.midnight(tomorrow) + timedelta(hours=4)):
        wangwu.enter_password()
        long_ago = timezone.now() - timedelta(hours=9)
        Sms.objects.update(created_at=long_ago, expires_at=long_ago + timedelta(minutes=5))
        page = wangwu.get("/sign-in/code/").content.decode()
    assert f"{clock.day(tomorrow - timedelta(days=1))} 19:00:00 请求发送至" in page
