from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from portal.operations import health as pages

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
