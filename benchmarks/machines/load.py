"""Who uses it meanwhile: mail programs that try again, people who press the button again, somebody who guesses."""

import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse
from itertools import count
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import urlencode

from benchmarks import people
from benchmarks.first_day import PASSWORD
from benchmarks.mail_login import TOKEN
from benchmarks.sending import Gateway, number

LOGINS_EVERY, SIGN_INS_EVERY = 0.1, 1.5  # seconds
LET_IN, REDIRECTS = 200, 302
COUNTS_DOWN = "data-countdown"  # on the button for another code, while the one that was sent counts
LEADS_TO_ANOTHER = re.compile(r'name="send"\s+value="1"\s+class="btn btn-primary')  # what was sent counts no more
AGAIN_AFTER = 1.0  # seconds
LATE = 2.0  # seconds, a code
PRESSES_AFTER = 1.0  # seconds without an SMS, and looks what the page says
GIVES_UP_AFTER = 40.0  # seconds
LANES = 16
LOOKS_EVERY = 0.5  # seconds
AWAY = (OSError, HTTPException)


@dataclass
class Try:
    """Something that somebody wants. `failed_at`: each time that it did not work."""

    began: float
    failed_at: list[float] = field(default_factory=list)
    why: list[str] = field(default_factory=list)
    done: bool = False
    gave_up: bool = False


@dataclass
class Told:
    logins: list[Try] = field(default_factory=list)
    pages: list[Try] = field(default_factory=list)
    codes: list[float | None] = field(default_factory=list)  # seconds until the SMS was handed over; None: it was not
    late: list[float] = field(default_factory=list)  # moments at which somebody waited for a late code


class Load:
    def __init__(self, front: str, gateway: Gateway) -> None:
        self.front, self.gateway = front, gateway
        self.told = Told()
        self._over, self._changing, self._person = Event(), Lock(), count()
        self._owners = people.owners(1)
        self._threads = [Thread(target=self._read_mail, args=(lane,), daemon=True) for lane in range(LANES)]
        self._threads.append(Thread(target=self._come_in, daemon=True))
        self._waiting: dict[int, float] = {}  # since when for their code

    def begin(self) -> None:
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(GIVES_UP_AFTER + 30)

    def fresh(self) -> Told:
        """What was told until now; from now on anew."""
        with self._changing:
            told, self.told = self.told, Told()
            for old, new in ((told.logins, self.told.logins), (told.pages, self.told.pages)):
                new.extend(one for one in old if not (one.done or one.gave_up))  # they go on
        return told

    # --- Mail programs

    def _read_mail(self, lane: int) -> None:
        for turn in count():
            if self._over.wait(LOGINS_EVERY * LANES if turn else LOGINS_EVERY * lane):
                return
            name, secret = self._owners[(lane + turn * LANES) % len(self._owners)]
            self._until_done(self.told.logins, partial(self._is_let_in, name, secret, f"10.9.{lane}.7"))

    def _is_let_in(self, *login: str) -> bool:
        status = self.mail_login(*login)
        if status != LET_IN:
            raise OSError(status)
        return True

    def mail_login(self, name: str, password: str, address: str) -> int:
        form = {"user": name, "password": password, "protocol": "imap", "address": address}
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/x-www-form-urlencoded"}
        return self.ask(8001, "POST", "/login", headers, form)[0].status

    def ask(
        self, port: int, method: str, path: str, headers: dict[str, str], form: dict[str, str] | None = None
    ) -> tuple[HTTPResponse, str]:
        connection = HTTPConnection(self.front, port, timeout=15)
        try:
            connection.request(method, path, urlencode(form) if form else None, headers)
            answer = connection.getresponse()
            return answer, answer.read().decode()
        finally:
            connection.close()

    def _until_done(self, told: list[Try], does: Callable[[], bool]) -> Try:
        tried = Try(time.monotonic())
        with self._changing:
            told.append(tried)
        while not tried.done and time.monotonic() - tried.began < GIVES_UP_AFTER:
            began = time.monotonic()
            try:
                tried.done = does()
                why = "another answer"
            except AWAY as error:
                why = f"{type(error).__name__} {error}"
            if not tried.done:
                tried.why.append(why)
                tried.failed_at.append(began)
                time.sleep(AGAIN_AFTER)
        tried.gave_up = not tried.done
        return tried

    # --- People

    def _come_in(self) -> None:
        while not self._over.wait(SIGN_INS_EVERY):
            Thread(target=self._sign_in, args=(next(self._person),), daemon=True).start()

    def _sign_in(self, who: int) -> None:
        browser = _Browser(self, who)
        if self._until_done(self.told.pages, browser.password).done:
            self._waiting[who] = time.monotonic()
            self._until_done(self.told.pages, browser.code)
            self._waiting.pop(who, None)
            came = self.gateway.came_at.get(number(who))
            self.told.codes.append(None if came is None else came - browser.asked_at)

    def waits(self) -> bool:
        """Whether somebody waits for a code; when it is late, that is noted."""
        now = time.monotonic()
        waiting = [since for who, since in list(self._waiting.items()) if number(who) not in self.gateway.came_at]
        if any(now - since > LATE for since in waiting):
            self.told.late.append(now)
        return any(now - since > LATE / 2 for since in waiting)


class _Browser:
    """Of somebody who does what the page says."""

    def __init__(self, load: Load, who: int) -> None:
        self._load, self._who = load, who
        self._cookies: dict[str, str] = {}
        self._replaced = ""  # the SMS that was there when another code was asked for
        self.asked_at = time.time()

    def password(self) -> bool:
        """On the page of the code at the end."""
        self.asked_at = time.time()
        return self._leads("/sign-in/", "/sign-in/code/", username=f"someone{self._who}@example.edu", password=PASSWORD)

    def code(self) -> bool:
        """In at the end. Who has no SMS yet waits for it, which is no failure of a page. Whose code was used up by a
        try of which the answer was lost presses the button, as the page says."""
        page, text = self._open("GET", "/sign-in/code/")
        if page.headers["Location"] == "/":
            return True  # the answer was lost, and all was done
        if page.status == REDIRECTS:  # nobody knows this browser any more: it begins again
            self.password()
            page, text = self._open("GET", "/sign-in/code/")
        until = time.monotonic() + GIVES_UP_AFTER
        while (not self._sms() or LEADS_TO_ANOTHER.search(text)) and time.monotonic() < until:
            if COUNTS_DOWN not in text:  # nothing that was sent counts
                self._another(text)
            time.sleep(LOOKS_EVERY)
            page, text = self._open("GET", "/sign-in/code/")
        found = re.search(r"(?<!\d)\d{6}(?!\d)", self._sms())
        return bool(found) and self._leads("/sign-in/code/", "/", code=found[0] if found else "")

    def _another(self, text: str) -> None:
        """For another code, by the button."""
        gateway, mine = self._load.gateway, number(self._who)
        before, there = gateway.asked[mine], gateway.texts.get(mine, "")
        self._open("POST", "/sign-in/code/", {**_hidden(text), "send": "1"})
        self._replaced = there
        until = time.monotonic() + PRESSES_AFTER
        while gateway.asked[mine] == before and time.monotonic() < until:
            time.sleep(0.1)

    def _sms(self) -> str:
        """The newest one, unless another code was asked for since."""
        text = self._load.gateway.texts.get(number(self._who), "")
        return "" if text == self._replaced else text

    def _leads(self, path: str, to: str, **fields: str) -> bool:
        page, text = self._open("GET", path)
        hidden = _hidden(text)
        if "csrfmiddlewaretoken" not in hidden:
            raise OSError(f"no form at {path}: {page.status} {page.headers['Location']}")
        answer, text = self._open("POST", path, hidden | fields)
        if answer.headers["Location"] != to:
            said = re.findall(r"(?:alert|invalid)[^>]*>([^<]+)", text)
            raise OSError(f"{path} says {answer.status} {answer.headers['Location']} {said[:3]}")
        return True

    def _open(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[HTTPResponse, str]:
        site = "https://portal.example.edu"
        headers = {"Host": "portal.example.edu",
                   "Referer": f"{site}{path}", "Cookie": "; ".join(f"{k}={v}" for k, v in self._cookies.items()),
                   "Content-Type": "application/x-www-form-urlencoded"}  # fmt: skip
        answer, text = self._load.ask(80, method, path, headers, form)
        for cookie in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        if answer.status >= 500:
            raise OSError(answer.status)
        return answer, text


def _hidden(text: str) -> dict[str, str]:
    """Of a form, by which the site knows it."""
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', text))
    return {name: hidden[name] for name in ("csrfmiddlewaretoken", "flow") if name in hidden}


def make_people(many: int) -> None:
    """With two-step on, and a phone of their own."""
    from django.contrib.auth.hashers import make_password
    from django.utils import timezone

    from accounts.phones.models import Phone
    from accounts.users.models import User

    password = make_password(PASSWORD)
    made = User.objects.bulk_create(
        User(username=f"someone{who}@example.edu", password=password, two_step_from=timezone.now())
        for who in range(many)
    )
    Phone.objects.bulk_create(Phone(user=user, number=number(who)) for who, user in enumerate(made))


def summed(told: Told, since: float) -> dict[str, Any]:
    tries = [*told.logins, *told.pages]
    last = max([since, *told.late, *(at for one in tries for at in one.failed_at)])
    came = [seconds for seconds in told.codes if seconds is not None]
    return {
        "logins": len(told.logins), "logins that failed at first": sum(bool(one.failed_at) for one in told.logins),
        "pages": len(told.pages), "pages that failed at first": sum(bool(one.failed_at) for one in told.pages),
        "never done": sum(one.gave_up for one in tries), "last failure": last,
        "codes": len(told.codes), "codes that did not come": len(told.codes) - len(came),
        "longest wait for a code": max(came, default=0),
        "why": Counter(why for one in tries for why in one.why),
    }  # fmt: skip
