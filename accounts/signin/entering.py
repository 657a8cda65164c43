"""How the pages of the sign-in end: somebody is in, starts again, or is banned."""

from datetime import date, datetime

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts.bans.where import places
from accounts.browsers import browsers
from accounts.browsers.models import TrustedBrowser
from accounts.elsewhere import arrivals
from accounts.lib import clock
from accounts.log import events
from accounts.sessions import clients, known, sessions
from accounts.sessions.sessions import SignedInRequest
from accounts.sessions.storage import keys, lifetimes
from accounts.users.models import User
from accounts.users.ways import Device, Way

METHODS = {Way.PHONE: "code", Way.APP: "app", Way.PASSKEY: "passkey", Way.RECOVERY: "recovery code"}  # in the log


def safe_next(request: HttpRequest, path: str | None) -> str:
    """A path of this site, or nothing."""
    path = path or ""
    here = url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if path.startswith("/") and here else ""


def next_of(request: HttpRequest) -> str:
    """Where a page that asks to confirm leads on to."""
    return safe_next(request, request.POST.get("next") or request.GET.get("next")) or reverse("home")


def enter(
    request: HttpRequest,
    user: User,
    next_path: str,
    *,
    device: Device | None = None,
    browser: TrustedBrowser | None = None,
    both_steps_since: date | None = None,
) -> HttpResponse:
    """`device`: the second step was taken by it, just now. `browser`: it is trusted. `both_steps_since`: the source of
    this arrival has taken both, which counts since that day."""
    sessions.open_for(request, user, device=device, browser=browser)
    source = None
    if (arrival := sessions.arrival(request)) is not None:
        source = arrivals.enter(arrival, sessions.sign_in(request))
        if source is None:
            sessions.end(request)
            messages.info(request, _("You have signed out elsewhere meanwhile. Please sign in again."))
            return redirect("sign_in")
    if source and both_steps_since:
        sessions.note_both_steps(request, source)
    places.note_if_new(user.pk, clients.address(request))
    client = clients.look(request)
    event = events.record(
        events.Kind.SIGNED_IN,
        user,
        address=client.address,
        method=_method(device, browser, both_steps_since),
        browser=client.browser,
        system=client.system,
        source=source,
        both_steps_since=clock.day(both_steps_since) if both_steps_since else None,
    )
    sessions.note_event(request, event.pk)
    response = redirect(next_path or settings.LOGIN_REDIRECT_URL)
    if device:
        known.remember(request, response, device)
    return response


def _method(device: Device | None, browser: TrustedBrowser | None, both_steps_since: date | None) -> str:
    if device:
        return METHODS[device.way]
    return "elsewhere" if both_steps_since else "trusted browser" if browser else "password"


def confirmed(request: SignedInRequest, device: Device) -> HttpResponse:
    """The second step was taken once more, for a page that asks for a fresh one."""
    sessions.note_second_step(request, device)
    events.record(
        events.Kind.CONFIRMED, request.user, address=clients.address(request), method=METHODS[device.way]
    )  # fmt: skip
    response = redirect(next_of(request))
    known.remember(request, response, device)
    return response


def trust(request: HttpRequest, response: HttpResponse, device: Device) -> None:
    """This browser, which has just shown a second step. Not after a temporary sign-in, whatever the form says."""
    if lifetimes.is_temporary(request):
        return
    name = settings.TRUSTED_BROWSER_COOKIE_NAME
    trusted = browsers.trust(device, request.COOKIES.get(name, ""), clients.look(request))
    if trusted is None:
        return
    response.set_cookie(
        name,
        trusted[1],
        max_age=settings.TRUSTED_BROWSER_LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def start_again(request: HttpRequest) -> HttpResponse:
    """Or on, who is in by another tab."""
    if sessions.has_passed(request):
        return redirect(settings.LOGIN_REDIRECT_URL)
    # A form that was left open overnight comes without a session: it has been deleted meanwhile.
    if keys.HALFWAY in request.session or request.method == "POST":
        request.session.flush()
        messages.info(request, _("The sign-in took too long, or something changed meanwhile. Please start again."))
    return redirect("sign_in")


def banned(request: HttpRequest, until: datetime) -> HttpResponse:
    """The page of a banned address."""
    seconds = max(clock.seconds_until(until), 1)
    context = {"until": clock.briefly(until), "seconds": seconds, "is_in": sessions.has_passed(request)}
    response = render(request, "signin/banned.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response
