"""When a session ends by itself: it is old, nothing was done for long, or its owner ended it elsewhere."""

from datetime import datetime
from enum import StrEnum, auto
from math import ceil

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest
from django.utils import timezone

from accounts.sessions import clients, sessions, signins
from accounts.sessions.storage import lifetimes
from accounts.sessions.storage.keys import AUTHORIZED, ENDED, OFFICE_CLOSED, SIGN_IN, STARTED_AT
from accounts.users.models import User


class Over(StrEnum):
    """Why somebody is out who was in."""

    OLD = auto()
    TEMPORARY = auto()
    IDLE = auto()
    ELSEWHERE = auto()  # said by its owner in another browser, or by the office


def over(request: HttpRequest) -> Over | None:
    """Sessions end a fixed time after the sign-in, however busy they are; when nothing was done for long; or when their
    owner signs them out. Of who is still in it is noted that something was done."""
    if not lifetimes.is_young(request.session.get(STARTED_AT), lifetimes.lifetime(request)):
        return Over.TEMPORARY if lifetimes.is_temporary(request) else Over.OLD
    user: User = request.user  # type: ignore[assignment]  # asked of who is signed in
    if SIGN_IN not in request.session:
        sessions.adopt(request, user)
    row = signins.find(user, sessions.sign_in(request))
    if row is None:
        return Over.ELSEWHERE
    if row.is_idle(settings.IDLE_LIFETIME):
        return Over.IDLE
    if user.is_staff and row.is_idle(settings.IDLE_LIFETIME_OF_STAFF):
        request.session[OFFICE_CLOSED] = True
    if not asks_by_itself(request):
        signins.see(row, clients.address(request))
    vars(request)["seen_at"] = row.seen_at
    return None


def asks_by_itself(request: HttpRequest) -> bool:
    """A page that looks whether something has changed: nobody has done anything. Who says so falsely is out sooner."""
    return request.method == "GET" and ("HX-Request" in request.headers or "X-By-Itself" in request.headers)


def idle_left(request: HttpRequest, *, in_office: bool = False) -> int | None:
    """Seconds until the session ends if nothing is done; `in_office`: or until the administration closes. None: it does
    not, or nobody is in."""
    seen_at: datetime | None = vars(request).get("seen_at")
    limits = [settings.IDLE_LIFETIME, *([settings.IDLE_LIFETIME_OF_STAFF] if in_office else [])]
    if seen_at is None or not any(limits):
        return None
    if in_office and office_is_closed(request):
        return 0
    return max(ceil((seen_at + min(filter(None, limits)) - timezone.now()).total_seconds()), 0)


def office_is_closed(request: HttpRequest) -> bool:
    """Nothing was done for a while, so the administration asks for a second step anew."""
    return OFFICE_CLOSED in request.session


def close(request: HttpRequest, why: Over) -> None:
    """It ended by itself. Where it was idle, and webmail hangs on it, that goes on by its own limits, until somebody
    signs in here anew, or out (docs/decisions/0058-idle.md)."""
    user: User = request.user  # type: ignore[assignment]  # asked of who is signed in
    stays = {key: request.session[key] for key in (SIGN_IN, AUTHORIZED) if key in request.session}
    if why is Over.IDLE and AUTHORIZED in stays:
        logout(request)
        request.session.update(stays)
    else:
        sessions.end(request)
    request.session[ENDED] = {"why": why, "user": user.pk if why in (Over.IDLE, Over.OLD) else None}


def ended(request: HttpRequest) -> Over | None:
    """Why somebody was signed out who was in here last."""
    held = request.session.get(ENDED)
    return Over(held["why"]) if held else None
