"""A help-desk code from the server, for the last administrator."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.log.models import SecurityEvent
from tests.conftest import MakeUser
from tests.kit.people import Person

HELP, BIND = "/sign-in/help/", "/sign-in/phone/"


def helpcode(address: str) -> str:
    said = StringIO()
    call_command("helpcode", address, reason="phone lost", stdout=said)
    return said.getvalue().splitlines()[0]


def test_the_only_administrator_lost_the_phone(office: Person) -> None:
    office.post("/sign-out/")
    first, code = helpcode("itoffice@example.edu"), helpcode(" ITOFFICE@example.edu")
    office.enter_password()
    assert office.post(HELP, {"code": first}).status_code == 200, "a newer one was given"
    assert office.post(HELP, {"code": code}).headers["Location"] == BIND
    event = SecurityEvent.objects.filter(kind="help_code_issued").first()
    assert event
    assert (event.actor, event.detail["reason"]) == (None, "manage.py helpcode: phone lost")


def test_who_needs_none_is_given_none(lisi: Person, make_user: MakeUser) -> None:
    make_user("without-phone")
    for address, said in (
        ("lisi@example.edu", "Two-step is off"),
        ("without-phone@example.edu", "Nothing is bound"),
        ("nobody@example.edu", "no account"),
    ):
        with pytest.raises(CommandError, match=said):
            helpcode(address)
