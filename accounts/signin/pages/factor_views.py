"""Sign-in by another way than a code by SMS."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.factors import authenticators, recoverycodes
from accounts.factors.models import Authenticator
from accounts.sessions import clients
from accounts.sessions.gate.decorators import GET_OR_POST, leads_to_applications
from accounts.sessions.halfway import Candidate
from accounts.signin import entering, lost
from accounts.signin.pages.decorators import halfway_required, way_required
from accounts.signin.pages.forms import SignInAppForm
from accounts.signin.steps.passkeys import PasskeyOffer
from accounts.signin.steps.typed import AppStep, NewAppStep, RecoveryStep
from accounts.signin.steps.words import app_refusal_text, recovered_text
from accounts.users.ways import Way


@login_not_required
@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@leads_to_applications
@way_required(Way.APP)
def sign_in_app(request: HttpRequest, candidate: Candidate) -> HttpResponse:
    """The code that an authenticator app shows."""
    step = AppStep(request, candidate.user, form_class=SignInAppForm)
    if app := step.prove():
        response = entering.enter(request, candidate.user, candidate.next, device=app)
        if step.trusts_browser:
            entering.trust(request, response, app)
        return response
    context = {"step": step, "user_name": candidate.user.username, "others": candidate.others(Way.APP)}
    context["offer"] = PasskeyOffer.beside(request, candidate, step.form)
    return render(request, "signin/sign_in_app.html", context)


@login_not_required
@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@way_required(Way.RECOVERY)
def sign_in_recovery(request: HttpRequest, candidate: Candidate) -> HttpResponse:
    """A code from the paper. It leads to where something new is bound, which is what its owner needs now."""
    step = RecoveryStep(request, candidate.user)
    if held := step.prove():
        messages.warning(request, recovered_text(recoverycodes.left(candidate.user)))
        return entering.enter(request, candidate.user, _factors(candidate.next), device=held)
    context = {"step": step, "user_name": candidate.user.username, "others": candidate.others(Way.RECOVERY)}
    return render(request, "signin/sign_in_recovery.html", context)


def _factors(next_path: str) -> str:
    """From where one goes on to the page that one wanted."""
    page = reverse("factors")
    return f"{page}?{urlencode({'next': next_path})}" if next_path else page


@login_not_required
@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@leads_to_applications
@halfway_required(lambda candidate: candidate.begins_by_app)
def sign_in_app_new(request: HttpRequest, candidate: Candidate) -> HttpResponse:
    """In place of a phone, where two-step begins; or of what is lost, with the help desk's code."""
    step = NewAppStep(request, candidate.user)
    if time_step := step.prove():
        app = _add(candidate, step, time_step, clients.address(request))
        if isinstance(app, Authenticator):
            messages.success(request, _("The authenticator app “%(name)s” is added.") % {"name": app.name})
            return entering.enter(request, app.user, candidate.next, device=app)
        if app is authenticators.Refusal.GONE:
            return entering.start_again(request)
        step.form.add_error("code", app_refusal_text(app))
    context = {"step": step, "user_name": candidate.user.username, "replaces": candidate.help_code is not None}
    return render(request, "signin/sign_in_app_new.html", context)


def _add(
    candidate: Candidate, step: NewAppStep, time_step: int, address: str
) -> Authenticator | authenticators.Refusal:
    if candidate.help_code is None:
        return authenticators.add(step.offer, time_step, step.name, address=address)
    return lost.add_app(candidate.help_code, step.offer, time_step, step.name, address=address)
