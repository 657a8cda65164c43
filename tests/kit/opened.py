"""Who is in, as the middleware says it, without pages: for rules that are asked about a request."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts.browsers.models import TrustedBrowser
from accounts.phones import phones
from accounts.sessions import halfway, sessions
from accounts.sessions.halfway import Candidate
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Device


def come_in(
    request: HttpRequest, user: User, *, device: Device | None = None, browser: TrustedBrowser | None = None
) -> None:
    user.backend = settings.AUTHENTICATION_BACKENDS[0]
    sessions.open_for(request, user, device=device, browser=browser)
    verified: Any = request.user
    verified.otp_device, verified.is_verified = device, lambda: device is not None
    request.session.save()


def begin_halfway(request: HttpRequest, user: User, next_path: str = "/", *, temporary: bool = False) -> Candidate:
    user.backend = settings.AUTHENTICATION_BACKENDS[0]
    begun = halfway.begin(request, user, phones.of(user), ways.of(user), next_path, temporary=temporary)
    request.session.save()
    return begun
