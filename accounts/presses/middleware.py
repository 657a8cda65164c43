"""Every form of the site, sent twice: the twin waits for the first one and gets its answer, with the cookies that came
with it (docs/decisions/0027-twins.md). It stands ahead of sessions and CSRF: a twin changes nothing, and what it
carries may be what the first one has replaced."""

import hashlib
import json
import logging
from base64 import b64decode, b64encode
from collections.abc import Callable
from http import HTTPStatus
from secrets import token_urlsafe
from threading import BoundedSemaphore
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import UnreadablePostError
from django.middleware.csrf import CSRF_TOKEN_LENGTH

from accounts.presses import once, presses
from accounts.presses.presses import Sent

GetResponse = Callable[[HttpRequest], HttpResponseBase]
logger = logging.getLogger(__name__)

LARGEST = 500_000  # bytes of an answer that is kept for a twin; longer ones are exports, which change nothing
ENDED = f"{settings.PRESS_COOKIE_NAME}_ended"  # a cookie: of the last form nothing more is to be expected
WAITING = BoundedSemaphore(2)  # threads of this process; a twin that finds no place counts, as if it were alone


class OnePress:
    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        form = _form(request)
        response = self._answer(request, form) if form else self._get_response(request)
        _give_cookie(request, response)
        return response

    def _answer(self, request: HttpRequest, form: Sent) -> HttpResponseBase:
        try:
            if ENDED in request.COOKIES:
                presses.drop(form)
            twin_gets = self._claim(request, form)
        except Error as error:  # which the page itself will say better
            logger.warning("A form is not recognised if it comes again: %s", type(error).__name__)
            return self._get_response(request)
        return twin_gets or self._work(request, form)

    def _claim(self, request: HttpRequest, form: Sent) -> HttpResponse | None:
        """None: this one counts."""
        for _again in range(2):  # the first came to nothing: of its twins, one takes its place
            if presses.claim(form) or not WAITING.acquire(blocking=False):
                return None
            try:
                kept = presses.answer(form)
            finally:
                WAITING.release()
            if kept:
                return _unpacked(kept, _keys(request))
        return None

    def _work(self, request: HttpRequest, form: Sent) -> HttpResponseBase:
        response = self._get_response(request)
        try:
            if isinstance(response, HttpResponse) and _can_be_kept(response):
                presses.keep(form, _packed(response, _keys(request)), lasting=_lasts(response))
            else:
                presses.drop(form)
        except Error as error:  # it is done all the same, or came to nothing
            logger.warning("An answer is not kept: %s", type(error).__name__)
            _say_that_it_ended(response)
        return response


# --- What was sent ----------------------------------------------------------------------------------------------------


def _form(request: HttpRequest) -> Sent | None:
    """None: not a form of ours, or a browser that was never shown one."""
    cookie = request.COOKIES.get(settings.PRESS_COOKIE_NAME)
    if request.method != "POST" or not cookie:
        return None
    try:
        token = request.POST.get("csrfmiddlewaretoken", "")
        # Each form that is shown has a token of its own. The bare one, from the cookie, may be sent by a program with
        # any number of requests that are all meant.
        if len(token) != CSRF_TOKEN_LENGTH:
            return None
        content = [request.get_full_path(), list(request.POST.lists()), _files(request)]
    except UnreadablePostError:
        return None
    return presses.sent(cookie, json.dumps(content))


def _files(request: HttpRequest) -> list[tuple[str, str | None, str]]:
    """A browser draws another boundary between them each time, so they are looked at one by one."""
    return [(field, file.name, _digest(file)) for field, files in request.FILES.lists() for file in files]


def _digest(file: UploadedFile[bytes]) -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _keys(request: HttpRequest) -> dict[str, str | None]:
    """By which the site knows a browser, and its forms."""
    return {name: request.COOKIES.get(name) for name in (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)}


def _say_that_it_ended(response: HttpResponseBase) -> None:
    """The database could not be told; so the browser is. Or a twin would wait for an answer that nobody keeps."""
    response.set_cookie(
        ENDED, "1", max_age=presses.PATIENCE, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


def _give_cookie(request: HttpRequest, response: HttpResponseBase) -> None:
    """With the first page that shows a form."""
    has_forms = settings.CSRF_COOKIE_NAME in {**request.COOKIES, **response.cookies}
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    if has_forms and is_page and settings.PRESS_COOKIE_NAME not in request.COOKIES:
        response.set_cookie(
            settings.PRESS_COOKIE_NAME,
            token_urlsafe(32),
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


# --- What it was answered ---------------------------------------------------------------------------------------------


def _can_be_kept(response: HttpResponse) -> bool:
    return response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR and len(response.content) <= LARGEST


def _lasts(response: HttpResponse) -> bool:
    """What was done, and leads on or shows what is shown once. A form that came back with an error is sent anew from
    there; who sends the old one again, after the answer, tries again."""
    return response.has_header("Location") or once.is_shown(response)


def _packed(response: HttpResponse, before: dict[str, str | None]) -> bytes:
    cookies = response.cookies
    after = {name: (cookies[name].value or None) if name in cookies else key for name, key in before.items()}
    answer = {
        "status": response.status_code,
        "headers": list(response.headers.items()),
        "cookies": [cookie.OutputString() for cookie in cookies.values()],
        "body": b64encode(response.content).decode(),
        "keys": [before, after],
    }
    return json.dumps(answer).encode()


def _unpacked(kept: bytes, keys: dict[str, str | None]) -> HttpResponse | None:
    """For a browser as it was when it sent the first one, or as the answer has made it: who has signed out since, or
    in as somebody else, presses anew."""
    answer: dict[str, Any] = json.loads(kept)
    if keys not in answer["keys"]:
        return None
    response = HttpResponse(b64decode(answer["body"]), status=answer["status"], headers=dict(answer["headers"]))
    for cookie in answer["cookies"]:
        response.cookies.load(cookie)
    return response
