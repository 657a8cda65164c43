"""The token of a QR code stands in an address, because a camera opens nothing else. Here it ends."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]

TOKEN = re.compile(r"(?<=/profile/)[\w-]{20,}(?=/?$)")


def hide_token(get_response: GetResponse) -> GetResponse:
    """What is logged and mailed of a request says nothing of the token; the view still gets it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if TOKEN.search(request.path):
            request.path = TOKEN.sub("-", request.path)
            request.META["PATH_INFO"] = TOKEN.sub("-", request.META.get("PATH_INFO", ""))
        return get_response(request)

    return middleware
