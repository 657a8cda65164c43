"""Browsers in which somebody passed the second step before, with the present password and number.

That opens nothing. But codes that are asked for there are counted by themselves: whoever knows no more than a password
cannot spend them (accounts/codes/limits.py). The cookie is what OWASP calls a device cookie.
"""

import hmac
import re

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

from accounts.phones import phones
from accounts.phones.models import Phone
from accounts.sessions import sessions
from accounts.sessions.storage import keys, lifetimes, notes
from accounts.users.models import User
from accounts.users.ways import Device

USERS_A_BROWSER = 5  # people who share one browser


def _value(user: User, number: str) -> str:
    """Another password or number makes another one."""
    bound = f"{user.pk} {number} {user.get_session_auth_hash()}"
    return salted_hmac("accounts.sessions.known", bound, algorithm="sha256").hexdigest()[:32]


def _values(request: HttpRequest) -> list[str]:
    cookie = request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE_NAME, "")
    return [value for value in cookie[:1000].split(".") if re.fullmatch(r"[0-9a-f]{32}", value)]


def remember(request: HttpRequest, response: HttpResponse, device: Device) -> None:
    """The second step was taken, by whichever way: codes to the phone are counted by it, if there is one. Not in a
    browser of others, in which nothing is left."""
    phone = device if isinstance(device, Phone) else phones.of(device.user)
    if phone is None or lifetimes.is_temporary(request):
        return
    value = _value(device.user, str(phone.number))
    others = [other for other in _values(request) if other != value]
    response.set_cookie(
        settings.KNOWN_BROWSER_COOKIE_NAME,
        ".".join([*others, value][-USERS_A_BROWSER:]),
        max_age=settings.KNOWN_BROWSER_LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def is_owner(request: HttpRequest, user: User, number: str) -> bool:
    """Whether who asks has shown to be the owner by more than the password: by a code, in this session or before in
    this browser, or by one of the help desk."""
    if notes.recall(request, keys.HELP_CODE) is not None:
        return True
    if request.user.is_authenticated and request.user.pk == user.pk:
        is_in: User = request.user
        if is_in.is_verified() or (is_in.two_step_is_on() and sessions.has_passed(request)):
            return True
    right = _value(user, number)
    return any(hmac.compare_digest(value, right) for value in _values(request))
