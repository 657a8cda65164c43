"""Pages that belong to no app."""

from collections import Counter
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.browsers import browsers
from accounts.lib import contact, institution
from accounts.lib.compiled import Query
from accounts.log.models import SecurityEvent
from accounts.mailsessions import mailsessions
from accounts.phones import notice, phones
from accounts.phones.models import Phone
from accounts.sessions import expiry, typed
from accounts.sessions.gate.middleware import way_in
from accounts.sessions.sessions import SignedInRequest
from accounts.sessions.storage import lifetimes
from accounts.users.models import User
from apppasswords import passwords, stopped
from apppasswords.guides import programs
from apppasswords.guides.views import OPEN, SIGNED_IN
from portal import theme

SIGN_INS_SHOWN = 5
SIGN_INS = Query(
    lambda user: SecurityEvent.objects.filter(user=user, kind=SecurityEvent.Kind.SIGNED_IN)[:SIGN_INS_SHOWN]
)
LOGO_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp"}


def site(request: HttpRequest) -> dict[str, Any]:
    """What every template may show."""
    return {
        "institution": institution.name(),
        "theme_url": _versioned("theme", _theme()) if settings.INSTITUTION_COLOR else "",
        "logo_url": _versioned("logo", _logo()) if settings.INSTITUTION_LOGO else "",
        "contact": contact.link(),
        "office_counter": contact.linked(settings.SUPPORT_COUNTER),
        "password_reset_url": settings.PASSWORD_RESET_URL,
        "mailbox_url": settings.MAILBOX_URL,
        "mail_ending": lambda: _mail_ending(request),
        "mail_sessions_end": bool(settings.DOVEADM_URLS),
        "mail_filters_url": settings.MAIL_FILTERS_URL or settings.MAILBOX_URL,
        "passwords_in_directory": settings.PASSWORDS_IN_DIRECTORY,
        "has_password_page": settings.HAS_PASSWORD_PAGE,
        "mail_programs": programs.ALL,
        "will_be_temporary": lambda: lifetimes.will_be_temporary(request),
        "idle_left": lambda: expiry.idle_left(request, in_office=_is_office(request)),
        "is_office": _is_office(request),
        "typed_before": lambda: typed.take(request),
        "temporary_until": lambda: _temporary_until(request),
        "log_kept_days": settings.EVENT_LIFETIME.days,
        "sms_kept_days": max(settings.SMS_HISTORY_LIFETIME.days, 1),
        "has_outbox": settings.SMS_GATEWAY == "outbox",
    }


def _is_office(request: HttpRequest) -> bool:
    return request.path.startswith(reverse("admin:index"))


def _temporary_until(request: HttpRequest) -> datetime | None:
    """Of a temporary sign-in."""
    is_in = request.user.is_authenticated and lifetimes.is_temporary(request)
    return lifetimes.ends_at(request) if is_in else None


def _mail_ending(request: HttpRequest) -> mailsessions.Told | None:
    """For a while after somebody was put out of this account's mail programs, and while it is not done."""
    user = request.user
    return mailsessions.latest(user.username) if isinstance(user, User) else None


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    user = request.user
    phone = user.otp_device if isinstance(user.otp_device, Phone) else phones.of(user)
    context = {
        "phone": phone,
        "has_to_agree": phone is not None and notice.of(phone) is None,
        "sign_ins": SIGN_INS.all(user.pk),
        **_counted(user),
    }
    return render(request, "portal/home.html", context)


def _counting(user: Any, now: Any, since: Any) -> QuerySet[Any, tuple[str, str]]:
    mine, shared = (
        rows.order_by().values_list(Value("app password"), Value("")) for rows in passwords.both(user)
    )  # fmt: skip
    trusted = browsers.live(user, now).order_by().values_list(Value("browser"), Value(""))
    # Together they are of the first one's table again, and would come in its order.
    return mine.union(shared, trusted, stopped.logins(user, since), all=True).order_by()


COUNTED = Query(_counting)


def _counted(user: User) -> dict[str, Any]:
    """With one query. Nobody has many of any."""
    found = Counter(COUNTED.all(user.pk, timezone.now(), stopped.since(user)))
    return {
        "app_password_count": found["app password", ""],
        "browser_count": found["browser", ""],
        "stopped": stopped.told(found),
    }


# --- Personal data ----------------------------------------------------------------------------------------------------

KEPT = ("SMS_HISTORY_LIFETIME", "EVENT_LIFETIME", "MAIL_LOGIN_LIFETIME", "TRUSTED_BROWSER_LIFETIME")


@login_not_required
@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """What is kept of people, what for, for how long, and who gets it."""
    context = {
        "layout": SIGNED_IN if way_in(request) is None else OPEN,
        "operator": settings.SMS_OPERATOR,
        "version": notice.version(),
        "kept": {name: max(getattr(settings, name).days, 1) for name in KEPT},
        "my_data": reverse("my_data"),
        "additions": _added(),
    }
    return render(request, "portal/privacy.html", context)


def _added() -> str:
    """By the institution, in whatever program."""
    return _read(settings.PRIVACY_ADDITIONS).decode("utf-8-sig", "replace") if settings.PRIVACY_ADDITIONS else ""


# --- The look ---------------------------------------------------------------------------------------------------------


def _theme() -> bytes:
    return theme.stylesheet(settings.INSTITUTION_COLOR).encode()


@cache
def _read(path: str) -> bytes:
    return Path(path).read_bytes()


def _logo() -> bytes:
    return _read(settings.INSTITUTION_LOGO)


def _versioned(name: str, content: bytes) -> str:
    return f"{reverse(name)}?v={theme.version(content)}"


def _kept(content: bytes, content_type: str) -> HttpResponse:
    """Another content has another address."""
    return HttpResponse(content, content_type, headers={"Cache-Control": "public, max-age=31536000, immutable"})


@login_not_required
@require_safe
def theme_css(request: HttpRequest) -> HttpResponse:
    """The institution's colour."""
    if not settings.INSTITUTION_COLOR:
        raise Http404
    return _kept(_theme(), "text/css")


@login_not_required
@require_safe
def logo(request: HttpRequest) -> HttpResponse:
    """The institution's picture. What else might be in an SVG does nothing: the site's policy allows it no script."""
    if not settings.INSTITUTION_LOGO:
        raise Http404
    return _kept(_logo(), LOGO_TYPES[Path(settings.INSTITUTION_LOGO).suffix.lower()])
