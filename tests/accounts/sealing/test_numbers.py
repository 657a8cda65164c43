"""Numbers at rest: sealed, found as before, and read under every key that is there."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import FieldError, ValidationError
from django.db import connection
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery.models import Sms
from accounts.phones import phones
from accounts.phones.models import Phone, Suggestion
from accounts.phones.phones import Refusal
from accounts.sealing import atrest
from accounts.sealing.atrest import Beside
from accounts.sealing.ring import Unreadable
from accounts.users.models import User
from portal.office import searches
from tests.conftest import MakeUser
from tests.kit.outgoing import make_sms

pytestmark = pytest.mark.django_db

AES = "an-aes-key-0123456789abcdefghijklmnopq"
SM = "sm3:0123456789abcdefghijklmnopqrstuvwxyz"
NUMBER = "+8613800138000"
RINGS = [[], ["plain", AES, SM], [AES, SM], [SM, AES]]  # one after the other, as an office goes over


def stored(model: Any = Phone) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT number FROM {model._meta.db_table} ORDER BY 1")
        return [row[0] for row in cursor.fetchall()]


def bound(make_user: MakeUser, settings: Settings, *rings: list[str], number: str = "13800138000") -> list[Phone]:
    """One phone after the other, of one number, each written under another ring."""
    made = []
    for at, ring in enumerate(rings):
        settings.NUMBER_KEYS = ring
        made.append(phones.bind(make_user(f"of{number}x{at}"), f"+86{number}"))
    settings.NUMBER_KEYS = [SM, AES]
    assert all(isinstance(one, Phone) for one in made)
    return [one for one in made if isinstance(one, Phone)]


@pytest.mark.parametrize("ring", RINGS)
def test_what_nobody_can_be_called_at_is_no_phone(make_user: MakeUser, settings: Settings, ring: list[str]) -> None:
    settings.NUMBER_KEYS = ring
    make_user("zhangsan", phone="13800138000")
    phone = Phone.objects.get()
    phone.clean_fields(exclude=["name"])
    assert phone.number == NUMBER
    phone.number = "+86138"
    with pytest.raises(ValidationError):
        phone.clean_fields(exclude=["name"])


@pytest.mark.parametrize("ring", RINGS)
def test_what_the_row_has(make_user: MakeUser, settings: Settings, ring: list[str]) -> None:
    settings.NUMBER_KEYS = ring
    user = make_user("zhangsan", phone="13800138000")
    Suggestion.objects.create(user=user, number=NUMBER)
    make_sms(user)
    for model in (Phone, Suggestion, Sms):
        (text,) = stored(model)
        (number,) = model._default_manager.values_list("number", flat=True)
        assert re.fullmatch(r"\+861\d{10}", number)
        assert (text == number) is (ring[:1] in ([], ["plain"]))
        assert len(text) <= atrest.LONGEST
        if text != number:
            assert text.startswith("sm4:" if ring[0] == SM else "aes:")
            assert not re.search(r"\d{7}", text.split(":")[-1])
            assert number[5:] not in text


@pytest.mark.parametrize("key", [AES, SM])
def test_the_longest_number_fits_and_none_is_told_by_its_length(settings: Settings, key: str) -> None:
    settings.NUMBER_KEYS = [key]
    for beside in Beside:
        written = [atrest.written(number, beside) for number in ("+99812345678", "+8613800138000", "+998123456789012")]
        assert max(map(len, written)) <= atrest.LONGEST
        if beside is not Beside.BEGIN:  # where the calling code stands before it
            assert len({len(text) for text in written}) == 1
        assert atrest.read(atrest.written("+998123456789012", Beside.END)) == "+998123456789012"


def test_rows_of_before_and_of_other_keys_are_read_and_found(make_user: MakeUser, settings: Settings) -> None:
    made = bound(make_user, settings, *RINGS)
    assert len(set(stored())) == 3
    assert {str(one.number) for one in Phone.objects.all()} == {NUMBER}
    keys = {one.pk for one in made}
    assert set(Phone.objects.filter(number=NUMBER).values_list("pk", flat=True)) == keys
    assert set(Phone.objects.filter(number__in=[NUMBER, "+8613900139000"]).values_list("pk", flat=True)) == keys
    assert set(Phone.objects.filter(number__ends="8000").values_list("pk", flat=True)) == keys
    assert not Phone.objects.filter(number="+8613800138001").exists()
    assert not Phone.objects.exclude(number=NUMBER).exists()
    assert not Phone.objects.filter(number__ends="0138").exists()
    assert Phone.objects.filter(user__phone__number=NUMBER).count() == len(made)


def test_a_number_serves_no_more_mailboxes_for_being_sealed(make_user: MakeUser, settings: Settings) -> None:
    settings.MAILBOXES_PER_PHONE = 4
    assert sorted(one.slot for one in bound(make_user, settings, *RINGS)) == [1, 2, 3, 4]
    assert not Phone.has_room(NUMBER)
    assert phones.bind(make_user("one-more"), NUMBER) is Refusal.NUMBER_FULL


def test_the_same_slot_twice_is_refused_by_the_database(make_user: MakeUser, settings: Settings) -> None:
    settings.NUMBER_KEYS = [SM]
    make_user("lisi", phone="13800138000")
    with pytest.raises(Exception, match=r"(?i)unique"):
        Phone.objects.create(user=make_user("wangwu"), number=NUMBER, slot=1)


def test_beginnings_are_found(make_user: MakeUser, settings: Settings) -> None:
    user = make_user("zhangsan")
    for ring in RINGS:
        settings.NUMBER_KEYS = ring
        for number in (NUMBER, "+8613800131234", "+8613800141234", "+85291234567"):
            make_sms(user, number=number)
    settings.NUMBER_KEYS = [SM, AES]
    found = Sms.objects.filter(number__of_range="+8613800139999").values_list("number", flat=True)
    assert sorted(found) == sorted([NUMBER, "+8613800131234"] * len(RINGS))
    assert Sms.objects.filter(number__of_country="852").count() == len(RINGS)
    assert Sms.objects.filter(number__of_country="86").count() == 3 * len(RINGS)


def test_where_nothing_is_sealed_nothing_is_asked_otherwise(settings: Settings) -> None:
    settings.NUMBER_KEYS = []
    rows = Phone.objects.filter(number=NUMBER, number__ends="8000") | Phone.objects.filter(number__in=[NUMBER])
    assert str(rows.query).count("IN (") == 1
    assert " OR " not in str(Sms.objects.filter(number__of_range=NUMBER, number__of_country="86").query)


def test_clerks_find_no_one_whose_number_ends_otherwise(
    make_user: MakeUser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Digests of ends are short: here those of all of them are the same."""
    settings.NUMBER_KEYS = [SM]
    monkeypatch.setattr(atrest, "_end", lambda key, digits: "same")
    for name, number in (("zhangsan", "13800138000"), ("lisi", "13800131234")):
        make_user(name, phone=number)
    assert [user.username for user in searches.find(User.objects.all(), "1234")] == ["lisi@example.edu"]


def test_no_other_part_is_looked_for() -> None:
    """It would find nothing in what is sealed, and nobody would see why."""
    for words in ({"number__contains": "1"}, {"number__startswith": "+86"}, {"number__gt": "+86"}, {"number__like": 1}):
        with pytest.raises(FieldError):
            Phone.objects.filter(**words)
    with pytest.raises(FieldError):
        list(Phone.objects.filter(number=F("name")))


def test_a_lost_key_is_an_error_that_says_so(make_user: MakeUser, settings: Settings) -> None:
    bound(make_user, settings, [AES])
    settings.NUMBER_KEYS = [SM]
    with pytest.raises(Unreadable, match="not in NUMBER_KEYS"):
        list(Phone.objects.all())


def test_a_code_is_right_across_keys(make_user: MakeUser, settings: Settings) -> None:
    """Its digits hang on the number, not on how it is kept."""
    user = make_user("zhangsan")
    sms = make_sms(user, nonce="n" * 32, number=NUMBER, session="s", expires_at=timezone.now() + timedelta(minutes=5))
    digits = sms.digits()
    settings.NUMBER_KEYS = [SM]
    sms.save()
    assert Sms.objects.get(pk=sms.pk).digits() == digits
