"""What no page can mean, and PostgreSQL refuses: 400 before anything of ours, or a library's, is asked."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import UnreadablePostError
from django.template.loader import render_to_string

from accounts.openid.models import Application, Grant

NEVER = re.compile(r"[\x00\ud800-\udfff]")
LONGEST = 4096  # characters of a value in an address, or in a form of somebody who is not of the office
LONGER = {"answer": 16_384}  # of a passkey: a key, and with some makes certificates
OFFICE = "/admin/"  # lists of people, and nobody gets there with a mere request
OPENID = "/openid/"
# What the provider writes down has the length of its column.
LONGEST_OF = {field.name: field.max_length for field in Grant._meta.concrete_fields if field.max_length} | {
    "client_id": Application._meta.get_field("client_id").max_length
}


def well_formed(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        try:
            is_fine = all(_is_fine(request, name, text) for name, text in _said(request))
        except UnreadablePostError:  # who sent it has gone
            is_fine = False
        if is_fine:
            return get_response(request)
        return HttpResponse(render_to_string("400.html"), status=400)

    return middleware


def _said(request: HttpRequest) -> Iterator[tuple[str, str]]:
    yield "", request.path
    yield "", _basic(request.headers.get("Authorization", ""))
    for values in (request.GET, request.POST) if request.method == "POST" else (request.GET,):
        for name, texts in values.lists():
            yield "", name
            for text in texts:
                yield name, str(text)
    if request.method == "POST":
        for _field, files in request.FILES.lists():
            yield from (("", str(file.name)) for file in files)


def _is_fine(request: HttpRequest, name: str, text: str) -> bool:
    longest: int | None = None if request.path.startswith(OFFICE) else LONGER.get(name, LONGEST)
    if name and request.path.startswith(OPENID):
        longest = LONGEST_OF.get(name, LONGEST)
    return not NEVER.search(text) and (longest is None or len(text) <= longest)


def _basic(header: str) -> str:
    """Name and secret of an application."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded).decode("utf-8", "replace")
    except binascii.Error:
        return ""
