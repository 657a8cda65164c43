"""What a row may hold, and how what is wrong with it is told."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pytest_django import Settings

from accounts.imports.models import Roster
from tests.kit.files_of_people import ADD, HEADERS, as_csv, errors_of, hand_in, has_errors, person_called, take_over
from tests.kit.people import Person


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (("a@b@example.edu",), "is not a mailbox address"),
        (("张三@example.edu",), "is not a mailbox address"),
        (("x" * 300 + "@example.edu",), "is not a mailbox address"),
        (("",), "there is no mailbox address"),
        (("a", "名" * 101), "name: is longer than 100 characters"),
        (("a", "n", "d", "fr"), "language: “fr” is neither zh-hans nor en"),
        (("a", "n", "d", "en", "soon"), "two-step from: “soon” is not a date like 2030-09-01"),
        (("a", "n", "d", "en", "2030-02-30"), "two-step from: “2030-02-30” is not a date like 2030-09-01"),
        (("a", "n", "d", "en", "", "perhaps"), "active: “perhaps” is neither yes nor no"),
        (("a", "=1+1"), "name: is a formula. Save the file with values instead."),
        (("=A1",), "is a formula. Save the file with values instead."),
    ],
)
def test_errors_are_named_by_row(manager: Person, cells: tuple[str, ...], told: str) -> None:
    padded = (*cells, *[""] * (len(HEADERS) - len(cells)))
    if not any(padded):
        padded = ("", "name", *padded[2:])
    assert errors_of(manager, HEADERS, ("good", "", "", "", "", ""), padded) == [(3, told)]


def test_the_same_address_twice(manager: Person) -> None:
    found = errors_of(manager, HEADERS[:1], ("new",), ("other",), ("NEW@example.edu",))
    assert found == [(4, "the same address is in row 2")]


def test_a_wrong_row_is_counted_as_the_file_counts(manager: Person) -> None:
    """Empty lines and cells of several lines."""
    content = b'address,name\r\n\r\n"new","of\r\ntwo lines"\r\nno mailbox,x\r\n'
    row = hand_in(manager, content)
    assert [(line, text) for line, _cell, _address, text in row.report["errors"]] == [(5, "is not a mailbox address")]


def test_what_is_odd_is_a_warning(manager: Person) -> None:
    row = hand_in(manager, as_csv(HEADERS[:1], ("New@Example.edu",), ("guest@elsewhere.example",), ("plain",)))
    assert not has_errors(row)
    assert [(line, text) for line, _cell, _address, text in row.report["warnings"]] == [
        (2, "will be written as new@example.edu"),
        (3, "is not an address of example.edu"),
    ]


def test_another_domain_of_ours_is_not_odd(manager: Person, settings: Settings) -> None:
    settings.MAIL_DOMAINS = ["example.edu", "stu.example.edu"]
    assert not hand_in(manager, as_csv(HEADERS[:1], ("new@stu.example.edu",))).report["warnings"]


def test_errors_are_in_the_clerks_language(manager: Person) -> None:
    response = manager.post(
        ADD, {"file": SimpleUploadedFile("x.csv", b"address\nx\n")}, headers={"accept-language": "zh-CN"}
    )
    assert Roster.objects.get(pk=response.headers["Location"].split("/")[-3]).language == "zh-hans"


@pytest.mark.parametrize(("text", "language"), [("中文", "zh-hans"), ("EN", "en"), ("zh-CN", "zh-hans")])
def test_languages_as_people_write_them(manager: Person, text: str, language: str) -> None:
    take_over(manager, ("邮箱地址", "语言"), ("new", text))
    assert person_called("new").language == language


@pytest.mark.parametrize(
    "text", ["2030-09-01", "2030/9/1", "2030-09-01 00:00", "2030.9.1", "2030-08-31T16:00:00+00:00"]
)
def test_dates_as_people_write_them(manager: Person, text: str) -> None:
    take_over(manager, ("address", "two_step_from"), ("new", text))
    start = person_called("new").two_step_from
    assert start
    assert timezone.localtime(start).isoformat() == "2030-09-01T00:00:00+08:00"


def test_a_last_day_comes_from_a_file(office: Person) -> None:
    take_over(office, ("邮箱", "离职日期"), ("new", "2036年9月1日"))
    assert str(person_called("new").last_day) == "2036-09-01"
    take_over(office, ("address", "last_day"), ("new", "2037-01-31 00:00:00"))
    assert str(person_called("new").last_day) == "2037-01-31"
    take_over(office, ("address", "active", "last_day"), ("gone", "no", "2020-01-31"))
    assert not person_called("gone").is_active


def test_a_last_day_that_is_over_disables_nobody_by_a_file(office: Person, lisi: Person) -> None:
    told = "last day: The last day is over: set a later one, or none, or disable the account."
    rows = ("lisi@example.edu", "2020-01-31"), ("new", "2020-01-31")
    assert errors_of(office, ("address", "last_day"), *rows) == [(2, told), (3, told)]


def test_who_may_not_disable_sets_no_last_day(manager: Person, lisi: Person) -> None:
    found = errors_of(manager, ("address", "last_day"), ("lisi@example.edu", "2036-01-31"), ("new", "2036-01-31"))
    assert [line for line, _text in found] == [2, 3]
