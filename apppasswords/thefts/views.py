"""Where other programs of the institution call."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, RawPostDataException
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.sessions import clients
from apppasswords.thefts import hooks
from apppasswords.thefts.hooks import Answer, Call

LARGEST = 10_000  # bytes
STATUS = {
    Answer.DONE: 200,
    Answer.FORGED: 403,
    Answer.MALFORMED: 400,
    Answer.UNKNOWN: 404,
    Answer.OF_THE_OFFICE: 403,
    Answer.TOO_MANY: 429,
}


@csrf_exempt  # the signature takes the token's place
@login_not_required
@require_POST
def stolen(request: HttpRequest) -> HttpResponse:
    if not settings.STOLEN_HOOK_KEY:
        raise Http404
    call = Call(
        _body(request), request.headers.get("X-Mailkey-Time", ""), request.headers.get("X-Mailkey-Signature", "")
    )
    answer = hooks.stolen(call, clients.address(request))
    return JsonResponse({"answer": answer.name.lower()}, status=STATUS[answer])


def _body(request: HttpRequest) -> bytes:
    try:
        return request.read(LARGEST)
    except (RawPostDataException, OSError):
        return b""
