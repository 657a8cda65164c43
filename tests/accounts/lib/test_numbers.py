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
        ("138\u200e00138000\u202c", "+8613800138000"),
        ("138\u00a00013\u20098000", "+8613800138000"),
        ("85291234567", "+85291234567"),
        ("852 9123 4567", "+85291234567"),
        ("85366123456", "+85366123456"),
        ("886912345678", "+886912345678"),
        ("8613800138000", "+8613800138000"),
        ("12025550123", Refusal.INVALID),
        ("14911030512", Refusal.UNKNOWN),
        ("+86 149 1103 0512", Refusal.UNKNOWN),
        ("1491103051", Refusal.INVALID),
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
    page = zhangsan.post("/sign-in/phone/", {"number": typed, "agreed": "on"}).content.decode()
    assert refusal.label in page
    assert not memory.outbox
    assert not Phone.objects.exists()


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("149 1103 0512", "+8614911030512"),
        ("+8614911030512", "+8614911030512"),
        ("149 1103 05123", Refusal.INVALID),
        ("149 1103 051", Refusal.INVALID),
        ("14811030512", Refusal.UNKNOWN),
        ("85240001234", "+85240001234"),
    ],
)
def test_numbers_that_are_newer_than_the_library(typed: str, number: str | Refusal, settings: Settings) -> None:
    settings.SMS_FURTHER_PREFIXES = [86149, 8524000]
    assert numbers.parse(typed) == number


def test_who_has_a_number_that_nobody_knows_yet_is_told_whom_to_call(zhangsan: Person, settings: Settings) -> None:
    """And is in as soon as the office allows it."""
    zhangsan.enter_password()
    page = zhangsan.post(
        "/sign-in/phone/", {"number": "149\u200e 1103 0512", "agreed": "on"}, headers={"accept-language": "en"}
    )
    assert settings.SUPPORT_CONTACT in page.content.decode()
    assert "the IT office can allow them" in page.content.decode()
    settings.SMS_FURTHER_PREFIXES = [86149]
    zhangsan.bind("14911030512")
    assert Phone.objects.get(user=zhangsan.user).masked == "149****0512"
