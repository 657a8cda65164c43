"""通行密钥: the passkeys of who is in."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.factors import passkeys
from accounts.factors.ceremonies import Purpose
from accounts.factors.models import Passkey
from accounts.security.forms import PasskeyNameForm
from accounts.sessions import clients, known, sessions
from accounts.sessions.gate.decorators import GET_OR_POST, first_phone_required, fresh_code_required
from accounts.sessions.sessions import SignedInRequest
from accounts.signin import entering
from accounts.signin.steps.passkeys import NewPasskeyStep, PasskeyStep
from accounts.signin.steps.words import passkey_refusal_text
from accounts.users import ways
from accounts.users.ways import Way


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@fresh_code_required
@first_phone_required
def factor_passkeys(request: SignedInRequest) -> HttpResponse:
    """The list, and another one. POST `answer`, from the browser, adds it."""
    if Way.PASSKEY not in ways.allowed():
        raise Http404
    step = NewPasskeyStep(request, request.user)
    if made := step.prove():
        passkey = passkeys.add(request.user, made, step.name, address=clients.address(request))
        if isinstance(passkey, Passkey):
            sessions.note_second_step(request, passkey)
            response = redirect("factor_passkeys")
            known.remember(request, response, passkey)
            messages.success(request, _("The passkey “%(name)s” is added.") % {"name": passkey.name})
            return response
        step.form.add_error(None, passkey_refusal_text(passkey))
    return render(request, "security/factor_passkeys.html", {"step": step, "passkeys": passkeys.of(request.user)})


@require_http_methods(GET_OR_POST)
@fresh_code_required
def factor_passkey(request: SignedInRequest, pk: int) -> HttpResponse:
    """One passkey. POST `name` gives it another name, POST `remove` takes it away."""
    passkey = passkeys.of(request.user).filter(pk=pk).first()
    if passkey is None and request.method == "POST":
        messages.info(request, _("That way to verify was already removed."))
        return redirect("factor_passkeys")
    if passkey is None:
        raise Http404
    form = PasskeyNameForm(request.POST if "name" in request.POST else None, initial={"name": passkey.name})
    if "remove" in request.POST:
        return _remove(request, passkey)
    if form.is_valid():
        passkeys.rename(request.user, pk, form.cleaned_data["name"])
        messages.success(request, _("Saved."))
        return redirect("factor_passkeys")
    return render(request, "security/factor_passkey.html", {"passkey": passkey, "form": form})


def _remove(request: SignedInRequest, passkey: Passkey) -> HttpResponse:
    removed = passkeys.remove(request.user, passkey.pk, address=clients.address(request))
    if isinstance(removed, passkeys.Refusal):
        messages.error(request, passkey_refusal_text(removed))
    else:
        sessions.go_on(request, removed.user)
        messages.success(request, _("The passkey “%(name)s” is removed.") % {"name": removed.name})
    return redirect("factor_passkeys")


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
def confirm_passkey(request: SignedInRequest) -> HttpResponse:
    """As accounts/security/views.py:confirm, by a passkey."""
    held = ways.of(request.user)
    if Way.PASSKEY not in held:
        return redirect("confirm")
    step = PasskeyStep(request, request.user, Purpose.CONFIRM)
    if passkey := step.prove():
        return entering.confirmed(request, passkey)
    others = {way: sessions.CONFIRM_PAGES[way] for way in held if way is not Way.PASSKEY}
    context = {"step": step, "others": others, "next": entering.next_of(request)}
    return render(request, "security/confirm_passkey.html", context)
