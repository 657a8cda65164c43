"""What a page asks of the session before it opens, and what it says about itself."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts.phones import suggestions
from accounts.sessions import sessions
from accounts.sessions.sessions import SignedInRequest
from accounts.users import ways

View = Callable[..., HttpResponse]


GET_OR_POST = ["GET", "HEAD", "POST"]


def fresh_code_required(view: View) -> View:
    """The page asks for a second step first if none was taken in the last minutes. Who has no way to take one has
    nothing to show."""

    @wraps(view)
    def guarded(request: SignedInRequest, **wired: Any) -> HttpResponse:
        if not sessions.code_is_fresh(request) and (held := ways.of(request.user)):
            page = reverse(sessions.CONFIRM_PAGES[held[0]])
            return redirect(f"{page}?{urlencode({'next': request.get_full_path()})}")
        return view(request, **wired)

    return guarded


def first_phone_required(view: View) -> View:
    """The page adds a way, and is not where those begin whose number the office takes from the directory."""

    @wraps(view)
    def guarded(request: SignedInRequest, **wired: Any) -> HttpResponse:
        return redirect("phone") if suggestions.first(request.user) else view(request, **wired)

    return guarded


def leads_to_applications(view: View) -> View:
    """A page whose form can end at another site: after the sign-in, people go on to webmail. Which sites these are is
    the business of accounts/openid/middleware.py."""
    vars(view)["leads_to_applications"] = True
    return view
