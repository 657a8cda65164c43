"""The directory's numbers: offered masked, proven by a code, and first where the office trusts them."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery.gateways import memory
from accounts.factors.models import Authenticator
from accounts.log.models import SecurityEvent
from accounts.phones import phones, tasks
from accounts.phones.models import Phone, Suggestion
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.asking import other_than
from tests.kit.people import NUMBER, OTHER_NUMBER, Person, code_from_phone

BIND, CHOOSE, APP = "/sign-in/phone/", "/security/phone/", "/sign-in/app/new/"
SEND = {"suggested": "1", "send": "1", "agreed": "on"}


@pytest.fixture(autouse=True)
def _from_the_directory(settings: Settings) -> None:
    settings.LDAP_ATTRIBUTES = settings.LDAP_ATTRIBUTES | {"phone": "mobile"}


@pytest.fixture
def trusted(settings: Settings) -> None:
    settings.LDAP_PHONES_TRUSTED_SINCE = timezone.localdate()
    settings.LDAP_PHONES_TRUSTED_FOR = ["财务处"]


def known(user: User | None, number: str = NUMBER) -> None:
    assert user
    Suggestion.objects.create(user=user, number=f"+86{number}")
    User.objects.filter(pk=user.pk).update(department="财务处")


def number_of(person: Person) -> str | None:
    phone = Phone.objects.filter(user=person.user).first()
    return str(phone.number) if phone else None


def halfway(person: Person, number: str = NUMBER) -> str:
    """The page on which a phone is bound."""
    known(person.user, number)
    person.enter_password()
    return person.get(BIND).text


def is_shown(number: str, page: str) -> bool:
    """In whichever way it is written."""
    return number in page.replace(" ", "").replace("-", "")


# --- A suggestion -----------------------------------------------------------------------------------------------------


def test_it_is_offered_masked_and_bound_by_its_code(zhangsan: Person) -> None:
    page = halfway(zhangsan)
    assert "138****8000" in page
    assert not is_shown(NUMBER, page)
    assert not memory.outbox
    zhangsan.post(BIND, SEND)
    zhangsan.post(BIND, {"code": other_than(code_from_phone(NUMBER))})
    assert number_of(zhangsan) is None
    assert not zhangsan.is_in()
    assert not is_shown(NUMBER, zhangsan.get(BIND).text)
    zhangsan.post(BIND, {"code": code_from_phone(NUMBER)})
    assert number_of(zhangsan) == f"+86{NUMBER}"
    assert zhangsan.is_in()
    assert SecurityEvent.objects.get(kind="phone_bound").detail == {"number": "138****8000"}


def test_another_number_may_be_typed(zhangsan: Person) -> None:
    halfway(zhangsan)
    zhangsan.post(BIND, {"number": OTHER_NUMBER, "agreed": "on"})
    assert is_shown(OTHER_NUMBER, zhangsan.get(BIND).text)
    zhangsan.post(BIND, {"code": code_from_phone(OTHER_NUMBER)})
    assert number_of(zhangsan) == f"+86{OTHER_NUMBER}"


def test_nobody_is_offered_anothers(zhangsan: Person, make_user: MakeUser) -> None:
    known(make_user("somebody"))
    zhangsan.enter_password()
    zhangsan.post(BIND, SEND)
    assert not memory.outbox
    assert "138****8000" not in zhangsan.get(BIND).text


@pytest.mark.parametrize("number", ["2162123456", "13800"])
def test_what_gets_no_sms_is_not_offered(zhangsan: Person, number: str) -> None:
    assert 'name="suggested"' not in halfway(zhangsan, number)


def test_a_number_that_serves_enough_mailboxes_is_not_offered(zhangsan: Person, make_user: MakeUser) -> None:
    for name in map(str, Phone.slots()):
        make_user(f"p{name}", phone=NUMBER)
    assert 'name="suggested"' not in halfway(zhangsan)


def test_the_office_takes_them_no_longer(zhangsan: Person, settings: Settings) -> None:
    settings.LDAP_ATTRIBUTES = {name: value for name, value in settings.LDAP_ATTRIBUTES.items() if name != "phone"}
    assert 'name="suggested"' not in halfway(zhangsan)
    tasks.delete_expired()
    assert not Suggestion.objects.exists()


# --- Trusted ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("trusted")
def test_who_knows_the_password_alone_begins_with_no_other(zhangsan: Person) -> None:
    """By each way in: the page, what it does not show, another way, and a session of before two-step."""
    page = halfway(zhangsan)
    assert 'name="number"' not in page
    assert APP not in page
    zhangsan.post(BIND, {"number": OTHER_NUMBER, "agreed": "on"})
    assert {sms.to for sms in memory.outbox} == {f"+86{NUMBER}"}
    assert zhangsan.get(APP).headers["Location"] == BIND
    assert zhangsan.post(APP, {"code": "123456"}).headers["Location"] == BIND
    zhangsan.post(BIND, {"code": code_from_phone(NUMBER)})
    assert number_of(zhangsan) == f"+86{NUMBER}"
    detail = SecurityEvent.objects.get(kind="phone_bound").detail
    assert detail == {"number": "138****8000", "trusted_since": str(timezone.localdate())}


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("page", ["/security/factors/app/", "/security/factors/passkeys/"])
def test_nor_who_is_in_before_two_step(lisi: Person, page: str) -> None:
    known(lisi.user)
    lisi.enter_password()
    assert lisi.get(page).headers["Location"] == CHOOSE
    assert lisi.post(page, {"code": "123456"}).headers["Location"] == CHOOSE
    lisi.post(CHOOSE, {"number": OTHER_NUMBER, "agreed": "on"})
    assert {sms.to for sms in memory.outbox} == {f"+86{NUMBER}"}
    assert not Authenticator.objects.exists()


@pytest.mark.usefixtures("trusted")
def test_a_number_that_was_typed_before_the_directory_had_one(zhangsan: Person) -> None:
    zhangsan.enter_password()
    zhangsan.post(BIND, {"number": OTHER_NUMBER, "agreed": "on"})
    known(zhangsan.user)
    zhangsan.post(BIND, {"code": code_from_phone(OTHER_NUMBER)})
    assert number_of(zhangsan) is None
    user = User.objects.get(username="zhangsan@example.edu")
    assert phones.bind(user, f"+86{OTHER_NUMBER}") is phones.Refusal.NOT_THE_FIRST


@pytest.mark.usefixtures("trusted")
def test_who_has_a_second_step_changes_as_before(wangwu: Person) -> None:
    known(wangwu.user, OTHER_NUMBER)
    wangwu.arrive()
    assert wangwu.get("/security/factors/app/").status_code == 200


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("why_not", ["later", "department"])
def test_not_before_its_day_and_not_for_others(zhangsan: Person, settings: Settings, why_not: str) -> None:
    if why_not == "later":
        settings.LDAP_PHONES_TRUSTED_SINCE += timedelta(days=1)
    else:
        settings.LDAP_PHONES_TRUSTED_FOR = ["物理学院"]
    assert 'name="number"' in halfway(zhangsan)
