"""The site denies by default: a page is open to everybody only if its view says `login_not_required`."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject

from accounts.sessions import expiry, halfway, sessions, typed
from accounts.sessions.gate import flows

GetResponse = Callable[[HttpRequest], HttpResponse]

# A person who must choose a new password first sees these and nothing else.
BEFORE_NEW_PASSWORD = {"password", "confirm", "sign_out", "set_language"}
# And who must add a way to take the second step: by the one that was taken, so a password alone gets nobody here.
BEFORE_ANOTHER_WAY = {
    "factors", "factor_app_new", "factor_passkeys", "phone", "confirm", "confirm_app", "confirm_passkey",
    "confirm_recovery", "sign_out", "set_language",
}  # fmt: skip
# Forms that are the same for everybody: a name and a password say themselves whose they are.
FOR_ANYBODY = {"sign_in", "set_language"}


def no_store(get_response: GetResponse) -> GetResponse:
    """Pages hold personal data: no cache keeps one, the browser's neither. (Static files are answered before.)"""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response

    return middleware


class Sessions(SessionMiddleware):
    """A request that is on its way while its session gets a new key finds nothing under the old one. Django would tell
    the browser to throw its cookie away, and by then that is the new one."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = getattr(request, "session", None)
        if session is not None and session.is_empty() and not session.modified:
            return response
        try:
            return super().process_response(request, response)
        except SessionInterrupted:  # another tab has ended it, or taken its key
            return redirect(request.path)


def csrf_cookie_once(get_response: GetResponse) -> GetResponse:
    """Django sends its CSRF cookie with every form. A page that was asked for before a sign-in and comes after it would
    put the old one back, and no form of the new session would be taken."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.META.get("CSRF_COOKIE") == request.COOKIES.get(settings.CSRF_COOKIE_NAME):
            request.META["CSRF_COOKIE_NEEDS_UPDATE"] = False
        return response

    return middleware


def present_ways(get_response: GetResponse) -> GetResponse:
    """After django-otp's. `request.user.is_verified()`: a second step was taken in this session, and the ways to take
    one are still what they were then."""

    def middleware(request: HttpRequest) -> HttpResponse:
        verified: Any = SimpleLazyObject(partial(_verified_by_present_ways, request, request.user))
        request.user = verified
        return get_response(request)

    return middleware


def _verified_by_present_ways(request: HttpRequest, user: Any) -> Any:
    if user.otp_device is not None:
        user.otp_device.user = user
        if sessions.is_by_former_ways(request, user):
            user.otp_device = None
    return user


class OneFlow(MiddlewareMixin):
    """A form of one person never does anything to another, whichever form it is."""

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        asked = request.resolver_match.url_name if request.resolver_match else None
        if request.method == "POST" and asked not in FOR_ANYBODY and flows.is_anothers(request):
            return flows.stopped(request)
        return None


class SecondStepMiddleware(MiddlewareMixin):
    """Who has not passed the second step is led to it, or to the sign-in, from wherever they wanted to go."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if request.user.is_authenticated and (why := expiry.over(request)):
            expiry.close(request, why)
        way = way_in(request) if getattr(view, "login_required", True) else None
        if way and not request.user.is_authenticated:
            typed.keep(request, typed.of(request.POST))
        if way and "HX-Request" in request.headers:
            return HttpResponse()  # a part of a page goes; the page stays, for it may show what is shown once
        return way


def way_in(request: HttpRequest) -> HttpResponseBase | None:
    """Where somebody has to go first who may not see this page yet."""
    if not sessions.has_passed(request):
        candidate = halfway.candidate(request)
        if candidate is None:
            return redirect_to_login(request.get_full_path(), reverse("sign_in"))
        return redirect(candidate.page)
    asked = request.resolver_match.url_name if request.resolver_match else None
    must = getattr(request.user, "must_change_password", False) and not settings.PASSWORDS_IN_DIRECTORY
    if must:
        return redirect("password") if asked not in BEFORE_NEW_PASSWORD else None
    return redirect("factors") if asked not in BEFORE_ANOTHER_WAY and sessions.needs_another_way(request) else None
