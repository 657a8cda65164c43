"""What logins leave behind is written however many there are: the time is that of each transaction."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.utils import timezone

from accounts.bans import trials
from accounts.maillogins import maillogins
from accounts.maillogins.maillogins import Method, Success
from accounts.maillogins.models import MailLogin
from apppasswords.maillogin.afterwards import Notebook
from apppasswords.maillogin.decision import Outcome, Reason, Verdict
from tests.conftest import MakeUser

ADDRESS = "198.51.100.7"


def let_in(user: int) -> Verdict:
    success = Success(user, "imap", Method.APP_PASSWORD, ADDRESS, timezone.now())
    return Verdict(Outcome.YES, Reason.APP_PASSWORD, success=success, is_new_place=True)


def test_each_batch_has_a_time_of_its_own(make_user: MakeUser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maillogins, "AT_ONCE", 2)
    times: list[str] = []

    @contextmanager
    def in_time() -> Iterator[None]:
        times.append("begun")
        yield
        times.append("ended")

    notebook = Notebook()
    for number in range(5):
        notebook.note(let_in(make_user(f"person{number}").pk))
    notebook.write(in_time)
    assert times == ["begun", "ended"] * 3
    assert MailLogin.objects.count() == 5


def test_what_came_too_late_is_written_with_the_next(make_user: MakeUser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maillogins, "AT_ONCE", 2)
    left = [True, False]

    @contextmanager
    def in_time() -> Iterator[None]:
        if not left.pop(0):
            raise TimeoutError
        yield

    notebook = Notebook()
    for number in range(5):
        notebook.note(let_in(make_user(f"person{number}").pk))
    with pytest.raises(TimeoutError):
        notebook.write(in_time)
    assert MailLogin.objects.count() == 2
    notebook.write()
    assert sorted(MailLogin.objects.values_list("count", flat=True)) == [1] * 5


def test_a_new_place_is_noted(make_user: MakeUser) -> None:
    user = make_user("lisi")
    notebook = Notebook()
    notebook.note(let_in(user.pk))
    notebook.write_places()
    assert trials.of(user.username, ADDRESS, "").is_known
