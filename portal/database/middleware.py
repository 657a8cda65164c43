"""A database that is away is a fault of ours; it is said so in the language of who asks, without asking it anything."""

import sys
from collections.abc import Callable

from django.db import DataError, InterfaceError, InternalError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.log import log_response
from django.views.defaults import server_error

from accounts.lib import contact, institution
from accounts.sessions.gate import middleware as signin
from portal.database.pulse import pulse

AWAY = (OperationalError, InterfaceError, InternalError)
ONLY_READS, OUT_OF_RANGE = "25006", "22003"  # as SQL calls it
RETRY_AFTER = 10  # seconds


def is_away(error: Exception) -> bool:
    """Or only reads. SQLite tells of what we ask wrongly (a table that was never made) by the same exception as of what
    is away: that is an error."""
    if isinstance(error, InternalError):
        return getattr(error.__cause__, "sqlstate", "") == ONLY_READS
    return isinstance(error, AWAY) and getattr(error.__cause__, "sqlite_errorname", "") != "SQLITE_ERROR"


def is_no_number(error: Exception) -> bool:
    """One that no database holds: nobody's row has it, and only who asks can have made it up."""
    if isinstance(error, DataError):
        return getattr(error.__cause__, "sqlstate", "") == OUT_OF_RANGE
    return isinstance(error, OverflowError) and "SQLite INTEGER" in str(error)


class Sessions(signin.Sessions):
    """Where the session cannot be read or written for want of a database, nobody's request is wrong."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except AWAY as error:
            if not is_away(error):
                raise
            return our_side(request, error)


class OurSide:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if pulse.is_away:
            return our_side(request)
        try:
            _ = request.user.is_authenticated  # every page asks; here it can be told what came of it
        except AWAY as error:
            if not is_away(error):
                raise
            return our_side(request, error)
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if is_away(error):
            return our_side(request, error)
        return HttpResponse(render_to_string("400.html"), status=400) if is_no_number(error) else None


def failed(request: HttpRequest) -> HttpResponseBase:
    """Django's `handler500`, while the error is at hand: what stands around a page asks the database too."""
    error = sys.exc_info()[1]
    return our_side(request, error) if isinstance(error, Exception) and is_away(error) else server_error(request)


def our_side(request: HttpRequest, error: Exception | None = None) -> HttpResponse:
    """503, and one line in the log for it."""
    response = HttpResponse(page("503.html", request), status=503, headers={"Retry-After": str(RETRY_AFTER)})
    log_response("The database is away: %s", request.path, response=response, request=request, exception=error)
    return response


def page(template: str, request: HttpRequest) -> str:
    with translation.override(translation.get_language_from_request(request)):
        return render_to_string(template, {"institution": institution.name(), "contact": contact.link()})
