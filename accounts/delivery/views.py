"""What gateways report about SMS."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts.delivery import gateways, sending
from accounts.delivery.gateways import twilio
from accounts.delivery.models import Delivery


@csrf_exempt  # the gateway's signature takes the token's place
@login_not_required
@sensitive_post_parameters()
@require_POST
def twilio_receipt(request: HttpRequest, attempt: int) -> HttpResponse:
    if "twilio" not in gateways.configured():
        raise Http404
    receipt = twilio.receipt(attempt, request.POST, request.headers.get("X-Twilio-Signature", ""))
    if receipt is None:
        return HttpResponse(status=403)
    if receipt.status:
        sending.note_receipt(
            attempt,
            receipt.gateway_id,
            Delivery.Status(receipt.status),
            receipt.error,
            number_is_bad=receipt.number_is_bad,
            gateway="twilio",
        )
    return HttpResponse(status=204)
