"""What people are told before they give a number; nothing goes to the SMS provider before they have agreed."""

from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from accounts.delivery.gateways import memory
from accounts.delivery.models import Sms
from accounts.log import sentences
from accounts.log.models import SecurityEvent
from accounts.phones import notice
from accounts.phones.models import Phone, Suggestion
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, OTHER_NUMBER, Person, code_from_phone

BIND, PHONE, CHANGE = "/sign-in/phone/", "/security/phone/", "/security/phone/change/"


def agreements(person: Person) -> list[dict[str, Any]]:
    return [event.detail for event in SecurityEvent.objects.filter(kind="number_agreed", user=person.user)]


def asks(person: Person, page: str) -> bool:
    return 'name="agreed"' in person.get(page).content.decode()


# --- Before


@pytest.mark.parametrize("way", ["forced", "by choice", "of the directory"])
def test_no_number_goes_out_before_its_owner_agrees(
    zhangsan: Person, lisi: Person, settings: Settings, way: str
) -> None:
    person, page = (lisi, PHONE) if way == "by choice" else (zhangsan, BIND)
    number = {"number": NUMBER}
    if way == "of the directory":
        settings.LDAP_ATTRIBUTES = settings.LDAP_ATTRIBUTES | {"phone": "mobile"}
        assert person.user
        Suggestion.objects.create(user=person.user, number=f"+86{NUMBER}")
        number = {"suggested": "1"}
    person.enter_password()
    told = person.post(page, number, headers={"accept-language": "en"}).content.decode()
    assert "Without your consent no code can be sent by SMS." in told
    assert "Error: " in told
    assert not Sms.objects.exists()
    assert not memory.outbox
    assert not agreements(person)

    person.post(page, number | {"agreed": "on"})
    assert agreements(person) == [{"notice": "1.1", "operator": settings.SMS_OPERATOR}]
    person.post(page, {"code": code_from_phone(NUMBER)})
    phone = Phone.objects.get(user=person.user)
    assert notice.of(phone) is not None
    assert phone.agreed_at is not None
    assert phone.agreed_at <= phone.bound_at


def test_the_tick_is_never_there_beforehand(zhangsan: Person) -> None:
    zhangsan.enter_password()
    page = zhangsan.get(BIND).content.decode()
    tick = page[page.index('name="agreed"') - 60 :][:200]
    assert "checked" not in tick
    assert "示例短信公司" in page
    assert 'href="/privacy/"' in page


def test_a_wrong_number_is_no_consent(zhangsan: Person) -> None:
    zhangsan.enter_password()
    page = zhangsan.post(BIND, {"number": "010 6233 0000", "agreed": "on"}).content.decode()
    assert not agreements(zhangsan)
    assert "checked" in page  # his own tick stays


def test_it_is_asked_once(zhangsan: Person) -> None:
    zhangsan.enter_password()
    zhangsan.post(BIND, {"number": NUMBER, "agreed": "on"})
    assert not asks(zhangsan, BIND)
    zhangsan.post(BIND, {"number": OTHER_NUMBER})
    zhangsan.enter_password()  # once more, in the same browser
    assert not asks(zhangsan, BIND)
    zhangsan.post(BIND, {"code": code_from_phone(OTHER_NUMBER)})
    zhangsan.post(CHANGE)
    zhangsan.post(CHANGE, {"code": code_from_phone(OTHER_NUMBER)})
    assert not asks(zhangsan, CHANGE)
    zhangsan.post(CHANGE, {"number": NUMBER})
    zhangsan.post(CHANGE, {"code": code_from_phone(NUMBER)})
    assert notice.of(Phone.objects.get(number=f"+86{NUMBER}")) is not None
    assert len(agreements(zhangsan)) == 1


def test_not_of_somebody_else_in_the_same_browser(zhangsan: Person, make_user: MakeUser) -> None:
    make_user("zhaoliu")
    zhangsan.enter_password()
    zhangsan.post(BIND, {"number": NUMBER, "agreed": "on"})
    zhangsan.enter_password(name="zhaoliu")
    assert asks(zhangsan, BIND)


def test_unbinding_withdraws_it(lisi: Person) -> None:
    lisi.enter_password()
    lisi.post(PHONE, {"number": NUMBER, "agreed": "on"})
    lisi.post(PHONE, {"code": code_from_phone()})
    assert not asks(lisi, PHONE)
    lisi.post("/security/phone/unbind/")
    lisi.post("/security/phone/unbind/", {"code": code_from_phone()})
    assert asks(lisi, PHONE)


# --- Another notice, or another operator


@pytest.mark.parametrize("change", [{"PRIVACY_VERSION": 2}, {"SMS_OPERATOR": "另一家公司"}], ids=["notice", "operator"])
def test_everybody_is_asked_again(wangwu: Person, settings: Settings, change: dict[str, Any]) -> None:
    wangwu.arrive()
    assert not asks(wangwu, PHONE)
    for name, value in change.items():
        setattr(settings, name, value)
    assert 'id="agreement"' in wangwu.get("/").content.decode()
    assert asks(wangwu, PHONE)
    wangwu.post(PHONE, {"agreed": ""})
    assert asks(wangwu, PHONE)

    wangwu.post(PHONE, {"agreed": "on"})
    assert not asks(wangwu, PHONE)
    assert 'id="agreement"' not in wangwu.get("/").content.decode()
    assert agreements(wangwu) == [{"notice": notice.version(), "operator": settings.SMS_OPERATOR}]


def test_who_is_binding_when_it_changes_is_asked_again(zhangsan: Person, settings: Settings) -> None:
    zhangsan.enter_password()
    zhangsan.post(BIND, {"number": NUMBER, "agreed": "on"})
    settings.PRIVACY_VERSION = 2
    zhangsan.post(BIND, {"code": code_from_phone(NUMBER)})
    assert not Phone.objects.exists()
    assert asks(zhangsan, BIND)


def test_who_was_bound_before_anybody_was_asked(wangwu: Person) -> None:
    Phone.objects.update(agreed_at=None, notice="", operator="")
    wangwu.arrive()
    assert asks(wangwu, PHONE)
    assert wangwu.is_in(), "nobody is shut out for that"


# --- In words


def test_the_log_says_it(zhangsan: Person, settings: Settings) -> None:
    zhangsan.enter_password()
    zhangsan.post(BIND, {"number": NUMBER, "agreed": "on"})
    event = SecurityEvent.objects.get(kind="number_agreed")
    assert settings.SMS_OPERATOR in sentences.phrase(event)
    assert NUMBER not in str(event.detail)


def test_an_operator_without_a_name(zhangsan: Person, settings: Settings) -> None:
    settings.SMS_OPERATOR = ""
    zhangsan.enter_password()
    zhangsan.post(BIND, {"number": NUMBER, "agreed": "on"})
    assert agreements(zhangsan) == [{"notice": "1.1"}]
    zhangsan.post(BIND, {"code": code_from_phone(NUMBER)})
    assert notice.of(Phone.objects.get()) is not None


@pytest.mark.django_db
def test_the_page_about_personal_data(settings: Settings, tmp_path: Path) -> None:
    settings.PRIVACY_ADDITIONS = str(tmp_path / "ours.txt")
    (tmp_path / "ours.txt").write_text(
        "个人信息保护负责人：网络中心 <b>主任</b>\n\nOfficer: the director", encoding="utf-8"
    )
    nobody = Person()
    for language, words in (("zh-hans", "个人信息处理说明"), ("en", "About personal data")):
        page = nobody.get("/privacy/", headers={"accept-language": language}).content.decode()
        assert words in page
        assert settings.SMS_OPERATOR in page
        assert f"{settings.EVENT_LIFETIME.days}" in page
        assert "主任" in page
        assert "<b>" not in page
    assert 'href="/privacy/"' in nobody.get("/sign-in/").content.decode()


@pytest.mark.django_db
def test_who_reads_about_personal_data_finds_back(zhangsan: Person) -> None:
    assert 'href="/security/data/"' not in zhangsan.get("/privacy/").content.decode().partition("<h1>")[0]
    zhangsan.sign_in()
    head = zhangsan.get("/privacy/").content.decode().partition("<h1>")[0]
    assert 'href="/security/data/"' in head
    assert "zhangsan@example.edu" in head
