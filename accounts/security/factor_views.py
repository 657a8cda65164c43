"""二次验证方式: by what the second step is taken, besides the phone."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.factors import authenticators, passkeys, recoverycodes
from accounts.factors.models import Authenticator
from accounts.phones import phones
from accounts.presses import once
from accounts.security.forms import NameForm
from accounts.security.sheets import Sheet
from accounts.sessions import clients, known, sessions
from accounts.sessions.gate.decorators import GET_OR_POST, first_phone_required, fresh_code_required
from accounts.sessions.sessions import SignedInRequest
from accounts.signin import entering
from accounts.signin.steps.typed import AppStep, NewAppStep, RecoveryStep
from accounts.signin.steps.words import app_refusal_text, left_text, recovery_refusal_text
from accounts.users import ways
from accounts.users.ways import Way


@require_http_methods(GET_OR_POST)
def factors(request: SignedInRequest) -> HttpResponse:
    """The list. POST `prefer`: which is asked for first."""
    held = ways.of(request.user)
    choice = [way for way in held if way is not Way.RECOVERY]
    if request.method == "POST":
        if request.POST.get("prefer") not in choice:
            raise Http404
        ways.prefer(request.user, Way(request.POST["prefer"]))
        messages.success(request, _("Saved. It is asked for first from now on."))
        return redirect("factors")
    context = {
        "phone": phones.of(request.user),
        "apps": authenticators.of(request.user),
        "passkeys": passkeys.of(request.user),
        "held": held,
        "choice": choice,
        "allowed": ways.allowed(),
        "needs_another": sessions.needs_another_way(request),
        "has_recovery_codes": recoverycodes.of(request.user) is not None,
        "recovery_codes": recoverycodes.left(request.user),
        "next": entering.safe_next(request, request.GET.get("next")),
    }
    once.gone_on(request)
    return render(request, "security/factors.html", context)


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@fresh_code_required
@first_phone_required
def factor_app_new(request: SignedInRequest) -> HttpResponse:
    """The key for another app, and the first code that it shows."""
    if Way.APP not in ways.allowed():
        raise Http404
    step = NewAppStep(request, request.user)
    if time_step := step.prove():
        app = authenticators.add(step.offer, time_step, step.name, address=clients.address(request))
        if isinstance(app, Authenticator):
            sessions.note_second_step(request, app)
            response = redirect("factors")
            known.remember(request, response, app)
            messages.success(request, _("The authenticator app “%(name)s” is added.") % {"name": app.name})
            return response
        step.form.add_error("code", app_refusal_text(app))
    return render(request, "security/factor_app_new.html", {"step": step})


@require_http_methods(GET_OR_POST)
@fresh_code_required
def factor_app(request: SignedInRequest, pk: int) -> HttpResponse:
    """One app. POST `name` gives it another name, POST `remove` takes it away."""
    app = Authenticator.objects.filter(user=request.user, pk=pk).first()
    if app is None and request.method == "POST":
        messages.info(request, _("That way to verify was already removed."))
        return redirect("factors")
    if app is None:
        raise Http404
    form = NameForm(request.POST if "name" in request.POST else None, initial={"name": app.name})
    if "remove" in request.POST:
        return _remove(request, app)
    if form.is_valid():
        authenticators.rename(request.user, pk, form.cleaned_data["name"])
        messages.success(request, _("Saved."))
        return redirect("factors")
    return render(request, "security/factor_app.html", {"app": app, "form": form})


def _remove(request: SignedInRequest, app: Authenticator) -> HttpResponse:
    removed = authenticators.remove(request.user, app.pk, address=clients.address(request))
    if isinstance(removed, authenticators.Refusal):
        messages.error(request, app_refusal_text(removed))
    else:
        sessions.go_on(request, removed.user)
        messages.success(request, _("The authenticator app “%(name)s” is removed.") % {"name": removed.name})
    return redirect("factors")


@require_http_methods(GET_OR_POST)
@fresh_code_required
def factor_recovery(request: SignedInRequest) -> HttpResponse:
    """How many are left. POST makes ten new ones, POST `remove` takes them away."""
    if Way.RECOVERY not in ways.allowed():
        raise Http404
    if "remove" in request.POST:
        return _remove_codes(request)
    if request.method == "POST":
        return _make_codes(request)
    once.gone_on(request)
    context = {
        "set": recoverycodes.of(request.user),
        "left": recoverycodes.left(request.user),
        "can_be_made": recoverycodes.can_be_made(request.user),
        "version": request.user.ways_version,
    }
    return render(request, "security/factor_recovery.html", context)


def _make_codes(request: SignedInRequest) -> HttpResponse:
    """The one answer that holds them. Sent again later, as by loading it anew, its form makes nothing: what is on
    paper by then must stay good."""
    user = request.user
    version = str(user.ways_version)
    made: list[str] | recoverycodes.Refusal = recoverycodes.Refusal.GONE
    if request.POST.get("version", version) == version:
        made = recoverycodes.make(user, address=clients.address(request))
    if isinstance(made, recoverycodes.Refusal):
        messages.warning(request, recovery_refusal_text(made))
        return redirect("factor_recovery")
    sessions.go_on(request, user)
    sheet = Sheet(user.username, made)
    return once.show(render(request, "security/factor_recovery_made.html", {"sheet": sheet}))


def _remove_codes(request: SignedInRequest) -> HttpResponse:
    if recoverycodes.remove(request.user, address=clients.address(request)):
        sessions.go_on(request, request.user)
        messages.success(request, _("The recovery codes are removed."))
    return redirect("factors")


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
def confirm_recovery(request: SignedInRequest) -> HttpResponse:
    """As accounts/security/views.py:confirm, by a code from the paper."""
    held = ways.of(request.user)
    if Way.RECOVERY not in held:
        return redirect("confirm")
    step = RecoveryStep(request, request.user)
    if codes := step.prove():
        messages.info(request, left_text(recoverycodes.left(request.user)))
        return entering.confirmed(request, codes)
    others = {way: sessions.CONFIRM_PAGES[way] for way in held if way is not Way.RECOVERY}
    context = {"step": step, "others": others, "next": entering.next_of(request)}
    return render(request, "security/confirm_recovery.html", context)


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
def confirm_app(request: SignedInRequest) -> HttpResponse:
    """As accounts/security/views.py:confirm, by the code that an app shows."""
    held = ways.of(request.user)
    if Way.APP not in held:
        return redirect("confirm")
    step = AppStep(request, request.user)
    if app := step.prove():
        return entering.confirmed(request, app)
    others = {way: sessions.CONFIRM_PAGES[way] for way in held if way is not Way.APP}
    context = {"step": step, "others": others, "next": entering.next_of(request)}
    return render(request, "security/confirm_app.html", context)
