"""Bind, change, unbind: which codes they ask for, what ends with the old phone, and who is told."""

from collections.abc import Callable

import pytest
from django.core import mail
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from accounts.codes import guesses
from accounts.delivery.gateways import memory
from accounts.delivery.models import Sms
from accounts.log.models import SecurityEvent
from accounts.phones import phones
from accounts.phones.models import Phone
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.asking import other_than
from tests.kit.people import NUMBER, OTHER_NUMBER, Person, code_from_phone

CHANGE, UNBIND = "/security/phone/change/", "/security/phone/unbind/"


def number_of(person: Person) -> str | None:
    phone = Phone.objects.filter(user=person.user).first()
    return str(phone.number) if phone else None


def change(person: Person, number: str = OTHER_NUMBER) -> None:
    person.post(CHANGE)
    person.post(CHANGE, {"code": code_from_phone()})
    person.post(CHANGE, {"number": number})
    person.post(CHANGE, {"code": code_from_phone(number)})


def unbind(person: Person) -> None:
    person.post(UNBIND)
    person.post(UNBIND, {"code": code_from_phone()})


# --- Codes -----------------------------------------------------------------------------------------------------------


def test_binding_needs_a_code_to_the_new_number(zhangsan: Person) -> None:
    zhangsan.enter_password()
    zhangsan.post("/sign-in/phone/", {"number": NUMBER, "agreed": "on"})
    zhangsan.post("/sign-in/phone/", {"code": other_than(code_from_phone())})
    assert number_of(zhangsan) is None
    assert not zhangsan.is_in()
    zhangsan.post("/sign-in/phone/", {"code": code_from_phone(NUMBER)})
    assert number_of(zhangsan) == f"+86{NUMBER}"


def test_binding_by_choice(lisi: Person) -> None:
    lisi.arrive()
    lisi.post("/security/phone/", {"number": NUMBER, "agreed": "on"})
    lisi.post("/security/phone/", {"code": code_from_phone(NUMBER)})
    assert number_of(lisi) == f"+86{NUMBER}"
    assert lisi.is_in()


@pytest.mark.bypass("row 12: a code for one number binds another")
@pytest.mark.parametrize("path", ["/sign-in/phone/", "/security/phone/"])
def test_the_number_that_is_bound_is_the_one_that_got_the_code(make_user: MakeUser, path: str) -> None:
    person = Person(make_user("zhangsan", two_step=path == "/sign-in/phone/"))
    person.enter_password()
    person.post(path, {"number": NUMBER, "agreed": "on"})
    code = code_from_phone(NUMBER)
    person.post(path, {"number": OTHER_NUMBER, "code": code})
    assert number_of(person) is None
    person.post(
        path, {"number": OTHER_NUMBER, "agreed": "on"}
    )  # the other one is asked for; the code of the first is held on to
    person.post(path, {"code": code})
    assert number_of(person) is None


def test_changing_needs_a_code_to_the_old_and_one_to_the_new_number(wangwu: Person) -> None:
    wangwu.arrive()
    wangwu.post(CHANGE, {"number": OTHER_NUMBER})  # straight to the second half
    assert not any(sms.to.endswith(OTHER_NUMBER) for sms in memory.outbox)
    wangwu.post(CHANGE, {"code": code_from_phone(NUMBER)})
    wangwu.post(CHANGE, {"number": OTHER_NUMBER})
    assert number_of(wangwu) == f"+86{NUMBER}"
    wangwu.post(CHANGE, {"code": code_from_phone(OTHER_NUMBER)})
    assert number_of(wangwu) == f"+86{OTHER_NUMBER}"
    assert wangwu.is_in()


@pytest.mark.bypass("row 12: the code of the old phone confirms the new one")
def test_the_code_to_the_old_number_does_not_prove_the_new_one(wangwu: Person) -> None:
    wangwu.arrive()
    wangwu.post(CHANGE)
    old_code = code_from_phone(NUMBER)
    wangwu.post(CHANGE, {"code": old_code})
    wangwu.post(CHANGE, {"number": OTHER_NUMBER})
    if old_code != code_from_phone(OTHER_NUMBER):
        wangwu.post(CHANGE, {"code": old_code})
    assert number_of(wangwu) == f"+86{NUMBER}"


def test_changing_to_the_same_number_is_refused(wangwu: Person) -> None:
    wangwu.arrive()
    bound = Phone.objects.get(user=wangwu.user)
    change(wangwu, NUMBER)
    assert Phone.objects.get(user=wangwu.user) == bound


def test_unbinding_needs_a_code(wangwu: Person) -> None:
    wangwu.arrive()
    wangwu.post(UNBIND)
    wangwu.post(UNBIND, {"code": other_than(code_from_phone())})
    assert number_of(wangwu)
    wangwu.post(UNBIND, {"code": code_from_phone()})
    assert number_of(wangwu) is None


@pytest.mark.bypass("row 12: a code to sign in, used to unbind")
@pytest.mark.parametrize("path", [UNBIND, CHANGE, "/security/confirm/"])
def test_a_code_of_another_page_is_no_use(wangwu: Person, path: str) -> None:
    wangwu.arrive()
    wangwu.post("/security/confirm/" if path != "/security/confirm/" else UNBIND)
    code = code_from_phone()
    before = SecurityEvent.objects.filter(kind="confirmed").count()
    wangwu.post(path, {"code": code})
    assert number_of(wangwu) == f"+86{NUMBER}"
    assert SecurityEvent.objects.filter(kind="confirmed").count() == before


# --- A number for several mailboxes ----------------------------------------------------------------------------------


def test_a_number_serves_so_many_mailboxes(make_user: MakeUser, settings: Settings) -> None:
    settings.MAILBOXES_PER_PHONE = 2
    users = [make_user(f"user{n}") for n in range(3)]
    bound = [phones.bind(user, f"+86{NUMBER}") for user in users]
    assert [isinstance(phone, Phone) for phone in bound] == [True, True, False]
    assert bound[2] is phones.Refusal.NUMBER_FULL
    phones.unbind(Phone.objects.get(user=users[0]))
    assert isinstance(phones.bind(users[2], f"+86{NUMBER}"), Phone)


def test_a_number_that_is_full_takes_the_old_one_from_nobody(
    wangwu: Person, make_user: MakeUser, settings: Settings
) -> None:
    settings.MAILBOXES_PER_PHONE = 1
    make_user("lisi", phone=OTHER_NUMBER)
    phone = Phone.objects.get(user=wangwu.user)
    version = phone.user.ways_version
    assert phones.change(phone, f"+86{OTHER_NUMBER}") is phones.Refusal.NUMBER_FULL
    assert Phone.objects.get(user=wangwu.user) == phone
    assert User.objects.get(pk=phone.user.pk).ways_version == version
    assert not SecurityEvent.objects.filter(kind="phone_changed").exists()


def test_what_is_gone_is_neither_changed_nor_unbound_again(wangwu: Person) -> None:
    phone = Phone.objects.get(user=wangwu.user)
    assert phones.unbind(phone)
    gone = Phone(pk=0, user=phone.user, number=phone.number)
    assert not phones.unbind(gone)
    assert phones.change(gone, f"+86{OTHER_NUMBER}") is phones.Refusal.GONE
    assert not Phone.objects.exists()
    assert SecurityEvent.objects.filter(kind__startswith="phone_").count() == 1


def test_one_phone_a_person(make_user: MakeUser) -> None:
    user = make_user("zhangsan")
    assert isinstance(phones.bind(user, f"+86{NUMBER}"), Phone)
    assert phones.bind(user, f"+86{OTHER_NUMBER}") is phones.Refusal.ALREADY_BOUND


# --- What ends with the old phone ------------------------------------------------------------------------------------


@pytest.mark.bypass("row 13: Nextcloud NC-SA-2020-001: a sign-in that is half-way survives the change")
@pytest.mark.parametrize("happening", [lambda phone: phones.change(phone, f"+86{OTHER_NUMBER}"), phones.unbind])
def test_another_browser_halfway_starts_again(wangwu: Person, happening: Callable[[Phone], object]) -> None:
    wangwu.enter_password()
    code = code_from_phone(NUMBER)
    happening(Phone.objects.get(user=wangwu.user))
    assert wangwu.post("/sign-in/code/", {"code": code}).headers["Location"] == "/sign-in/"
    assert not wangwu.is_in()


@pytest.mark.bypass("row 13")
def test_a_binding_that_is_halfway_loses_to_one_that_is_done(zhangsan: Person) -> None:
    assert zhangsan.user
    attacker = Person(zhangsan.user)
    attacker.enter_password()
    attacker.post("/sign-in/phone/", {"number": OTHER_NUMBER, "agreed": "on"})
    phones.bind(zhangsan.user, f"+86{NUMBER}")
    attacker.post("/sign-in/phone/", {"code": code_from_phone(OTHER_NUMBER)})
    assert not attacker.is_in()
    assert number_of(zhangsan) == f"+86{NUMBER}"


@pytest.mark.bypass("row 13: codes that are on their way")
@pytest.mark.parametrize("happening", [change, unbind])
def test_pending_codes_end(wangwu: Person, happening: Callable[[Person], None]) -> None:
    assert wangwu.user
    wangwu.arrive()
    wangwu.post("/security/confirm/", {"send": "1"})
    confirm = code_from_phone()
    happening(wangwu)
    wangwu.post("/security/confirm/", {"code": confirm})
    assert not SecurityEvent.objects.filter(kind="confirmed").exists()
    assert not Sms.objects.codes().filter(used_at=None, voided_at=None).exists()
    assert guesses.paused(wangwu.user) is None


@pytest.mark.bypass("row 13: other sessions keep their second step")
@pytest.mark.parametrize(("happening", "leads_to"), [(change, "/sign-in/code/"), (unbind, "/sign-in/")])
def test_other_sessions_take_the_second_step_again(
    wangwu: Person, happening: Callable[[Person], None], leads_to: str, settings: Settings
) -> None:
    settings.SMS_RESEND_AFTER *= 0
    other = Person(wangwu.user)
    other.arrive()
    wangwu.arrive()
    assert other.is_in()
    happening(wangwu)
    assert other.get("/").headers["Location"].partition("?")[0] == leads_to


# --- Who is told -----------------------------------------------------------------------------------------------------


def told(person: Person) -> str:
    """The one mail that came, headers and text."""
    assert person.user
    (message,) = mail.outbox
    assert message.to == [person.user.username]
    return str(message.message())


def test_binding_is_told_by_mail(zhangsan: Person) -> None:
    zhangsan.arrive()
    assert NUMBER not in told(zhangsan)
    assert "138****8000" in mail.outbox[0].body


@pytest.mark.parametrize("happening", [change, unbind])
def test_change_and_unbinding_are_told_by_mail_and_at_the_old_number(
    wangwu: Person, happening: Callable[[Person], None]
) -> None:
    wangwu.arrive()
    happening(wangwu)
    assert "138****8000" in mail.outbox[0].body
    notices = [sms for sms in memory.outbox if sms.code is None]
    assert [sms.to for sms in notices] == [f"+86{NUMBER}"]
    for text in (told(wangwu), notices[0].text):
        assert NUMBER not in text
        assert OTHER_NUMBER not in text


def test_what_the_office_does_is_told_as_its_doing(
    wangwu: Person, clerk: Person, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        phones.unbind(Phone.objects.get(user=wangwu.user), actor=clerk.user)
    assert "138****8000" in mail.outbox[0].body
    event = SecurityEvent.objects.get(kind="phone_unbound")
    assert (event.user, event.actor) == (wangwu.user, clerk.user)
    assert clerk.user
    assert clerk.user.username not in mail.outbox[0].body


def test_no_full_number_in_the_log(wangwu: Person) -> None:
    wangwu.arrive()
    change(wangwu)
    unbind(wangwu)
    written = str(list(SecurityEvent.objects.values()))
    assert "139****9000" in written
    assert NUMBER not in written
    assert OTHER_NUMBER not in written
