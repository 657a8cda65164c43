"""Pages that belong to no app."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import browsers, phones
from accounts.models import SecurityEvent
from accounts.sessions import SignedInRequest
from accounts.sms import outbox as sms_outbox
from apppasswords import passwords

SIGN_INS_SHOWN = 5


def site(request: HttpRequest) -> dict[str, Any]:
    """What every template may show."""
    return {
        "institution": settings.INSTITUTION,
        "contact": settings.SUPPORT_CONTACT,
        "mailbox_url": settings.MAILBOX_URL,
        "passwords_in_directory": settings.PASSWORDS_IN_DIRECTORY,
        "has_outbox": settings.SMS_GATEWAY == "outbox",
    }


@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    signed_in = SecurityEvent.objects.filter(user=request.user, kind=SecurityEvent.Kind.SIGNED_IN)
    context = {
        "phone": phones.of(request.user),
        "app_password_count": passwords.of(request.user).count(),
        "browser_count": browsers.live(request.user).count(),
        "sign_ins": signed_in[:SIGN_INS_SHOWN],
    }
    return render(request, "portal/home.html", context)


@login_not_required
@require_safe
def health_live(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def health_ready(request: HttpRequest) -> HttpResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return HttpResponse("the database does not answer\n", content_type="text/plain", status=503)
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """Development: the SMS that would have been sent."""
    if settings.SMS_GATEWAY != "outbox":
        raise Http404
    return render(request, "portal/outbox.html", {"messages_sent": sms_outbox.read()})


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)
