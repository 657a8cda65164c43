"""Pages whose forms end at another site: after the sign-in, people go on to webmail."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import urlsplit

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponseBase

from accounts.models import Application

View = Callable[[HttpRequest], HttpResponseBase]


def origins() -> list[str]:
    """Of the applications that people are led back to."""
    uris = " ".join(Application.objects.exclude(redirect_uris="").values_list("redirect_uris", flat=True)).split()
    return sorted({f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, uris) if parts.netloc})


def leads_to_applications(view: View) -> View:
    """Browsers hold the policy's `form-action` against redirects too."""

    @wraps(view)
    def wrapped(request: HttpRequest) -> HttpResponseBase:
        allowed = origins()
        return csp_update({"form-action": allowed})(view)(request) if allowed else view(request)

    return wrapped
