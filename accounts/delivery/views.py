"""What gateways report about SMS."""

import logging
from dataclasses import replace
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, RawPostDataException
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.delivery import gateways, receipts
from accounts.delivery.gateways.receipts import Forged, Malformed, Receipt, Report, receipts_url
from accounts.delivery.middleware import hidden_secret
from accounts.lib import origins

logger = logging.getLogger(__name__)

LARGEST = 100_000  # bytes: some hundred receipts


@csrf_exempt  # the gateway's signature takes the token's place
@login_not_required
@sensitive_post_parameters()
@require_POST
def twilio_receipt(request: HttpRequest, attempt: int) -> HttpResponse:
    """The address that each SMS of Twilio names."""
    if "twilio" not in gateways.configured():
        raise Http404
    _refuse_others("twilio", request)
    found = _read("twilio", request, settings.PUBLIC_URL + request.path)
    receipts.note("twilio", [replace(receipt, attempt=attempt) for receipt in found])
    return HttpResponse(status=204)


@csrf_exempt  # the secret in the address takes the token's place
@login_not_required
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def receipt(request: HttpRequest, gateway: str, secret: str) -> HttpResponse:
    """The address that is entered at the gateway. Of what is not known (yet) it is told so: it may report again."""
    right = settings.SMS_RECEIPT_SECRET
    if not right or not constant_time_compare(hidden_secret(request), right):
        raise PermissionDenied
    if gateway not in gateways.configured():
        raise Http404
    _refuse_others(gateway, request)
    found = _read(gateway, request, receipts_url(gateway))
    if found and not receipts.note(gateway, found):
        raise Http404
    reporting = gateways.reporting(gateway)
    reply = reporting.REPLY if reporting else None
    return HttpResponse(reply.content, content_type=reply.type, status=reply.status) if reply else HttpResponse()


def _refuse_others(gateway: str, request: HttpRequest) -> None:
    """Whoever knows the secret, or has a signature that was seen, still has to come from where the gateway does."""
    networks = settings.SMS_RECEIPT_NETWORKS.get(gateway)
    connection, forwarded = request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", "")
    here = ip_address(origins.client(connection, forwarded, settings.TRUSTED_PROXIES))
    if networks is not None and not any(here in network for network in networks):
        logger.warning("A receipt of %s came from %s, which is not among its SMS_RECEIPT_NETWORKS.", gateway, here)
        raise PermissionDenied


def _read(gateway: str, request: HttpRequest, url: str) -> list[Receipt]:
    reporting = gateways.reporting(gateway)
    if reporting is None:
        raise Http404
    try:
        body = request.body
    except RawPostDataException:  # a form in parts, which was read on the way
        body = b""
    if len(body) > LARGEST:
        raise SuspiciousOperation("A receipt is too long.")
    report = Report(
        url=url,
        form=request.POST if request.method == "POST" else request.GET,
        body=body,
        signature=request.headers.get("X-Twilio-Signature", ""),
    )
    try:
        return reporting.receipts(report)
    except Malformed:
        raise SuspiciousOperation("A receipt is malformed.") from None
    except Forged:
        raise PermissionDenied from None
