from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from accounts.lib import loglines
from portal.operations import health as pages

HEADER = "X-Request-ID"
PAGES = {"/health/live": pages.live, "/health/ready": pages.ready}


def health(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Asked by machines, which have neither a session nor a language: nothing of ours may stand before the answer."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        page = PAGES.get(request.path) if request.method in ("GET", "HEAD") else None
        if page is None:
            return get_response(request)
        request.get_host()  # a foreign name is refused here too
        return page(request)

    return middleware


def request_id(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """The proxy's, or one of ours: what somebody saw is found in the logs by it."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        name = loglines.begin(request.headers.get(HEADER, ""))
        response = get_response(request)
        response.headers[HEADER] = name
        return response

    return middleware
