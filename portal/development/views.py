"""The SMS that would have been sent."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.delivery.gateways import outbox as outbox_file


@login_not_required
@require_safe
def outbox(request: HttpRequest) -> HttpResponse:
    """Development: the SMS that would have been sent."""
    if settings.SMS_GATEWAY != "outbox":
        raise Http404
    return render(request, "development/outbox.html", {"messages_sent": outbox_file.read()})
