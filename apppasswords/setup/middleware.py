"""The token of a QR code stands in an address, because a camera opens nothing else. Here it ends."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]

TOKEN = re.compile(r"(?<=/profile/)[\w-]{20,}(?=/?$)")
HIDDEN = "_profile_token"


def hide_token(get_response: GetResponse) -> GetResponse:
    """From here on the request's address says nothing of the token: it is what Django logs, and mails with an error."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if found := TOKEN.search(request.path_info):
            setattr(request, HIDDEN, found[0])
            request.path, request.path_info = TOKEN.sub("-", request.path), TOKEN.sub("-", request.path_info)
            request.META["PATH_INFO"] = request.path_info
        return get_response(request)

    return middleware


def hidden_token(request: HttpRequest) -> str:
    return str(getattr(request, HIDDEN, ""))
