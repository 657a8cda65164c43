"""客户端设置指南: how each mail program is set up, with the reader's own address and the institution's servers."""

from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.aliases import aliases
from accounts.lib import qr
from accounts.sessions.gate.middleware import way_in
from accounts.users import ways
from accounts.users.ways import Way
from apppasswords.guides import devices, programs
from apppasswords.guides.devices import Device
from apppasswords.guides.shapes import Form, Program, Step, Text, Value

SIGNED_IN, OPEN = "security/settings.html", "open.html"
COPIED = (Value.ADDRESS, Value.IMAP, Value.IMAP_PORT, Value.SMTP, Value.SMTP_PORT)  # what is typed with slips


class Filled(NamedTuple):
    """What stands in a field. `is_own`: only the reader knows it; the text says what it is."""

    label: Text
    text: Text
    is_own: bool = False
    is_copied: bool = False


@login_not_required
@require_safe
@vary_on_headers("User-Agent")
def guides(request: HttpRequest) -> HttpResponse:
    """All of them, by device, the reader's own first."""
    here = device(request)
    groups = [(one, programs.on(one), one is here) for one in devices.ordered(here)]
    return render(
        request,
        "guides/guides.html",
        _reader(request) | {"groups": groups, "has_other_ways": ways.allowed() != [Way.PHONE]},
    )


@login_not_required
@require_safe
def guide(request: HttpRequest, program: str) -> HttpResponse:
    chosen = programs.BY_SLUG.get(program)
    if chosen is None:
        raise Http404
    reader = _reader(request)
    values = _values(request, reader)
    context = reader | {
        "program": chosen,
        "title": programs.shown(chosen.name),
        "warnings": to_mind(chosen),
        "ways": [
            ("replace", _("Already in use: replace the password"), _filled(chosen.replacing, values)),
            ("add", _("Set up for the first time"), _filled(chosen.adding, values)),
        ],
        "servers": settings.MAIL_SERVERS,
        "address": values[Value.ADDRESS],
        "other_addresses": _other_addresses(request, reader),
        "shortcut_url": _page(chosen),
        "addon": chosen.slug == "thunderbird" and bool(settings.THUNDERBIRD_CLIENT),
        "paper": _paper(request),
        **_ban(),
    }
    return render(request, "guides/guide.html", context)


@login_not_required
@require_safe
def second_step(request: HttpRequest) -> HttpResponse:
    """Which app, where to get it, and what to do with a new phone. Open: who reads it may not come in at the moment."""
    return render(request, "guides/second_step.html", _reader(request) | {"allowed": ways.allowed()})


def device(request: HttpRequest) -> Device | None:
    return devices.of(request.headers.get("User-Agent", ""))


def likely(request: HttpRequest, name: str) -> Program | None:
    """The guide for who has just made an app password of this name."""
    return programs.likely(name, device(request))


def _reader(request: HttpRequest) -> dict[str, Any]:
    """Who has not passed the second step is told nothing about the account that the password opened."""
    is_in = way_in(request) is None
    user = request.user
    needs_app_password = is_in and user.is_authenticated and user.two_step_is_on()
    layout = SIGNED_IN if is_in else OPEN
    return {"is_in": is_in, "layout": layout, "needs_app_password": needs_app_password}


def _values(request: HttpRequest, reader: dict[str, Any]) -> dict[Value, Filled]:
    imap, smtp = settings.MAIL_SERVERS["IMAP"], settings.MAIL_SERVERS["SMTP"]
    anybody, address, name = _("your-name"), "", ""
    if reader["is_in"] and request.user.is_authenticated:
        address, name = request.user.username, request.user.name
    either = reader["is_in"] and not reader["needs_app_password"]
    typed = {
        Value.IMAP: imap[0],
        Value.IMAP_PORT: str(imap[1]),
        Value.SMTP: smtp[0],
        Value.SMTP_PORT: str(smtp[1]),
        Value.SECURITY: imap[2],
        Value.DOMAIN: address.partition("@")[2] or settings.MAIL_DOMAIN,
    }
    password = _("mailbox password or app password") if either else _("app password")
    return {
        Value.ADDRESS: _own(address, f"{anybody}@{settings.MAIL_DOMAIN}", is_copied=True),
        Value.NAME: _own(name, _("your name")),
        Value.PASSWORD: Filled("", password, is_own=True),
        **{value: Filled("", text, is_copied=value in COPIED) for value, text in typed.items()},
    }


def _other_addresses(request: HttpRequest, reader: dict[str, Any]) -> list[str]:
    return aliases.of(request.user) if reader["is_in"] and request.user.is_authenticated else []


def _own(known: str, described: str, *, is_copied: bool = False) -> Filled:
    return Filled("", known, is_copied=is_copied) if known else Filled("", described, is_own=True)


def _ban() -> dict[str, int]:
    return {
        "tries": settings.BAN_AFTER_FAILURES,
        "hours": max(1, round(settings.BAN_LIFETIME.total_seconds() / 3600)),
    }


def to_mind(program: Program) -> list[tuple[Text, ...]]:
    """What goes wrong in every program, once and before the steps: in short, and in full."""
    ban = _ban()
    password = (
        ngettext(
            "Enter it for receiving and for sending, even where it is called “optional”. An app password has 16 "
            "characters; spaces do not matter. After %(tries)s wrong tries in a row your network address is "
            "banned for an hour, and even the right password is refused.",
            "Enter it for receiving and for sending, even where it is called “optional”. An app password has 16 "
            "characters; spaces do not matter. After %(tries)s wrong tries in a row your network address is "
            "banned for %(hours)s hours, and even the right password is refused.",
            ban["hours"],
        )
        % ban
    )
    return [
        (
            _("The user name is the whole address"),
            _("Enter the whole address. The part before the @ alone is refused, and counts as a wrong try."),
        ),
        (_("The password is the same in both places"), password),
        (
            _("IMAP, with a checked connection"),
            _("Choose IMAP, not POP3: with POP3 mail moves to this one device and is missing on the others."),
            program.certificates,
        ),
    ]


def _filled(steps: tuple[Step, ...], values: dict[Value, Filled]) -> list[dict[str, Any]]:
    """The steps with what stands in their fields."""
    return [{"text": step.text, "form": step.form and _drawn(step.form, values), "note": step.note} for step in steps]


def _drawn(form: Form, values: dict[Value, Filled]) -> dict[str, Any]:
    fields = [
        values[one.value]._replace(label=one.label) if isinstance(one.value, Value) else Filled(one.label, one.value)
        for one in form.fields
    ]
    return {"title": form.title, "button": form.button, "fields": fields}


def _page(program: Program) -> str:
    try:
        return reverse(program.shortcut_to) if program.shortcut_to else ""
    except NoReverseMatch:
        return ""


def _paper(request: HttpRequest) -> dict[str, Any]:
    """A sheet says where it is from, and from when; a phone's camera opens the page again."""
    address = settings.PUBLIC_URL + request.path
    return {"address": address, "day": timezone.localdate(), "picture": qr.picture(address)}
