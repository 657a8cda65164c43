"""`manage.py checklogin`: why a mail program gets in or not. It counts nothing and shows no password."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.bans.models import Ban, Failure
from accounts.log.models import SecurityEvent
from apppasswords import passwords
from apppasswords.limits import Limits, Scope
from apppasswords.management.commands import checklogin
from apppasswords.models import AppPassword
from tests.conftest import MakeUser
from tests.kit.people import NUMBER, PASSWORD
from tests.kit.servers import migrated

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    def run(user: str, password: str, *options: str) -> str:
        monkeypatch.setattr(checklogin, "getpass", lambda prompt: password)
        out = StringIO()
        call_command("checklogin", user, *options, stdout=out, stderr=out)
        assert not password or password not in out.getvalue()
        return out.getvalue()

    return run


def test_each_reason(said: Callable[..., str], make_user: MakeUser) -> None:
    on = make_user("on", phone=NUMBER)
    make_user("off", two_step=False)
    make_user("disabled", is_active=False)
    made = passwords.create(on, "Mail")
    assert not isinstance(made, passwords.Refusal)
    secret = made[1]
    events = SecurityEvent.objects.count()
    expected = {
        ("on@example.edu", secret): "Let in: the password is one of this person's app passwords.",
        ("off@example.edu", PASSWORD): "Let in: it is the mailbox password, and two-step is off.",
        ("on@example.edu", PASSWORD): "Refused: it is the mailbox password, but two-step is on",
        ("on@example.edu", "wrong"): "Refused: the password is neither",
        ("off@example.edu", secret): "Refused: the password is neither",
        ("on", secret): "Refused: the user name is not a whole mail address",
        ("nobody@example.edu", "guess-0"): "Refused: there is no such mailbox",
        ("disabled@example.edu", PASSWORD): "Refused: the account is disabled",
        ("on@example.edu", ""): "Refused: the password is neither",
    }
    for (user, password), answer in expected.items():
        assert answer in said(user, password), user
    for _ in range(12):
        said("on@example.edu", "wrong", "--from", "192.0.2.1")
    assert not Failure.objects.exists()
    assert not Ban.objects.exists()
    assert SecurityEvent.objects.count() == events
    assert AppPassword.objects.get().last_used_at is None


@pytest.mark.parametrize(
    ("chosen", "answer"),
    [
        (Limits(Scope.SENDING), "which was not made for this protocol"),
        (Limits(networks="192.0.2.0/24"), "which was not made for this network"),
        (Limits(ends_at=LONG_AGO), "whose last day is over"),
    ],
)
def test_each_limit(said: Callable[..., str], make_user: MakeUser, chosen: Limits, answer: str) -> None:
    made = passwords.create(make_user("on", phone=NUMBER), "Mail", limits=chosen)
    assert isinstance(made, tuple)
    assert f"Refused: it is one of this person's app passwords, {answer}" in said("on@example.edu", made[1])
    assert not AppPassword.objects.get().mistake


def test_a_ban_is_of_the_address_that_is_asked_about(said: Callable[..., str], make_user: MakeUser) -> None:
    make_user("off", two_step=False)
    until = timezone.now() + timedelta(minutes=30)
    Ban.objects.create(network="192.0.2.1", until=until)
    answer = said("off@example.edu", PASSWORD, "--protocol", "smtp", "--from", "192.0.2.1")
    assert f"192.0.2.1 is banned until {timezone.localtime(until):%Y-%m-%d %H:%M}" in answer
    assert said("off@example.edu", PASSWORD, "--from", "192.0.2.2").startswith("Let in")


@pytest.mark.parametrize("options", [("--from", "here"), ("--protocol", "http")])
def test_nonsense_is_refused(said: Callable[..., str], db: None, options: tuple[str, str]) -> None:
    with pytest.raises(CommandError):
        said("off@example.edu", "x", *options)


@pytest.mark.slow
def test_at_a_terminal_the_password_is_typed_unseen(tmp_path: Path) -> None:
    environment = {**os.environ, "DEBUG": "on", "VAR": str(tmp_path)}
    manage = [sys.executable, "manage.py"]
    migrated.migrate(f"sqlite:///{tmp_path / 'mailkey.sqlite3'}")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*manage, "checklogin", "nobody@example.edu"], cwd=ROOT, env=environment, stdin=theirs, stdout=theirs,
        stderr=theirs, start_new_session=True,
        preexec_fn=lambda: os.close(os.open(os.ttyname(0), os.O_RDWR)),  # its own terminal, as /dev/tty # noqa: PLW1509
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    while b"not shown" not in seen:
        seen += os.read(ours, 1024)
    os.write(ours, b"canary-password\n")
    try:
        while chunk := os.read(ours, 1024):
            seen += chunk
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(ours)
    assert process.wait(20) == 0
    assert b"there is no such mailbox" in seen
    assert b"canary" not in seen
