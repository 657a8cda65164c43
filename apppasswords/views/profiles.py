"""The page where people get a profile for an iPhone, iPad or Mac."""

import re
from secrets import token_hex

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts import clients
from accounts.models import User
from accounts.sessions import SignedInRequest
from accounts.views.security import fresh_code_required
from accounts.views.signin import GET_OR_POST
from apppasswords import passwords, profiles, secrets
from apppasswords.forms import NameForm
from apppasswords.models import NAME_LENGTH
from apppasswords.views.passwords import phone_required, tell, warned

APPLE = re.compile(r"\b(iPhone|iPad|Mac)(?:\b|intosh)")


def device(request: HttpRequest) -> str:
    """What of Apple's this browser runs on; empty on everything else. (Some iPads say that they are a Mac.)"""
    found = APPLE.search(request.headers.get("User-Agent", "")[:500])
    return found[1] if found else ""


def attached(user: User, secret: str | None = None) -> HttpResponse:
    name = f"{settings.MAIL_DOMAIN}.mobileconfig"
    return HttpResponse(
        profiles.build(user, settings.MAIL_SERVERS, secret),
        content_type=profiles.CONTENT_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@phone_required
@fresh_code_required
def profile(request: SignedInRequest) -> HttpResponse:
    """POST `bare` answers with a profile without a password; any other with one for a new app password."""
    if request.method == "POST":
        return attached(request.user) if "bare" in request.POST else _create(request)
    return _ask(request, NameForm(initial={"request": token_hex(16), "name": device(request) or "iPhone"}))


def _ask(request: SignedInRequest, form: NameForm) -> HttpResponse:
    return render(request, "apppasswords/profile.html", {"form": form, "here": device(request)})


def _create(request: SignedInRequest) -> HttpResponse:
    form = NameForm(request.POST)
    name = request.POST.get("name", "")
    if secrets.looks_like_one(name) or len(name) > NAME_LENGTH:
        return _ask(request, warned())
    if not form.is_valid():
        return _ask(request, form)
    made = passwords.create(
        request.user,
        form.cleaned_data["name"],
        address=clients.address(request),
        request=form.cleaned_data["request"] or None,
    )
    match made:
        case passwords.Refusal.SECRET_AS_NAME:
            return _ask(request, warned())
        case passwords.Refusal():
            tell(request, made)
            return redirect("profile")
        case (_row, secret):
            return attached(request.user, secret)
