"""Sign in: password, then bind a phone or enter a code, then in; and out again."""

import time
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.bans import bans, places
from accounts.browsers import browsers
from accounts.browsers.models import TrustedBrowser
from accounts.codes import guesses
from accounts.delivery.models import Sms
from accounts.lib import clock
from accounts.log import events
from accounts.phones import helpcodes, phones
from accounts.phones.models import Phone
from accounts.sessions import clients, flows, known, sessions
from accounts.sessions.decorators import GET_OR_POST, leads_to_applications
from accounts.signin import signin, steady
from accounts.signin.forms import HelpCodeForm, SignInCodeForm, SignInForm
from accounts.signin.steps import CodeStep, NumberStep
from accounts.signin.words import help_code_text, phone_refusal_text, refused_text
from accounts.users.models import User


def safe_next(request: HttpRequest, path: str | None) -> str:
    """A path of this site, or nothing."""
    path = path or ""
    here = url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if path.startswith("/") and here else ""


def banned(request: HttpRequest, until: datetime) -> HttpResponse:
    """The page of a banned address."""
    seconds = max(clock.seconds_until(until), 1)
    context = {"until": clock.briefly(until), "seconds": seconds, "is_in": sessions.has_passed(request)}
    response = render(request, "signin/banned.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response


@login_not_required
@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@leads_to_applications
def sign_in(request: HttpRequest) -> HttpResponse:
    next_path = safe_next(request, request.POST.get("next") or request.GET.get("next"))
    again = sessions.is_asked_again(request, next_path)
    if sessions.has_passed(request) and not again:
        return _in_already(request, next_path)
    form = SignInForm(request.POST or None, initial={"username": request.user.get_username()})
    address = clients.address(request)
    insists = False  # on what to do about a forgotten password
    if request.method == "POST" and form.is_valid():
        came_at = time.monotonic()
        decision = signin.start(
            form.cleaned_data["username"],
            form.cleaned_data["password"],
            address,
            request.COOKIES.get(settings.TRUSTED_BROWSER_COOKIE_NAME, ""),
        )
        if decision.banned_until:
            return banned(request, decision.banned_until)
        if decision.user:
            return _go_on(request, decision.user, decision, next_path)
        form.add_error("password", _refused(decision))
        insists = decision.tries is not None and decision.tries.made > 1
        steady.hold(came_at)
    elif until := bans.banned_until(address, ""):
        return banned(request, until)
    context = {"form": form, "next": next_path, "again": again, "insists": insists}
    return render(request, "signin/sign_in.html", context)


def _in_already(request: HttpRequest, next_path: str) -> HttpResponse:
    """By another tab, as a rule."""
    if flows.names_another(request):
        return flows.stopped(request)
    return redirect(next_path or settings.LOGIN_REDIRECT_URL)


def _refused(decision: signin.Decision) -> str:
    if decision.later_at is None:
        return refused_text(decision.tries)
    return _(
        "Somebody is guessing at the password of this mailbox. Until %(until)s it opens only where it was used before. "
        "Please sign in there, or call the IT office."
    ) % {"until": clock.briefly(decision.later_at)}


def _go_on(request: HttpRequest, user: User, decision: signin.Decision, next_path: str) -> HttpResponse:
    sessions.begin(request, user, decision.phone, next_path)
    if decision.step is signin.Step.DONE:
        return _enter(request, user, next_path, browser=decision.browser)
    if decision.phone is None:
        return redirect("sign_in_phone")
    CodeStep(request, user, str(decision.phone.number), Sms.Purpose.SIGN_IN).begin()
    return redirect("sign_in_code")


def _enter(
    request: HttpRequest,
    user: User,
    next_path: str,
    *,
    phone: Phone | None = None,
    browser: TrustedBrowser | None = None,
) -> HttpResponse:
    sessions.open_for(request, user, phone=phone, browser=browser)
    places.note_if_new(user.pk, clients.address(request))
    method = "code" if phone else "trusted browser" if browser else "password"
    client = clients.look(request)
    event = events.record(
        events.Kind.SIGNED_IN, user, address=client.address, method=method, browser=client.browser, system=client.system
    )
    sessions.note_event(request, event.pk)
    response = redirect(next_path or settings.LOGIN_REDIRECT_URL)
    if phone:
        known.remember(request, response, user, phone)
    return response


@login_not_required
@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@leads_to_applications
def sign_in_code(request: HttpRequest) -> HttpResponse:
    candidate = sessions.candidate(request)
    if candidate is None:
        return _start_again(request)
    if candidate.phone is None or candidate.help_code:
        return redirect("sign_in_phone")
    if until := bans.banned_until(clients.address(request), candidate.user.username):
        return banned(request, until)
    step = CodeStep(
        request, candidate.user, str(candidate.phone.number), Sms.Purpose.SIGN_IN, form_class=SignInCodeForm
    )
    if request.method == "POST":
        if not step.is_entered:
            step.send()
            return redirect("sign_in_code")
        if step.prove():
            response = _enter(request, candidate.user, candidate.next, phone=candidate.phone)
            if step.form.cleaned_data["trust_browser"]:
                trust(request, response, candidate.phone)
            return response
    return render(request, "signin/sign_in_code.html", {"step": step, "user_name": candidate.user.username})


@login_not_required
@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
def sign_in_help(request: HttpRequest) -> HttpResponse:
    """The phone is lost: a code of the help desk in place of the SMS. It leads to binding another phone."""
    candidate = sessions.candidate(request)
    if candidate is None:
        return _start_again(request)
    if candidate.phone is None or candidate.help_code:
        return redirect("sign_in_phone")
    address = clients.address(request)
    if until := bans.banned_until(address, candidate.user.username):
        return banned(request, until)
    form = HelpCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        outcome, row = helpcodes.check(candidate.user, form.cleaned_data["code"], address=address)
        if outcome is guesses.Outcome.RIGHT and row:
            sessions.note_help_code(request, row.pk)
            return redirect("sign_in_phone")
        form.add_error("code", help_code_text(outcome, candidate.user, row))
    return render(request, "signin/sign_in_help.html", {"form": form, "user_name": candidate.user.username})


def trust(request: HttpRequest, response: HttpResponse, phone: Phone) -> None:
    name = settings.TRUSTED_BROWSER_COOKIE_NAME
    _browser, cookie = browsers.trust(phone, request.COOKIES.get(name, ""), clients.look(request))
    response.set_cookie(
        name,
        cookie,
        max_age=settings.TRUSTED_BROWSER_LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


@login_not_required
@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@leads_to_applications
def sign_in_phone(request: HttpRequest) -> HttpResponse:
    """Forced binding: two-step is on and no phone is bound yet, or the help desk's code stands in for a lost one."""
    candidate = sessions.candidate(request)
    if candidate is None:
        return _start_again(request)
    if candidate.phone is not None and not candidate.help_code:
        return redirect("sign_in_code")
    address = clients.address(request)
    if until := bans.banned_until(address, candidate.user.username):
        return banned(request, until)
    step = NumberStep(request, candidate.user, Sms.Purpose.BIND, form_class=SignInCodeForm)
    if request.method == "POST" and (number := step.post()):
        phone = _bind(candidate, number, address)
        if isinstance(phone, Phone):
            step.done()
            messages.success(request, _("Your phone %(number)s is bound.") % {"number": phone.masked})
            response = _enter(request, phone.user, candidate.next, phone=phone)
            if step.trusts_browser:
                trust(request, response, phone)
            return response
        if phone in (phones.Refusal.ALREADY_BOUND, phones.Refusal.GONE):
            return _start_again(request)
        step.refuse(phone_refusal_text(phone))
    context = {"step": step, "user_name": candidate.user.username, "replaces": candidate.phone}
    return render(request, "signin/sign_in_phone.html", context)


def _bind(candidate: sessions.Candidate, number: str, address: str) -> Phone | phones.Refusal:
    if candidate.phone is None:
        return phones.bind(candidate.user, number, address=address)
    candidate.phone.user = candidate.user  # one object: what is opened next must know that sessions ended
    return helpcodes.bind(candidate.help_code or 0, candidate.phone, number, address=address)


def _start_again(request: HttpRequest) -> HttpResponse:
    if sessions.has_passed(request):
        return redirect(settings.LOGIN_REDIRECT_URL)
    if sessions.HALFWAY in request.session:
        request.session.flush()
        messages.info(request, _("The sign-in took too long, or something changed meanwhile. Please start again."))
    return redirect("sign_in")


def leave(request: HttpRequest) -> None:
    if request.user.is_authenticated:
        events.record(events.Kind.SIGNED_OUT, request.user, address=clients.address(request))
    sessions.end(request)


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Out, also of a sign-in that is half-way. The trusted browser stays trusted."""
    leave(request)
    messages.success(request, _("You are signed out."))
    return redirect("sign_in")


# --- Forms of a page that is older than the sign-in -------------------------------------------------------------------

SIGN_IN_PAGES = {"sign_in", "sign_in_code", "sign_in_phone", "sign_in_help", "sign_out"}


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token is not this browser's present one. Most are of another tab that stayed open over a sign-in:
    nothing of them is done, and their people are led to where they are by now."""
    asked = request.resolver_match.url_name if request.resolver_match else None
    if settings.CSRF_COOKIE_NAME not in request.COOKIES:
        return render(request, "403_csrf.html", {"no_cookies": True}, status=403)
    next_path = safe_next(request, request.POST.get("next"))
    if asked == "set_language":
        return redirect(next_path or settings.LOGIN_REDIRECT_URL)
    if flows.is_anothers(request):
        return flows.stopped(request)
    if asked in SIGN_IN_PAGES:
        return _overtaken(request, next_path, leaving=asked == "sign_out")
    return render(request, "403_csrf.html", {"again": _page_of_the_form(request)}, status=403)


def _page_of_the_form(request: HttpRequest) -> str:
    """Where it stood: its own address may take nothing but POST."""
    page = request.headers.get("Referer", "")
    return page if url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure()) else ""


def _overtaken(request: HttpRequest, next_path: str, *, leaving: bool) -> HttpResponse:
    if flows.names_another(request):
        return flows.stopped(request)
    if sessions.has_passed(request) or sessions.candidate(request):
        if leaving:
            messages.warning(request, _("You are not signed out yet. Please press “Sign out” here."))
        return redirect(next_path or settings.LOGIN_REDIRECT_URL)
    messages.info(request, _("The page was open too long. Please sign in again."))
    return redirect_to_login(next_path) if next_path else redirect("sign_in")
