"""The pages where people get a profile for an iPhone, iPad or Mac: on the device itself, or there by a QR code."""

import re

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.lib.qr import picture
from accounts.presses import once
from accounts.sessions import clients
from accounts.sessions.gate.decorators import GET_OR_POST, fresh_code_required
from accounts.sessions.sessions import SignedInRequest
from accounts.users import usernames
from accounts.users.models import User
from apppasswords import limits, passwords
from apppasswords.models import AppPassword, ProfileLink
from apppasswords.pages import forms
from apppasswords.pages.decorators import second_step_required
from apppasswords.pages.forms import NameForm
from apppasswords.pages.views import tell
from apppasswords.setup import links, profiles
from apppasswords.setup.middleware import hidden_token

TOKEN_LENGTH = 43  # characters: 256 bits
# Browsers inside of other programs, which cannot install a profile: WeChat, QQ, DingTalk, Alipay, Feishu, Weibo.
IN_APP = re.compile(r"MicroMessenger|\bQQ/|DingTalk|AlipayClient|\bLark\b|Weibo")
APPLE = re.compile(r"\b(iPhone|iPad|Mac)(?:\b|intosh)")


def device(request: HttpRequest) -> str:
    """What of Apple's this browser runs on; empty on everything else. (Some iPads say that they are a Mac.)"""
    found = APPLE.search(request.headers.get("User-Agent", "")[:500])
    return found[1] if found else ""


def attached(user: User, secret: str | None = None) -> HttpResponse:
    name = f"{user.username.partition('@')[2]}.mobileconfig"
    response = HttpResponse(
        profiles.build(user, settings.MAIL_SERVERS, secret),
        content_type=profiles.CONTENT_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )
    return once.show(response)


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@second_step_required
@fresh_code_required
def profile(request: SignedInRequest) -> HttpResponse:
    """POST `bare` answers with a profile without a password, `qr` with a QR code; any other with a profile for a new
    app password."""
    if request.method == "POST":
        return attached(request.user) if "bare" in request.POST else _create(request)
    once.gone_on(request)
    return _ask(request, forms.empty(device(request) or "iPhone"))


def _ask(request: SignedInRequest, form: NameForm) -> HttpResponse:
    return render(request, "setup/profile.html", {"form": form, "here": device(request)})


def _create(request: SignedInRequest) -> HttpResponse:
    form = forms.sent(request.POST)
    if not form.is_valid():
        return _ask(request, form)
    made: tuple[ProfileLink | AppPassword, str] | passwords.Refusal | None
    if "qr" in request.POST:
        made = links.make(request.user, form.cleaned_data["name"], address=clients.address(request))
    else:
        made = passwords.create(
            request.user,
            form.cleaned_data["name"],
            limits=limits.of_a_device(),
            address=clients.address(request),
            request=form.cleaned_data["request"] or None,
        )
    match made:
        case passwords.Refusal.SECRET_AS_NAME:
            return _ask(request, forms.warned())
        case passwords.Refusal():
            tell(request, made)
            return redirect("profile")
        case (ProfileLink() as link, token):
            return _show(request, link, token)
        case (_row, secret):
            return attached(request.user, secret)
    return redirect("profile")  # the phone was unbound meanwhile


# --- At the computer: the QR code -------------------------------------------------------------------------------------


def _show(request: SignedInRequest, link: ProfileLink, token: str) -> HttpResponse:
    """The one answer that holds the token."""
    address = settings.PUBLIC_URL + reverse("profile_token", args=[token])
    return once.show(render(request, "setup/profile_link.html", {"link": link, "picture": picture(address)}))


@require_safe
@second_step_required
def profile_link(request: SignedInRequest, pk: int) -> HttpResponse:
    """What became of the QR code. The page that shows it asks, and hears nothing (204) while there is nothing new."""
    link = get_object_or_404(links.of(request.user), pk=pk)
    if request.headers.get("HX-Request") and link.may_change and request.GET.get("state") == link.state:
        return HttpResponse(status=204)
    return render(request, "setup/profile_link.html", {"link": link})


# --- On the phone -----------------------------------------------------------------------------------------------------


@login_not_required
@require_safe
def profile_token(request: HttpRequest, token: str) -> HttpResponse:
    """Where the camera leads. Moves the token into a cookie and changes nothing: previews look here too.

    `token` is a placeholder by now; see the middleware.
    """
    if IN_APP.search(request.headers.get("User-Agent", "")[:500]):
        # It cannot install a profile, and its cookies are not Safari's: the address must stay as it is.
        response = render(request, "setup/profile_in_app.html")
        response.headers["Referrer-Policy"] = "strict-origin"
        return response
    response = redirect("profile_open")
    response.headers["Referrer-Policy"] = "no-referrer"
    response.set_cookie(
        settings.PROFILE_LINK_COOKIE_NAME,
        hidden_token(request)[:TOKEN_LENGTH],
        max_age=settings.PROFILE_LINK_LIFETIME,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


@login_not_required
@require_http_methods(GET_OR_POST)
def profile_open(request: HttpRequest) -> HttpResponse:
    """Asks once; POST answers with the profile, the first one only."""
    token = request.COOKIES.get(settings.PROFILE_LINK_COOKIE_NAME, "")[:TOKEN_LENGTH]
    if request.method == "POST":
        taken = links.take(token, address=clients.address(request))
        if isinstance(taken, tuple):
            return attached(*taken)
        # Unknown, expired, used, ended: nobody learns here which.
        too_many = taken is passwords.Refusal.TOO_MANY
        return render(request, "setup/profile_gone.html", {"too_many": too_many}, status=404)
    link = links.find(token)
    if link is None:
        return render(request, "setup/profile_gone.html", status=404)
    context = {"address": usernames.masked(link.user.username), "here": device(request)}
    return render(request, "setup/profile_open.html", context)
