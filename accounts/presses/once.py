"""What is shown once: to the twin of the form that asked for it too, until its owner has gone on."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.presses import presses

MARK = "_is_shown_once"


def show(response: HttpResponse) -> HttpResponse:
    """A page or a file with a secret in it."""
    setattr(response, MARK, True)
    return response


def is_shown(response: HttpResponse) -> bool:
    return hasattr(response, MARK)


def gone_on(request: HttpRequest) -> None:
    """Its owner is done with it: whoever sits down at this browser next and sends the form again gets nothing."""
    if cookie := request.COOKIES.get(settings.PRESS_COOKIE_NAME):
        presses.forget(cookie)
