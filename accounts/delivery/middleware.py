"""The secret to which gateways report stands in an address, because they send nothing else. Here it ends."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]

SECRET = re.compile(r"(?<=^/sms/receipts/)([^/]*)/([^/]+)(?=/?$)")
HIDDEN = "_receipt_secret"


def hide_secret(get_response: GetResponse) -> GetResponse:
    """From here on the request's address says nothing of it: it is what Django logs, and mails with an error."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if found := SECRET.search(request.path_info):
            setattr(request, HIDDEN, found[2])
            request.path, request.path_info = (SECRET.sub(r"\1/-", path) for path in (request.path, request.path_info))
            request.META["PATH_INFO"] = request.path_info
        return get_response(request)

    return middleware


def hidden_secret(request: HttpRequest) -> str:
    return str(getattr(request, HIDDEN, ""))
