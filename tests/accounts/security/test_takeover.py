"""People who come with the password that they had at the old mail server."""

from io import StringIO

import pytest
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from pytest_django import Settings

from accounts.lib.batches import BATCH
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from apppasswords.maillogin import decision
from tests.accounts.users.test_foreign_hashes import MADE
from tests.conftest import MakeUser
from tests.kit.people import PASSWORD, Person


@pytest.fixture(autouse=True)
def hashers(settings: Settings) -> None:
    """As in production; most tests have none but a fast one."""
    names = ("Crypt", "SaltedSha", "DovecotPbkdf2", "ForeignArgon2")
    foreign = [f"accounts.users.foreign_hashers.{name}" for name in names]
    settings.PASSWORD_HASHERS = ["accounts.users.hashers.Argon2id", *foreign]


@pytest.fixture
def newcomer(make_user: MakeUser) -> Person:
    """As an import leaves them: without a password."""
    user = make_user("newcomer", two_step=False)
    User.objects.filter(pk=user.pk).update(password=make_password(None))
    return Person(user)


def take(*lines: str, dry_run: bool = False) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    try:
        call_command("takeover", stdin=StringIO("\n".join(lines)), dry_run=dry_run, stdout=out, stderr=err)
    except SystemExit:
        assert err.getvalue()
    return out.getvalue(), err.getvalue()


def stored(person: Person) -> str:
    assert person.user
    password: str = User.objects.get(pk=person.user.pk).password
    return password


@pytest.mark.parametrize("mark", [":", ",", "\t"])
@pytest.mark.parametrize("scheme", ["{SHA512-CRYPT}", "{ARGON2ID}"])
def test_the_next_right_password_is_hashed_as_ours_are(newcomer: Person, mark: str, scheme: str) -> None:
    rest = ":5000:5000::/home/newcomer::" if mark == ":" else ""
    out, _err = take(f"Newcomer@example.edu{mark}{MADE[scheme]}{rest}")
    assert out.startswith("1 taken over")
    old = stored(newcomer)
    newcomer.enter_password("wrong")
    assert stored(newcomer) == old
    newcomer.enter_password(PASSWORD)
    assert newcomer.is_in()
    assert stored(newcomer).startswith("argon2$argon2id$")
    event = SecurityEvent.objects.get(kind="password_changed")
    assert event.detail == {"reason": "manage.py takeover"}


def test_mail_programs_come_in_with_it_too(newcomer: Person) -> None:
    take(f"newcomer@example.edu:{MADE['{SSHA512}']}")
    for password, outcome in (("wrong", decision.Outcome.NO), (PASSWORD, decision.Outcome.YES)):
        login = decision.Login("newcomer@example.edu", password, "imap", "192.0.2.9")
        assert decision.verify(login).outcome is outcome
    assert stored(newcomer).startswith("argon2$argon2id$")


def test_a_password_of_ours_stays_and_so_does_a_lock(newcomer: Person, make_user: MakeUser) -> None:
    own = make_user("own")
    User.objects.filter(pk=newcomer.user.pk if newcomer.user else 0).update(must_change_password=True)
    press = make_user("press", is_shared=True)  # a department mailbox
    User.objects.filter(pk=press.pk).update(password=make_password(None))
    before = [stored(newcomer), stored(Person(own)), stored(Person(press))]
    hashed = MADE["{SSHA}"]
    out, _err = take(*(f"{name}@example.edu,{hashed}" for name in ("newcomer", "own", "press", "nobody")))
    assert out.startswith("0 taken over, 3 have a password here, must choose one or may have none, 1 not known")
    assert [stored(newcomer), stored(Person(own)), stored(Person(press))] == before


def test_a_trial_writes_nothing(newcomer: Person) -> None:
    before = stored(newcomer)
    assert "1 would be taken over" in take(f"newcomer@example.edu:{MADE['{SSHA}']}", dry_run=True)[0]
    assert stored(newcomer) == before


def test_a_wrong_line_keeps_no_other_from_being_right_and_is_not_repeated(newcomer: Person) -> None:
    secret = "{PLAIN}very-secret"
    out, err = take(f"x@example.edu:{secret}", "no address", "", f"newcomer@example.edu:{MADE['{SSHA}']}")
    assert "1 taken over" in out
    assert "2 refused" in out
    assert "line 1 (x@example.edu): scheme PLAIN" in err
    assert "very-secret" not in out + err


@pytest.mark.django_db
def test_of_many_it_says_how_far_it_is() -> None:
    lines = [f"p{number}@example.edu:{MADE['{SSHA}']}" for number in range(BATCH + 1)]
    assert take(*lines, dry_run=True)[1] == f"{BATCH} of {BATCH + 1}\n"


def test_a_password_that_was_ended_meanwhile_does_not_come_back(
    newcomer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was compared, and is about to be hashed anew."""
    take(f"newcomer@example.edu:{MADE['{SSHA}']}")
    name = "accounts.users.models.make_password"

    def slowly(password: str) -> str:
        User.objects.update(password=make_password(None))
        return make_password(password)

    monkeypatch.setattr(name, slowly)
    assert newcomer.user
    User.objects.get(pk=newcomer.user.pk).check_password(PASSWORD)
    assert stored(newcomer).startswith("!")
