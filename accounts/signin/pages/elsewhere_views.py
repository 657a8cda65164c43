"""Sign-in elsewhere: to a source and back. What it proves is the password; the second step is Mailkey's own.

Nobody is signed in here: a name goes to the decision as if its password had been entered on the sign-in page.
"""

import logging

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.bans import bans
from accounts.elsewhere import arrivals, cas, newcomers, oidc, sources
from accounts.elsewhere.answers import Away, Proof, Refusal
from accounts.elsewhere.departures import Departure
from accounts.elsewhere.sources import Source
from accounts.lib import invisible
from accounts.sessions import clients, grants, halfway, sessions, signins
from accounts.sessions.gate.decorators import GET_OR_POST
from accounts.sessions.storage import lifetimes
from accounts.signin import entering, signin
from accounts.signin.pages import views

logger = logging.getLogger(__name__)


def _source(slug: str) -> Source:
    if source := sources.named(slug):
        return source
    raise Http404


def _page(source: Source) -> str:
    """Where the source sends people back to."""
    return settings.PUBLIC_URL + reverse("sign_in_elsewhere_back", args=[source.slug])


@login_not_required
@require_http_methods(["GET", "HEAD"])
def leave(request: HttpRequest, slug: str) -> HttpResponse:
    source = _source(slug)
    next_path = entering.safe_next(request, request.GET.get("next"))
    again = grants.is_asked_again(request, next_path)
    if sessions.has_passed(request) and not again:
        return views.in_already(request, next_path)
    if until := bans.banned_until(clients.address(request), ""):
        return entering.banned(request, until)
    departure = Departure(source.slug, next_path, fresh=again)
    try:
        response = redirect(_way_out(departure, _page(source)))
    except Away as error:
        return _refused(request, source, Refusal.AWAY, str(error))
    response.set_cookie(
        settings.ELSEWHERE_COOKIE_NAME,
        departure.sealed(),
        max_age=settings.HALFWAY_LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def _way_out(departure: Departure, page: str) -> str:
    return cas.way_out(departure, page) if departure.source == sources.CAS else oidc.way_out(departure, page)


@csrf_exempt
@login_not_required
@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
def arrive(request: HttpRequest, slug: str) -> HttpResponse:
    """People by GET; the source itself by POST: CAS at the address that its ticket was made for."""
    source = _source(slug)
    if request.method == "POST":
        return _end(request, source)
    departure = Departure.opened(
        request.COOKIES.get(settings.ELSEWHERE_COOKIE_NAME, ""), source.slug, request.GET.get("state", "")
    )
    if departure is None:
        return _astray(request, source)
    response = _arrive(request, source, departure)
    response.delete_cookie(settings.ELSEWHERE_COOKIE_NAME, samesite="Lax")
    return response


def _astray(request: HttpRequest, source: Source) -> HttpResponse:
    """Not by the way that this browser left on. A page that is loaded again leads to where its person is by now."""
    if sessions.has_passed(request):
        return views.in_already(request, "")
    if candidate := halfway.candidate(request):
        return redirect(candidate.page)
    return _refused(request, source, Refusal.NOT_PROVEN, "not of this browser, or too old")


def _arrive(request: HttpRequest, source: Source, departure: Departure) -> HttpResponse:
    again = grants.is_asked_again(request, departure.next)
    if sessions.has_passed(request) and not again:
        return views.in_already(request, departure.next)
    address = clients.address(request)
    if until := bans.banned_until(address, ""):
        return entering.banned(request, until)
    try:
        proof = _prove(request, departure, _page(source))
    except Away as error:
        return _refused(request, source, Refusal.AWAY, str(error))
    if isinstance(proof, Refusal):
        return _refused(request, source, proof, "the source's answer")
    if again and not departure.fresh:
        return _refused(request, source, Refusal.NOT_PROVEN, "not signed in anew")
    return _decided(request, source, departure, proof)


def _prove(request: HttpRequest, departure: Departure, page: str) -> Proof | Refusal:
    asked = request.GET
    if departure.source == sources.CAS:
        return cas.prove(departure, page, asked.get("ticket", ""))
    return oidc.prove(departure, page, asked.get("code", ""), asked.get("iss", ""))


def _decision(request: HttpRequest, source: Source, proof: Proof) -> signin.Decision:
    """A temporary sign-in stays one, half-way or where somebody signs in anew: a code is asked for."""
    address, cookie, since = clients.address(request), "", None
    if not lifetimes.will_be_temporary(request):
        cookie = request.COOKIES.get(settings.TRUSTED_BROWSER_COOKIE_NAME, "")
        since = sources.both_steps_since(source.slug, proof.said)
    decision = signin.vouched(proof.address, address, cookie, since)
    if decision.step is signin.Step.REFUSED and newcomers.make(source.slug, proof, address):
        return signin.vouched(proof.address, address, cookie, since)
    return decision


def _decided(request: HttpRequest, source: Source, departure: Departure, proof: Proof) -> HttpResponse:
    decision = _decision(request, source, proof)
    if decision.banned_until:
        return entering.banned(request, decision.banned_until)
    if decision.user is None:
        return _refused(request, source, None, "no mailbox here, or a disabled one")
    arrival = arrivals.note(source.slug, departure.state, proof, decision.user)
    if arrival is None:
        return _refused(request, source, Refusal.NOT_PROVEN, "shown before")
    temporary = lifetimes.will_be_temporary(request)
    return views.go_on(request, decision.user, decision, departure.next, temporary=temporary, arrival=arrival.pk)


def _end(request: HttpRequest, source: Source) -> HttpResponse:
    """Single sign-out. Whether there was anything to end is nobody's business."""
    if source.slug == sources.CAS:
        over = cas.ended(invisible.dropped(request.POST.get("logoutRequest", "")))
    else:
        try:
            over = oidc.ended(invisible.dropped(request.POST.get("logout_token", "")))
        except Away as error:
            logger.warning("Sign-out elsewhere (%s): %s", source.slug, error)
            return HttpResponse(status=503)
        if over is None:
            return HttpResponse(status=400)
    for arrival in arrivals.end(source.slug, over) if over else []:
        signins.end_named(arrival.user, arrival.sign_in, address="")
    return HttpResponse(status=204)


def _refused(request: HttpRequest, source: Source, refusal: Refusal | None, why: str) -> HttpResponse:
    """In words, on a page that leads back. `why` is for who reads the log of the process."""
    logger.warning("Sign-in elsewhere (%s): %s: %s", source.slug, refusal.name if refusal else "UNKNOWN", why)
    status = 503 if refusal is Refusal.AWAY else 403
    return render(request, "signin/elsewhere.html", {"text": _text(refusal)}, status=status)


def _text(refusal: Refusal | None) -> str:
    match refusal:
        case Refusal.AWAY:
            return _("The institution’s sign-in service does not answer at the moment. Please try again in a minute.")
        case Refusal.NOT_PROVEN:
            return _("This sign-in is not valid, or no longer. Please start again.")
        case Refusal.NO_ADDRESS:
            return _("The institution’s sign-in service does not say which mailbox is yours.")
    return _("You are signed in there, but no mailbox that may be opened here belongs to that account.")
