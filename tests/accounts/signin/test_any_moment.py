"""The database goes away at any moment of a sign-in, or an answer is lost on its way: we say that it is our fault, and
whoever tries again at once is in, however he tries."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.cookies import SimpleCookie
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from celery import current_task
from django.db import OperationalError, connection
from django.test import Client

from accounts.presses import presses
from accounts.users.models import User
from tests.kit.people import PASSWORD, Person, code_from_phone
from tests.kit.tabs import Tab

PASSWORD_PAGE, CODE_PAGE = "/sign-in/", "/sign-in/code/"
TRIES = 4  # pages that somebody goes through who opens the site anew


class Owner(Person):
    """At a browser. `holds_for`: statements that the database answers; then it is away."""

    holds_for: int | None = None
    was_away = False
    wrote = 0

    def __init__(self, user: User, number: str) -> None:
        super().__init__(user, enforce_csrf_checks=True)
        self.raise_request_exception = False
        self.number = number

    def request(self, **request: Any) -> Any:
        with self._database():
            return Client.request(self, **request)

    @contextmanager
    def _database(self) -> Iterator[None]:
        asked = count()

        def answer(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
            is_a_workers = bool(current_task)
            if not is_a_workers and self.holds_for is not None and next(asked) >= self.holds_for:
                self.was_away = True
                raise OperationalError("server closed the connection unexpectedly")
            self.wrote += not is_a_workers and not sql.startswith("SELECT")
            return execute(sql, *args)

        with connection.execute_wrapper(answer):
            yield

    def enter(self, tab: Tab) -> Any:
        """What the page asks for."""
        if any("password" in form.content for form in tab.forms):
            assert self.user
            return tab.send(username=self.user.username, password=PASSWORD)
        return tab.send(code=code_from_phone(self.number))

    def gets_in_anew(self) -> bool:
        """Opens the site once more, and goes on from there."""
        for _page in range(TRIES):
            if self.is_in():
                return True
            page = self.get(CODE_PAGE)
            if page.status_code == 302:
                self.enter(Tab(self, PASSWORD_PAGE))
            elif b"data-countdown" in page.content:  # the code that was sent counts
                self.enter(Tab(self, CODE_PAGE, page))
            else:
                Tab(self, CODE_PAGE, page).send(send="1")
        return self.is_in()

    def gets_in_by_the_same_form(self, tab: Tab) -> bool:
        self.enter(tab)
        return self.gets_in_anew()


def anew(owner: Owner, _tab: Tab) -> bool:
    return owner.gets_in_anew()


def the_same_form(owner: Owner, tab: Tab) -> bool:
    return owner.gets_in_by_the_same_form(tab)


@pytest.fixture
def at(
    transactional_db: None, make_user: Callable[..., User], clock: time_machine.Traveller
) -> Callable[[str], tuple[Owner, Tab]]:
    """Somebody on this page, with the newest code on his phone."""
    numbers = count()

    def come(page: str) -> tuple[Owner, Tab]:
        number = f"1380013{next(numbers):04}"
        owner = Owner(make_user(f"wangwu{number}", phone=number), number)
        if page == CODE_PAGE:
            owner.enter(Tab(owner, PASSWORD_PAGE))
        return owner, Tab(owner, page)

    return come


@pytest.fixture(autouse=True)
def _nobody_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """For a form whose answer has said that it came to nothing."""
    waits: list[float] = []
    monkeypatch.setattr(presses, "time", SimpleNamespace(monotonic=time.monotonic, sleep=waits.append))
    yield
    assert not waits


@pytest.mark.parametrize("page", [PASSWORD_PAGE, CODE_PAGE])
def test_a_page_is_shown_or_it_is_our_fault(at: Callable[[str], tuple[Owner, Tab]], page: str) -> None:
    owner, _tab = at(page)
    for statements in count():
        owner.holds_for, owner.was_away = statements, False
        answer = owner.get(page)
        if not owner.was_away:
            break
        assert answer.status_code == 503, statements
    assert answer.status_code == 200
    assert statements > 0


@pytest.mark.parametrize("page", [PASSWORD_PAGE, CODE_PAGE])
@pytest.mark.parametrize("tries", [anew, the_same_form])
def test_the_database_goes_away(at: Callable[[str], tuple[Owner, Tab]], page: str, tries: Callable[..., bool]) -> None:
    stuck, seen = [], set[int]()
    for statements in count():
        owner, tab = at(page)
        owner.holds_for, owner.wrote = statements, 0
        answer = owner.enter(tab)
        owner.holds_for, wrote = None, owner.wrote
        is_left_so_for_the_first_time = wrote not in seen
        seen.add(wrote)
        if answer.status_code not in (302, 503) or (is_left_so_for_the_first_time and not tries(owner, tab)):
            stuck.append((statements, answer.status_code))
        if not owner.was_away:
            break
    assert not stuck
    assert len(seen) > 5


@pytest.mark.parametrize("page", [PASSWORD_PAGE, CODE_PAGE])
@pytest.mark.parametrize("tries", [anew, the_same_form])
def test_the_answer_is_lost(at: Callable[[str], tuple[Owner, Tab]], page: str, tries: Callable[..., bool]) -> None:
    owner, tab = at(page)
    before = SimpleCookie(owner.cookies)
    owner.enter(tab)
    owner.cookies = before
    assert tries(owner, tab)
