"""People at browsers, as tests act them."""

import re
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY
from django.test import Client, RequestFactory, TestCase

from accounts.delivery.gateways import memory
from accounts.phones.models import Phone
from accounts.signin import entering
from accounts.users.models import User

PASSWORD = "battery-staple-2026"
NUMBER = "13800138000"
OTHER_NUMBER = "13900139000"
IPHONE = (  # what its browser calls itself
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/138.0 Safari/537.36 Edg/138.0"


def code_from_phone(number: str | None = None) -> str:
    """The newest code, as its owner reads it: from the text of the SMS."""
    for sms in reversed(memory.outbox):
        if sms.code and (number is None or sms.to.endswith(number)):
            found = re.search(r"(?<!\d)\d{6}(?!\d)", sms.text)
            assert found, sms.text
            return found.group()
    raise AssertionError(f"no code came to {number or 'any phone'}")


class Person(Client):
    """Somebody at a browser. What a request commits is carried out (the SMS is sent) before the answer is looked at."""

    def __init__(self, user: User | None = None, **defaults: Any) -> None:
        defaults.setdefault("HTTP_USER_AGENT", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
        super().__init__(**defaults)
        self.user = user

    def request(self, **request: Any) -> Any:
        with TestCase.captureOnCommitCallbacks(execute=True):
            return super().request(**request)

    def enter_password(self, password: str = PASSWORD, name: str | None = None, **data: Any) -> Any:
        assert self.user or name
        username = name or (self.user.username if self.user else "")
        return self.post("/sign-in/", {"username": username, "password": password, **data})

    def bind(self, number: str = NUMBER) -> Any:
        """From the forced binding page: number, code."""
        self.post("/sign-in/phone/", {"number": number, "agreed": "on"})
        return self.post("/sign-in/phone/", {"code": code_from_phone(number)})

    def enter_code(self, **data: Any) -> Any:
        return self.post("/sign-in/code/", {"code": code_from_phone(), **data})

    def sign_in(self, **data: Any) -> Any:
        """The whole way in, whichever it is."""
        response = self.enter_password()
        if response.headers.get("Location") == "/sign-in/phone/":
            return self.bind()
        if response.headers.get("Location") == "/sign-in/code/":
            return self.enter_code(**data)
        return response

    def arrive(self) -> None:
        """In, by password and a code by SMS (without two-step, by password alone), as the pages of the sign-in end, but
        without them: for what comes afterwards. Who has a phone to bind binds it."""
        assert self.user
        device = Phone.objects.filter(user=self.user).first() if self.user.two_step_is_on() else None
        if self.user.two_step_is_on() and not device:
            self.sign_in()
            return
        browser: dict[str, Any] = self.defaults
        request = RequestFactory().get("/", **browser)
        request.session = self.session
        request.session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        request.user = self.user
        response = entering.enter(request, self.user, "", device=device)
        request.session.save()
        self.cookies.update(response.cookies)
        self.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key or ""

    def is_in(self) -> bool:
        return self.get("/").status_code == 200
