"""What may be a phone that gets codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.delivery.gateways import memory
from accounts.lib import numbers
from accounts.lib.numbers import Refusal
from accounts.phones.models import Phone
from tests.kit.people import Person


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("138-0013-8000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"),
        ("  13800138000\n", "+8613800138000"),
        ("19912345678", "+8619912345678"),
        ("+852 5123 4567", "+85251234567"),
        ("+853 6612 3456", "+85366123456"),
        ("+886 912 345 678", "+886912345678"),
        ("010-62330000", Refusal.NOT_MOBILE),
        ("+86 21 6233 0000", Refusal.NOT_MOBILE),
        ("+852 2123 4567", Refusal.NOT_MOBILE),
        ("400-810-8080", Refusal.SPECIAL),
        ("800 810 8080", Refusal.SPECIAL),
        ("+1 202 555 0123", Refusal.COUNTRY),
        ("+882 13 300000", Refusal.COUNTRY),
        ("+44 7911 123456", Refusal.COUNTRY),
        ("1380013800", Refusal.INVALID),
        ("138001380000", Refusal.INVALID),
        ("110", Refusal.INVALID),
        ("13800138000 ext. 5", Refusal.INVALID),
        ("", Refusal.INVALID),
        ("zhangsan", Refusal.INVALID),
        ("+8613800138000;phone-context=+1", Refusal.INVALID),
        ("9" * 5000, Refusal.INVALID),
    ],
)
def test_parse(typed: str, number: str | Refusal) -> None:
    assert numbers.parse(typed) == number


@given(st.text("+0123456789 -()１２３;ext.p=\0", max_size=40))
def test_what_is_parsed_is_short_e164_of_an_allowed_country(typed: str) -> None:
    number = numbers.parse(typed)
    if isinstance(number, str):
        assert number.startswith(("+86", "+852", "+853", "+886"))
        assert number[1:].isdigit()
        assert len(number) <= 16
        assert numbers.parse(number) == number


@pytest.mark.parametrize(
    ("number", "masked"),
    [("+8613800138000", "138****8000"), ("+85251234567", "+852 5*****67"), ("+886912345678", "+886 912**5678")],
)
def test_masked(number: str, masked: str) -> None:
    assert numbers.masked(number) == masked


def test_the_office_can_allow_other_countries(settings: Settings) -> None:
    settings.SMS_COUNTRIES = [86, 1]
    assert numbers.parse("+1 202 456 1111") == "+12024561111"
    assert numbers.parse("+852 5123 4567") is Refusal.COUNTRY


@pytest.mark.bypass("row 14: SMS pumping through the binding page")
@pytest.mark.parametrize(
    ("typed", "refusal"),
    [
        ("010-62330000", Refusal.NOT_MOBILE),
        ("+88213300000", Refusal.COUNTRY),
        ("400-810-8080", Refusal.SPECIAL),
        ("1", Refusal.INVALID),
    ],
)
def test_the_binding_page_says_why(zhangsan: Person, typed: str, refusal: Refusal) -> None:
    zhangsan.enter_password()
    page = zhangsan.post("/sign-in/phone/", {"number": typed}).content.decode()
    assert refusal.label in page
    assert not memory.outbox
    assert not Phone.objects.exists()
