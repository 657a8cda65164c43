"""What an attacker tries with several ways: the weaker one, another's, or none at all."""

from datetime import timedelta

import pytest
import time_machine
from pytest_django import Settings

from accounts.delivery.gateways import memory
from accounts.factors.models import Authenticator
from accounts.phones.models import Phone
from accounts.users.models import User
from tests.kit.apps import AT_SIGN_IN, STEP, add_app, shows
from tests.kit.people import NUMBER, OTHER_NUMBER, Person

pytestmark = pytest.mark.django_db

CODE, BIND, PHONE = "/sign-in/code/", "/sign-in/phone/", "/security/phone/"


@pytest.mark.bypass("downgrade to SMS by an attacker")
def test_where_the_office_takes_no_sms_nobody_comes_in_by_it(
    wangwu: Person, settings: Settings, clock: time_machine.Traveller
) -> None:
    wangwu.arrive()
    key = add_app(wangwu)
    wangwu.post("/sign-out/")
    settings.SECOND_STEPS = settings.SECOND_STEPS_ALONE = settings.SECOND_STEPS_TO_BEGIN = ["app"]
    clock.shift(2 * STEP)
    sent = len(memory.outbox)
    assert wangwu.enter_password().headers["Location"] == "/sign-in/app/"
    for page in (CODE, BIND):
        assert wangwu.get(page).headers["Location"] == "/sign-in/app/"
        assert (
            wangwu.post(page, {"send": "1", "number": OTHER_NUMBER, "agreed": "on"}).headers["Location"]
            == "/sign-in/app/"
        )
    assert len(memory.outbox) == sent
    wangwu.post("/sign-in/app/", {"code": shows(key)})
    assert wangwu.is_in()
    assert wangwu.get("/security/confirm/").headers["Location"].startswith("/security/confirm/app/")
    assert wangwu.post("/security/phone/change/", {"send": "1"}).status_code == 404
    assert "/security/phone/change/" not in wangwu.get(PHONE).content.decode()
    assert len(memory.outbox) == sent


def test_there_two_step_begins_with_an_app(zhangsan: Person, settings: Settings) -> None:
    settings.SECOND_STEPS = settings.SECOND_STEPS_ALONE = settings.SECOND_STEPS_TO_BEGIN = ["app"]
    assert zhangsan.enter_password().headers["Location"] == AT_SIGN_IN
    assert zhangsan.post(BIND, {"number": NUMBER, "agreed": "on"}).headers["Location"] == AT_SIGN_IN
    add_app(zhangsan, page=AT_SIGN_IN)
    assert zhangsan.is_in()
    assert zhangsan.post(PHONE, {"number": NUMBER, "agreed": "on"}).status_code == 404


@pytest.mark.bypass("downgrade to SMS by an attacker: a session that was left open")
def test_a_session_alone_adds_no_phone_to_an_app(zhangsan: Person, clock: time_machine.Traveller) -> None:
    zhangsan.enter_password()
    add_app(zhangsan, page=AT_SIGN_IN)
    clock.shift(timedelta(minutes=11))
    sent = len(memory.outbox)
    assert zhangsan.get(PHONE).headers["Location"].startswith("/security/confirm/app/")
    assert (
        zhangsan.post(PHONE, {"number": NUMBER, "agreed": "on"})
        .headers["Location"]
        .startswith("/security/confirm/app/")
    )
    assert len(memory.outbox) == sent
    assert not Phone.objects.exists()


@pytest.mark.bypass("passwordless by accident")
def test_no_way_opens_anything_without_the_password(wangwu: Person, clock: time_machine.Traveller) -> None:
    wangwu.arrive()
    key = add_app(wangwu)
    clock.shift(2 * STEP)
    stranger = Person(wangwu.user)
    for page in ("/sign-in/app/", AT_SIGN_IN, CODE, BIND, "/sign-in/help/"):
        assert stranger.post(page, {"code": shows(key), "username": "wangwu@example.edu"}).headers["Location"] == (
            "/sign-in/"
        )
    assert not stranger.is_in()
    assert User.objects.get(username="wangwu@example.edu").wrong_codes == 0
    assert Authenticator.objects.get().last_used_at
