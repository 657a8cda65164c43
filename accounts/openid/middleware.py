"""Pages whose forms end at another site say where that may be."""

from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.http import HttpRequest, HttpResponseBase

from accounts.lib.compiled import Query
from accounts.openid.models import Application

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def origins() -> list[str]:
    """Of the applications that people are led back to."""
    uris = " ".join(REDIRECTS.all()).split()
    return sorted({f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, uris) if parts.netloc})


def own(target: SplitResult | None) -> list[str]:
    """Where the answer to a question about a program goes that registered itself: to its port, or to its own scheme."""
    if target is None:
        return []
    return [f"{target.scheme}://{target.netloc}" if target.netloc else f"{target.scheme}:"]


# What registers itself is named by no page but the one that asks about it.
KNOWN = Application.RegistrationSource.MANUAL
REDIRECTS = Query(
    lambda: (
        Application.objects.filter(registration_source=KNOWN)
        .exclude(redirect_uris="")
        .values_list("redirect_uris", flat=True)
    )
)


class LeadsToApplications:
    """Browsers hold the policy's `form-action` against redirects too: pages on the way to webmail name its address."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        has_a_form = response.status_code < 300 or 400 <= response.status_code < 500  # nor has a fault of ours
        if has_a_form and getattr(request, "_leads_to_applications", False):
            allowed = [*origins(), *own(getattr(request, "_leads_to", None))]
            response._csp_update = {"form-action": allowed}  # type: ignore[attr-defined] # as csp.decorators do it
        return response

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        request._leads_to_applications = getattr(view, "leads_to_applications", False)  # type: ignore[attr-defined]
