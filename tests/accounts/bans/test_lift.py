"""The command that lifts a ban when nobody gets into the administration any more."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.bans.models import Ban
from accounts.log.models import SecurityEvent
from tests.kit.people import PASSWORD, Person

HERE = "203.0.113.9"


def fail(person: Person, where: str, times: int = 10) -> None:
    for n in range(times):
        person.post(
            "/sign-in/", {"username": person.user and person.user.username, "password": f"{n}"}, REMOTE_ADDR=where
        )


def lift(address: str, **options: str) -> str:
    said = StringIO()
    call_command("lift", address, stdout=said, **options)
    return said.getvalue()


@pytest.mark.parametrize(
    ("where", "typed"), [(HERE, HERE), (HERE, f"::ffff:{HERE}"), ("2001:db8::7", "2001:db8::99"), (HERE, f" {HERE} ")]
)
def test_the_office_is_banned_out_of_its_own_administration(clerk: Person, where: str, typed: str) -> None:
    fail(clerk, where)
    banned = clerk.post("/sign-in/", {"username": "itoffice", "password": PASSWORD}, REMOTE_ADDR=where)
    assert banned.status_code == 429
    assert "Lifted" in lift(typed, reason="our router")
    entered = clerk.post("/sign-in/", {"username": "itoffice", "password": PASSWORD}, REMOTE_ADDR=where)
    assert entered.status_code == 302
    event = SecurityEvent.objects.get(kind="ban_lifted")
    assert event.actor is None
    assert event.detail["reason"] == "manage.py lift: our router"


def test_of_an_account(db: None) -> None:
    lifted = Ban.objects.create(network=HERE, account="lisi@example.edu", until="2100-01-01T00:00Z")
    other = Ban.objects.create(network=HERE, account="other@example.edu", until="2100-01-01T00:00Z")
    assert "lisi@example.edu at 203.0.113.9" in lift("LISI@example.edu")
    lifted.refresh_from_db()
    other.refresh_from_db()
    assert lifted.lifted_at
    assert other.lifted_at is None


def test_what_it_says_of_what_it_cannot_lift(db: None) -> None:
    for typed, said in (("203.0.113.200", "No ban"), ("router", "neither"), ("nobody@example.edu", "No ban")):
        with pytest.raises(CommandError, match=said):
            lift(typed)
