"""客户端设置指南: how each mail program is set up, with the reader's own address and the institution's servers."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.signin.middleware import way_in
from apppasswords.setup import programs
from apppasswords.setup.programs import Program, Text, Value

DESCRIBED = (Value.PASSWORD, Value.NAME)  # the others are typed, or chosen, as they stand
SIGNED_IN, OPEN = "security/settings.html", "setup/guides/open.html"


@login_not_required
@require_safe
def guides(request: HttpRequest) -> HttpResponse:
    """All of them, by device."""
    groups = [(label, [one for one in programs.ALL if one.device == key]) for key, label in programs.DEVICES.items()]
    return render(request, "setup/guides/guides.html", _reader(request) | {"groups": groups})


@login_not_required
@require_safe
def guide(request: HttpRequest, program: str) -> HttpResponse:
    chosen = programs.BY_SLUG.get(program)
    if chosen is None:
        raise Http404
    reader = _reader(request)
    values = _values(request, reader)
    context = (
        reader
        | {
            "program": chosen,
            "title": programs.shown(chosen.name),
            "steps": _filled(chosen, values),
            "servers": settings.MAIL_SERVERS,
            "address": values[Value.ADDRESS],
            "shortcut_url": _page(chosen),
        }
        | _ban()
    )
    return render(request, "setup/guides/guide.html", context)


def _reader(request: HttpRequest) -> dict[str, Any]:
    """Who has not passed the second step is told nothing about the account that the password opened."""
    is_in = way_in(request) is None
    user = request.user
    needs_app_password = is_in and user.is_authenticated and user.two_step_is_on()
    layout = SIGNED_IN if is_in else OPEN
    return {"is_in": is_in, "layout": layout, "needs_app_password": needs_app_password}


def _values(request: HttpRequest, reader: dict[str, Any]) -> dict[Value, Text]:
    imap, smtp = settings.MAIL_SERVERS["IMAP"], settings.MAIL_SERVERS["SMTP"]
    anybody, name = _("your-name"), ""
    address = f"{anybody}@{settings.MAIL_DOMAIN}"
    if reader["is_in"] and request.user.is_authenticated:
        address, name = request.user.username, request.user.name
    either = reader["is_in"] and not reader["needs_app_password"]
    return {
        Value.ADDRESS: address,
        Value.NAME: name or _("your name"),
        Value.PASSWORD: _("mailbox password or app password") if either else _("app password"),
        Value.IMAP: imap[0],
        Value.IMAP_PORT: str(imap[1]),
        Value.SMTP: smtp[0],
        Value.SMTP_PORT: str(smtp[1]),
        Value.SECURITY: imap[2],
        Value.DOMAIN: settings.MAIL_DOMAIN,
    }


def _ban() -> dict[str, int]:
    return {
        "tries": settings.BAN_AFTER_FAILURES,
        "hours": max(1, round(settings.BAN_LIFETIME.total_seconds() / 3600)),
    }


def _password_warning() -> str:
    ban = _ban()
    return (
        ngettext(
            "An app password has 16 characters; spaces do not matter. After %(tries)s wrong tries in a row the address "
            "that you are at is banned for an hour, and even the right password is refused.",
            "An app password has 16 characters; spaces do not matter. After %(tries)s wrong tries in a row the address "
            "that you are at is banned for %(hours)s hours, and even the right password is refused.",
            ban["hours"],
        )
        % ban
    )


def _filled(program: Program, values: dict[Value, Text]) -> list[dict[str, Any]]:
    """The steps with what stands in their fields. Where the password is entered first is said what spoils it."""
    steps: list[dict[str, Any]] = []
    warned = False
    for step in program.steps:
        fields = step.form.fields if step.form else ()
        warnings: tuple[Text, ...] = step.warnings
        if not warned and any(one.value is Value.PASSWORD for one in fields):
            warnings, warned = (*warnings, _password_warning()), True
        form = step.form and {
            "title": step.form.title,
            "button": step.form.button,
            "fields": [
                (one.label, values[one.value] if isinstance(one.value, Value) else one.value, one.value in DESCRIBED)
                for one in fields
            ],
        }
        steps.append({"text": step.text, "form": form, "warnings": warnings})
    return steps


def _page(program: Program) -> str:
    try:
        return reverse(program.shortcut_to) if program.shortcut_to else ""
    except NoReverseMatch:
        return ""
