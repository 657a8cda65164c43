"""Sign in: password, then bind a phone or enter a code, then in; and out again."""

import time

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.bans import bans
from accounts.codes import guesses
from accounts.delivery.models import Sms
from accounts.elsewhere import arrivals, exits, sources
from accounts.lib import invisible
from accounts.log import events
from accounts.phones import helpcodes, phones, suggestions
from accounts.phones.models import Phone
from accounts.phones.notice import Agreement
from accounts.sessions import clients, expiry, grants, halfway, sessions
from accounts.sessions.gate import flows
from accounts.sessions.gate.decorators import GET_OR_POST, leads_to_applications
from accounts.sessions.halfway import Candidate
from accounts.sessions.sessions import SignedInRequest
from accounts.sessions.storage import lifetimes
from accounts.signin import entering, lost, passwordform, signin, steady
from accounts.signin.pages import words
from accounts.signin.pages.decorators import halfway_required, way_required
from accounts.signin.pages.forms import HelpCodeForm, SignInCodeForm, SignInForm
from accounts.signin.steps.numbers import NumberStep
from accounts.signin.steps.passkeys import PasskeyOffer
from accounts.signin.steps.sms import CodeStep
from accounts.signin.steps.words import phone_refusal_text
from accounts.users.models import User
from accounts.users.ways import Way


@login_not_required
@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@leads_to_applications
def sign_in(request: HttpRequest) -> HttpResponse:
    next_path = entering.safe_next(request, request.POST.get("next") or request.GET.get("next"))
    again = grants.is_asked_again(request, next_path)
    if sessions.has_passed(request) and not again:
        return in_already(request, next_path)
    initial = {"username": request.user.get_username(), "temporary": lifetimes.is_temporary(request)}
    form = SignInForm(request.POST or None, initial=initial)
    address = clients.address(request)
    shown_by = invisible.dropped(
        request.POST.get(passwordform.FIELD) or request.GET.get(passwordform.FIELD, "")
    ).strip()
    if passwordform.is_hidden(shown_by):
        return _without_form(request, next_path, again=again)
    insists = False  # on what to do about a forgotten password
    if request.method == "POST" and form.is_valid():
        came_at, temporary = time.monotonic(), form.cleaned_data["temporary"]
        decision = signin.start(
            form.cleaned_data["username"],
            form.cleaned_data["password"],
            address,
            "" if temporary else request.COOKIES.get(settings.TRUSTED_BROWSER_COOKIE_NAME, ""),
        )
        if decision.banned_until:
            return entering.banned(request, decision.banned_until)
        if decision.user:
            return go_on(request, decision.user, decision, next_path, temporary=temporary)
        form.add_error("password" if decision.step in WRONG_OR_LATER else None, _refused(decision))
        insists = decision.tries is not None and decision.tries.made > 1
        steady.hold(came_at)
    elif until := bans.banned_until(address, ""):
        return entering.banned(request, until)
    ended = "" if form.is_bound else words.ended_text(expiry.ended(request))
    context = {
        "form": form,
        "next": next_path,
        "again": again,
        "insists": insists,
        "ended": ended,
        "sources": sources.all_of_them(),
        "folded": settings.SIGN_IN_FORM == "folded",
        "shown_by": shown_by,
    }
    return render(request, "signin/sign_in.html", context)


def _without_form(request: HttpRequest, next_path: str, *, again: bool) -> HttpResponse:
    """A password that is sent nevertheless is compared with nothing, and counts nowhere."""
    if until := bans.banned_until(clients.address(request), ""):
        return entering.banned(request, until)
    is_sent = request.method == "POST"
    context = {
        "next": next_path,
        "again": again,
        "ended": "" if is_sent else words.ended_text(expiry.ended(request)),
        "sources": sources.all_of_them(),
        "is_hidden": True,
        "is_sent": is_sent,
    }
    return render(request, "signin/sign_in.html", context, status=403 if is_sent else 200)


def in_already(request: HttpRequest, next_path: str) -> HttpResponse:
    """By another tab, as a rule."""
    if flows.names_another(request):
        return flows.stopped(request)
    return redirect(next_path or settings.LOGIN_REDIRECT_URL)


WRONG_OR_LATER = (signin.Step.REFUSED, signin.Step.LATER)


def _refused(decision: signin.Decision) -> str:
    if decision.step is signin.Step.CANNOT_TELL:
        return words.cannot_tell_text(decision.later_at)
    if decision.step is signin.Step.MUST_CHANGE:
        return words.must_change_text()
    return words.refused_text(decision.tries) if decision.later_at is None else words.guessed_at_text(decision.later_at)


def go_on(
    request: HttpRequest,
    user: User,
    decision: signin.Decision,
    next_path: str,
    *,
    temporary: bool,
    arrival: int | None = None,
) -> HttpResponse:
    """`arrival`: the password was compared elsewhere."""
    candidate = halfway.begin(request, user, decision.phone, decision.ways, next_path, temporary=temporary)
    if arrival is not None:
        sessions.note_arrival(request, arrival)
    if decision.step is signin.Step.DONE:
        since = decision.both_steps_since
        return entering.enter(request, user, next_path, browser=decision.browser, both_steps_since=since)
    if candidate.phone and candidate.page == "sign_in_code":
        CodeStep(request, user, str(candidate.phone.number), Sms.Purpose.SIGN_IN).begin()
    return redirect(candidate.page)


@login_not_required
@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@leads_to_applications
@way_required(Way.PHONE)
def sign_in_code(request: HttpRequest, candidate: Candidate) -> HttpResponse:
    phone = candidate.phone
    if phone is None:  # bound at this moment
        return redirect("sign_in_code")
    step = CodeStep(request, candidate.user, str(phone.number), Sms.Purpose.SIGN_IN, form_class=SignInCodeForm)
    if request.method == "POST":
        if not step.is_entered:
            step.send()
            return redirect("sign_in_code")
        if step.prove():
            response = entering.enter(request, candidate.user, candidate.next, device=phone)
            if step.form.cleaned_data["trust_browser"]:
                entering.trust(request, response, phone)
            return response
    context = {"step": step, "user_name": candidate.user.username, "others": candidate.others(Way.PHONE)}
    context["offer"] = PasskeyOffer.beside(request, candidate, step.form)
    return render(request, "signin/sign_in_code.html", context)


@login_not_required
@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@halfway_required(lambda candidate: bool(candidate.ways) and candidate.help_code is None)
def sign_in_help(request: HttpRequest, candidate: Candidate) -> HttpResponse:
    """The phone is lost: a code of the help desk in place of the SMS. It leads to binding another phone."""
    address = clients.address(request)
    form = HelpCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        outcome, row = helpcodes.check(candidate.user, form.cleaned_data["code"], address=address)
        if outcome is guesses.Outcome.RIGHT and row:
            halfway.note_help_code(request, row.pk)
            return redirect("sign_in_phone")  # or to where something else is bound
        form.add_error("code", words.help_code_text(outcome, candidate.user, row))
    context = {"form": form, "user_name": candidate.user.username, "back": candidate.page}
    return render(request, "signin/sign_in_help.html", context)


@login_not_required
@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@leads_to_applications
@halfway_required(lambda candidate: candidate.binds and Way.PHONE in settings.SECOND_STEPS_TO_BEGIN)
def sign_in_phone(request: HttpRequest, candidate: Candidate) -> HttpResponse:
    """Forced binding: two-step is on and no phone is bound yet, or the help desk's code stands in for a lost one."""
    address = clients.address(request)
    step = NumberStep(
        request,
        candidate.user,
        Sms.Purpose.BIND,
        form_class=SignInCodeForm,
        suggested=suggestions.of(candidate.user),
        is_fixed=candidate.first_phone is not None,
        before=candidate.phone,
    )
    if request.method == "POST" and (number := step.post()):
        phone = _bind(candidate, number, step.agreement, address)
        if isinstance(phone, Phone):
            step.done()
            messages.success(request, _("Your phone %(number)s is bound.") % {"number": phone.masked})
            response = entering.enter(request, phone.user, candidate.next, device=phone)
            if step.trusts_browser:
                entering.trust(request, response, phone)
            return response
        if phone in (phones.Refusal.ALREADY_BOUND, phones.Refusal.GONE):
            return entering.start_again(request)
        step.refuse(phone_refusal_text(phone))
    context = {
        "step": step,
        "user_name": candidate.user.username,
        "replaces": candidate.phone,
        "can_add_app": candidate.begins_by_app,
    }
    return render(request, "signin/sign_in_phone.html", context)


def _bind(candidate: Candidate, number: str, agreement: Agreement | None, address: str) -> Phone | phones.Refusal:
    if candidate.help_code is None:
        return phones.bind(candidate.user, number, agreement=agreement, address=address)
    return lost.bind_phone(candidate.help_code, candidate.user, number, agreement=agreement, address=address)


def leave(request: HttpRequest) -> None:
    if request.user.is_authenticated:
        events.record(events.Kind.SIGNED_OUT, request.user, address=clients.address(request))
    sessions.end(request)


@require_http_methods(GET_OR_POST)
def still_here(request: SignedInRequest) -> HttpResponse:
    """How many seconds are left of a session in which nothing is done. POST: somebody is here; that the middleware has
    noted. GET says it of itself that it comes by a script."""
    left = expiry.idle_left(request, in_office="office" in request.GET)
    return JsonResponse({"left": left})


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Out, also of a sign-in that is half-way. The trusted browser stays trusted."""
    source = arrivals.source_of(sessions.arrival(request) or 0)
    leave(request)
    if source and (way_out := exits.of(source, settings.PUBLIC_URL + reverse("sign_in"))):
        return render(request, "signin/signed_out.html", {"way_out": way_out})
    messages.success(request, _("You are signed out."))
    return redirect("sign_in")
