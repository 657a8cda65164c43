"""The pages that ask for a code, one for each purpose, and what can be read on them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any

import time_machine

from accounts.delivery.models import Sms
from accounts.users.models import User
from tests.kit.asking import Purpose
from tests.kit.people import NUMBER, OTHER_NUMBER, Person, code_from_phone

SEND = {"send": "1"}


@dataclass(frozen=True)
class View:
    """A page as its reader sees it."""

    status: int
    field: bool
    field_in_focus: bool
    button: str  # locked, open
    button_in_focus: bool
    asks_by_itself: bool
    text: str


def read(response: Any) -> View:
    html = response.content.decode()
    field = re.search(r'<input[^>]*name="code"[^>]*>', html)
    button = re.search(r'<button[^>]*name="send"[^>]*>', html)
    assert button, "there is always a way to another code"
    return View(
        status=response.status_code,
        field=field is not None,
        field_in_focus=bool(field and "autofocus" in field[0]),
        button="locked" if "data-countdown" in button[0] else "open",
        button_in_focus="autofocus" in button[0],
        asks_by_itself="data-asks" in button[0],
        text=" ".join(unescape(re.sub(r"<[^>]+>", "", html)).split()),
    )


@dataclass(frozen=True)
class CodePage:
    purpose: Sms.Purpose
    path: str
    number: str  # to which the code goes
    arrive: Callable[[Person], None]  # before a code is asked for
    binds: bool = True  # the account has a phone

    def ask(self, person: Person) -> View:
        """For a code; the page that follows."""
        typed = {"number": self.number, "agreed": "on"} if self.purpose in Sms.TYPED else SEND
        if self.purpose is Purpose.SIGN_IN and not self._is_halfway(person):
            answer = person.enter_password()
        else:
            answer = person.post(self.path, typed)
        assert answer.status_code in (200, 302), answer.status_code
        return self.look(person) if answer.status_code == 302 else read(answer)

    def _is_halfway(self, person: Person) -> bool:
        return bool(person.get(self.path).status_code == 200)

    def look(self, person: Person) -> View:
        return read(person.get(self.path))

    def enter(self, person: Person, code: str) -> View | None:
        """The page that says why not; None if it went on."""
        answer = person.post(self.path, {"code": code})
        return None if answer.status_code == 302 else read(answer)

    def code(self) -> str:
        return code_from_phone(self.number)


def _nothing(_person: Person) -> None:
    pass


def _sign_in(person: Person) -> None:
    person.sign_in()
    assert person.is_in()


def _prove_old_number(person: Person) -> None:
    person.sign_in()
    person.post("/security/phone/change/", SEND)
    person.post("/security/phone/change/", {"code": code_from_phone(NUMBER)})


def _enter_password(person: Person) -> None:
    person.enter_password()


CODE_PAGES = [
    CodePage(Purpose.SIGN_IN, "/sign-in/code/", NUMBER, _nothing),
    CodePage(Purpose.BIND, "/sign-in/phone/", NUMBER, _enter_password, binds=False),
    CodePage(Purpose.CHANGE, "/security/phone/change/", NUMBER, _sign_in),
    CodePage(Purpose.CHANGE_NEW, "/security/phone/change/", OTHER_NUMBER, _prove_old_number),
    CodePage(Purpose.UNBIND, "/security/phone/unbind/", NUMBER, _sign_in),
    CodePage(Purpose.CONFIRM, "/security/confirm/", NUMBER, _sign_in),
]


class Spot:
    """One page, its owner's account, and a clock: people come to it one after the other."""

    def __init__(self, page: CodePage, make_user: Callable[..., User], clock: time_machine.Traveller) -> None:
        self.page, self.make_user, self.clock = page, make_user, clock
        self.user = self._account("wangwu")

    def _account(self, name: str) -> User:
        return self.make_user(name, phone=NUMBER if self.page.binds else None)

    def browser(self, user: User | None = None) -> Person:
        """One that has come to the page, where nothing was asked for yet; a minute later than what was before."""
        self.clock.shift(timedelta(seconds=61))
        person = Person(user or self.user, HTTP_ACCEPT_LANGUAGE="en")
        self.page.arrive(person)
        return person

    def neighbour(self) -> Person:
        """Another mailbox on the same phone."""
        return self.browser(self._account("zhaoliu"))
