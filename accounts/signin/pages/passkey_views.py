"""Sign-in by a passkey: after the password, as every other way, and never by itself."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.factors.ceremonies import Purpose
from accounts.sessions.gate.decorators import GET_OR_POST, leads_to_applications
from accounts.sessions.halfway import Candidate
from accounts.signin import entering
from accounts.signin.pages.decorators import way_required
from accounts.signin.pages.forms import SignInPasskeyForm
from accounts.signin.steps.passkeys import PasskeyStep
from accounts.users.ways import Way


@login_not_required
@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@leads_to_applications
@way_required(Way.PASSKEY)
def sign_in_passkey(request: HttpRequest, candidate: Candidate) -> HttpResponse:
    step = PasskeyStep(request, candidate.user, Purpose.SIGN_IN, form_class=SignInPasskeyForm)
    if passkey := step.prove():
        response = entering.enter(request, candidate.user, candidate.next, device=passkey)
        if step.trusts_browser:
            entering.trust(request, response, passkey)
        return response
    context = {"step": step, "user_name": candidate.user.username, "others": candidate.others(Way.PASSKEY)}
    return render(request, "signin/sign_in_passkey.html", context)
