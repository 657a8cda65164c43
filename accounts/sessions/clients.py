"""Who is at the other end of a request."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ua_parser import parse

from accounts.browsers.browsers import Look
from accounts.lib import origins


def address(request: HttpRequest) -> str:
    return origins.client(
        request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""), settings.TRUSTED_PROXIES
    )


def look(request: HttpRequest) -> Look:
    """How the person will recognise this browser in a list."""
    found = parse(request.META.get("HTTP_USER_AGENT", "")[:500])
    agent, system = found.user_agent, found.os
    browser = " ".join(filter(None, (agent.family, agent.major))) if agent else _("Unknown browser")
    name = " ".join(filter(None, (system.family, system.major))) if system else _("Unknown system")
    return Look(browser=browser[:60], system=name[:60], address=address(request))
