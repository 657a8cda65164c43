"""What the addresses ask of who calls them, a program of an application or of a mail server."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

View = Callable[..., HttpResponse]

SECRETS = {"access_token", "refresh_token", "token", "code", "code_verifier", "client_secret", "password"}


def no_secret_in_the_address(view: View) -> View:
    """What stands in an address stands in logs, histories and Referer headers."""

    @wraps(view)
    def guarded(request: HttpRequest, **wired: Any) -> HttpResponse:
        return refused() if SECRETS & set(request.GET) else view(request, **wired)

    return guarded


def token_in_the_header(view: View) -> View:
    """RFC 6750 knows a form too; no application of ours needs it."""

    @wraps(view)
    def guarded(request: HttpRequest, **wired: Any) -> HttpResponse:
        return refused() if "access_token" in request.POST else view(request, **wired)

    return no_secret_in_the_address(guarded)


def refused() -> HttpResponse:
    return JsonResponse({"error": "invalid_request"}, status=400)
