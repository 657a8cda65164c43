"""The mailbox password page, and how passwords are kept."""

from contextlib import nullcontext

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, identify_hasher
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import Settings

from accounts.browsers.models import TrustedBrowser
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, PASSWORD, Person, code_from_phone

PAGE = "/security/password/"
NEW = "correct-horse-42"


def change(person: Person, old: str = PASSWORD, new: str = NEW, again: str | None = None) -> int:
    data = {"old_password": old, "new_password": new, "new_password_again": new if again is None else again}
    return person.post(PAGE, data).status_code


def has_password(person: Person, password: str) -> bool:
    return User.objects.get(pk=person.user.pk).check_password(password) if person.user else False


def confirm(person: Person) -> None:
    person.post("/security/confirm/", {"send": "1"})
    person.post("/security/confirm/", {"code": code_from_phone(NUMBER)})


def test_the_old_password_and_a_fresh_code_make_a_new_one(wangwu: Person) -> None:
    wangwu.sign_in()
    assert change(wangwu) == 302
    assert has_password(wangwu, NEW)
    assert wangwu.is_in()


@pytest.mark.parametrize(
    ("old", "new", "again"),
    [
        ("wrong", NEW, None),
        ("", NEW, None),
        (PASSWORD, NEW, "other-horse-42"),
        (PASSWORD, NEW, ""),
        (PASSWORD, "short-1", None),
        (PASSWORD, "password123", None),  # in every list of stolen passwords
        (PASSWORD, "93847561029", None),
        (PASSWORD, "wangwu@example.edu", None),
        (PASSWORD, "Example-2026!", None),  # the institution's name and a year
        (PASSWORD, PASSWORD, None),
        (PASSWORD, "", None),
        (PASSWORD, "x" * 1001, None),
    ],
)
def test_what_changes_nothing(wangwu: Person, old: str, new: str, again: str | None) -> None:
    wangwu.sign_in()
    assert change(wangwu, old, new, again) == 200
    assert has_password(wangwu, PASSWORD)


@pytest.mark.parametrize(
    ("password", "is_good"), [("Beida#2026!!", False), ("beida-horses1", True), ("other-2026!!", True)]
)
def test_words_of_the_house_are_no_password_but_part_of_one(settings: Settings, password: str, is_good: bool) -> None:
    settings.PASSWORD_WORDS = {"beida", "university"}
    with nullcontext() if is_good else pytest.raises(ValidationError):
        validate_password(password)


def test_each_reason_stands_in_a_line_of_its_own(wangwu: Person) -> None:
    wangwu.sign_in()
    page = wangwu.post(PAGE, {"old_password": PASSWORD, "new_password": "123", "new_password_again": "123"})
    told = page.content.decode().partition('class="field-error"')[2].partition("</div>")[0]
    assert told.count("<p>") == told.count("</p>") >= 2


def test_the_code_must_be_fresh(wangwu: Person) -> None:
    wangwu.sign_in(trust_browser="on")
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    assert wangwu.get(PAGE).headers["Location"] == "/security/confirm/?next=%2Fsecurity%2Fpassword%2F"
    assert change(wangwu) == 302
    assert has_password(wangwu, PASSWORD)
    confirm(wangwu)
    change(wangwu)
    assert has_password(wangwu, NEW)


@pytest.mark.bypass("row 27: allauth 65.13: sessions that outlive the password")
def test_other_sessions_and_trust_end_and_the_owner_is_told(wangwu: Person, settings: Settings) -> None:
    settings.SMS_RESEND_AFTER *= 0
    other = Person(wangwu.user)
    other.sign_in(trust_browser="on")
    wangwu.sign_in()
    change(wangwu)
    assert wangwu.is_in()
    assert not other.is_in()
    assert not TrustedBrowser.objects.exists()
    assert SecurityEvent.objects.get(kind="password_changed").user == wangwu.user
    (message,) = mail.outbox
    assert wangwu.user
    assert message.to == [wangwu.user.username]
    assert NEW not in message.body


@pytest.mark.bypass("row 13: a sign-in half-way survives a new password")
def test_another_browser_halfway_starts_again(wangwu: Person, settings: Settings) -> None:
    settings.SMS_RESEND_AFTER *= 0
    wangwu.sign_in()
    other = Person(wangwu.user)
    other.enter_password()
    code = code_from_phone()
    change(wangwu)
    assert other.post("/sign-in/code/", {"code": code}).headers["Location"] == "/sign-in/"
    assert not other.is_in()


def test_a_new_password_must_be_chosen_first(make_user: MakeUser) -> None:
    person = Person(make_user("wangwu", phone=NUMBER, must_change_password=True))
    person.sign_in()
    for page in ("/", "/security/phone/", "/security/browsers/", "/security/phone/unbind/"):
        assert person.get(page).headers["Location"] == PAGE
    assert person.get(PAGE).status_code == 200
    change(person)
    assert person.is_in()


def test_who_must_choose_a_new_password_is_not_caught_without_a_fresh_code(
    make_user: MakeUser, settings: Settings
) -> None:
    person = Person(make_user("wangwu", phone=NUMBER, must_change_password=True))
    person.sign_in()
    settings.FRESH_CODE_LIFETIME *= 0
    assert person.get(PAGE).headers["Location"].startswith("/security/confirm/")
    assert person.get("/security/confirm/").status_code == 200


def test_a_directory_that_owns_the_passwords_hides_the_page(
    wangwu: Person, make_user: MakeUser, settings: Settings
) -> None:
    settings.PASSWORDS_IN_DIRECTORY, settings.HAS_PASSWORD_PAGE = True, False
    wangwu.sign_in()
    assert wangwu.get(PAGE).status_code == 404
    assert change(wangwu) == 404
    assert PAGE not in wangwu.get("/").content.decode()
    User.objects.update(must_change_password=True)
    assert wangwu.is_in(), "nobody is led to a page that does not exist"


# --- How they are kept -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("real_passwords")
def test_argon2id_as_owasp_asks_for(lisi: Person) -> None:
    assert lisi.user
    assert lisi.user.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_an_older_hash_becomes_argon2id_at_sign_in(lisi: Person, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["accounts.users.hashers.Argon2id", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    assert lisi.user
    old = PBKDF2PasswordHasher().encode(PASSWORD, "saltsaltsaltsalt", iterations=1000)
    User.objects.update(password=old)
    lisi.enter_password("wrong")
    lisi.user.refresh_from_db()
    assert lisi.user.password == old
    lisi.sign_in()
    lisi.user.refresh_from_db()
    assert identify_hasher(lisi.user.password).algorithm == "argon2"
    assert lisi.is_in(), "the session goes on with the new hash"


def test_halfway_goes_on_after_the_hash_was_renewed(wangwu: Person, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["accounts.users.hashers.Argon2id", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    User.objects.update(password=PBKDF2PasswordHasher().encode(PASSWORD, "saltsaltsaltsalt", iterations=1000))
    wangwu.sign_in()
    assert wangwu.is_in()


def test_a_new_password_is_told_with_its_time(wangwu: Person) -> None:
    wangwu.sign_in()
    change(wangwu)
    assert str(timezone.localdate().year) in mail.outbox[0].body
