"""二次验证方式: by what the second step is taken, besides the phone."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.factors import authenticators, passkeys
from accounts.factors.models import Authenticator
from accounts.phones import phones
from accounts.security.forms import NameForm
from accounts.sessions import clients, known, sessions
from accounts.sessions.decorators import GET_OR_POST, fresh_code_required
from accounts.sessions.sessions import SignedInRequest
from accounts.signin import entering
from accounts.signin.typed_steps import AppStep, NewAppStep
from accounts.signin.words import app_refusal_text
from accounts.users import ways
from accounts.users.ways import Way


@require_http_methods(GET_OR_POST)
def factors(request: SignedInRequest) -> HttpResponse:
    """The list. POST `prefer`: which is asked for first."""
    held = ways.of(request.user)
    if request.method == "POST":
        if request.POST.get("prefer") not in held:
            raise Http404
        ways.prefer(request.user, Way(request.POST["prefer"]))
        messages.success(request, _("Saved. It is asked for first from now on."))
        return redirect("factors")
    context = {
        "phone": phones.of(request.user),
        "apps": authenticators.of(request.user),
        "passkeys": passkeys.of(request.user),
        "held": held,
        "choice": [way for way in held if way is not Way.RECOVERY],
        "allowed": ways.allowed(),
        "needs_another": sessions.needs_another_way(request),
    }
    return render(request, "security/factors.html", context)


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@fresh_code_required
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
            known.remember(request, response, request.user)
            messages.success(request, _("The authenticator app “%(name)s” is added.") % {"name": app.name})
            return response
        step.form.add_error("code", app_refusal_text(app))
    return render(request, "security/factor_app_new.html", {"step": step})


@require_http_methods(GET_OR_POST)
@fresh_code_required
def factor_app(request: SignedInRequest, pk: int) -> HttpResponse:
    """One app. POST `name` gives it another name, POST `remove` takes it away."""
    app = Authenticator.objects.filter(user=request.user, pk=pk).first()
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
