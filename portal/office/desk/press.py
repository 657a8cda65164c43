"""One press of a button at the desk, and what the clerk is told of it."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from accounts.codes import codes, limits
from accounts.lib import clock
from accounts.log.models import SecurityEvent
from accounts.presses import once
from accounts.sessions.sessions import SignedInRequest
from accounts.signin.steps.words import refusal_text
from accounts.users.models import User
from portal.office.desk import acts
from portal.office.desk.acts import By

NO_DAY = "none"  # what a page shows where there is none


@dataclass(frozen=True)
class Task:
    """On whom, by whom and why, and what the page was showing when the button was pressed."""

    request: SignedInRequest
    person: User
    by: By
    version: str
    asked: dict[str, Any]  # by the form

    def say(self, text: str) -> None:
        messages.success(self.request, text)

    def nothing_done(self, *kinds: SecurityEvent.Kind) -> None:
        """The page was out of date: somebody did it, or something else, before."""
        event = acts.last(self.person, *kinds)
        if event is None:
            messages.warning(self.request, _("Nothing was done: the page was out of date. This is how it is now."))
            return
        who, time = event.actor_name or _("the owner"), clock.briefly(event.at)
        told = {"who": who, "time": time, "what": event.label}
        messages.warning(self.request, _("Nothing was done. “%(what)s” was done by %(who)s at %(time)s.") % told)

    def show_once(self, **secret: Any) -> HttpResponse:
        """The one answer that holds the secret. No browser keeps it: see no_store in accounts/sessions."""
        context = admin.site.each_context(self.request) | {
            "person": self.person,
            "title": _("Shown only now"),
            "portal": settings.PUBLIC_URL,
        }
        return once.show(TemplateResponse(self.request, "office/desk/secret.html", context | secret))


def number(text: str) -> int:
    """The key of a row, as our own pages wrote it."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return int(text)


def day_of(text: str) -> date | None:
    if text == NO_DAY:
        return None
    with suppress(ValueError):  # the 31st of February
        if day := parse_date(text):
            return day
    raise Http404


def test_refusal_text(issued: codes.Issued) -> str:
    match issued.refusal:
        case limits.Refusal.WAIT:
            return _("A test was sent a moment ago. The next one can follow in a minute.")
        case limits.Refusal.LIMIT:
            at = clock.briefly(issued.again_at) if issued.again_at else ""
            return _("Too many tests were sent to this number. The next one can be sent at %(time)s.") % {"time": at}
        case limits.Refusal.BUDGET:
            return _("A budget of today is spent (SMS_DAILY_BUDGET, SMS_BUDGETS), or the gateways are switched off.")
        case _other:
            return refusal_text(issued)
