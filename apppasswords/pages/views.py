"""客户端安全登录: the pages where people make and remove app passwords."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.lib import clock
from accounts.presses import once
from accounts.sessions import clients
from accounts.sessions.gate.decorators import GET_OR_POST, fresh_code_required
from accounts.sessions.sessions import SignedInRequest
from apppasswords import connections, passwords, secrets, tokens
from apppasswords.models import AppPassword
from apppasswords.pages import forms
from apppasswords.pages.decorators import second_step_required
from apppasswords.pages.forms import LimitsForm, MailboxForm, NameForm

GuideFor = Callable[[HttpRequest, str], Any]  # the guide for an app password of this name, or None


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@second_step_required
@fresh_code_required
def app_passwords(request: SignedInRequest, guide_for: GuideFor) -> HttpResponse:
    """The list. POST `name` makes one, POST `remove` removes one, POST `sign_out` a program that holds a token."""
    if request.method == "POST":
        if "sign_out" in request.POST:
            return _sign_out(request)
        return _remove(request) if "remove" in request.POST else _create(request, guide_for)
    once.gone_on(request)
    return _list(request, forms.empty(), LimitsForm(), MailboxForm(request.user))


def _list(request: SignedInRequest, form: NameForm, limits: LimitsForm, mailbox: MailboxForm) -> HttpResponse:
    limits.takes_focus = not form.errors
    rows = passwords.of(request.user).select_related("user")
    context = {"form": form, "limits": limits, "mailbox": mailbox, "passwords": rows}
    context["programs"] = tokens.of(request.user)
    return render(request, "apppasswords/app_passwords.html", context)


def _create(request: SignedInRequest, guide_for: GuideFor) -> HttpResponse:
    """The one answer that holds the secret. It answers a POST with a page, which a redirect could not carry."""
    form, limits = forms.sent(request.POST), LimitsForm(request.POST)
    mailbox = MailboxForm(request.user, request.POST)
    if not (form.is_valid() and limits.is_valid() and mailbox.is_valid()):
        return _list(request, form, limits, mailbox)
    made = passwords.create(
        mailbox.chosen() or request.user,
        form.cleaned_data["name"],
        limits=limits.chosen(),
        address=clients.address(request),
        request=form.cleaned_data["request"] or None,
    )
    match made:
        case passwords.Refusal.SECRET_AS_NAME:
            return _list(request, forms.warned(), limits, mailbox)
        case passwords.Refusal():
            tell(request, made)
            return redirect("app_passwords")
        case (row, secret):
            context = {
                "password": row,
                "secret": secret,
                "in_fours": secrets.in_fours(secret),
                "servers": settings.MAIL_SERVERS,
                "address": {"text": row.user.username},
                "guide": guide_for(request, row.name),
            }
            context |= _connection(row, connections.of(row))
            return once.show(render(request, "apppasswords/app_password_created.html", context))


@require_safe
@second_step_required
def connection(request: SignedInRequest, pk: int) -> HttpResponse:
    """Whether the mail program is in by now. A page that asks again hears nothing (204) while nothing is new."""
    asks_again = bool(request.headers.get("HX-Request"))
    password = passwords.of(request.user).filter(pk=pk).select_related("user").first()
    if password is None:
        if asks_again:  # an error would be asked for without end
            return render(request, "apppasswords/_connection_gone.html")
        raise Http404
    found = connections.of(password)
    context = _connection(password, found)
    if asks_again and found.may_change and request.GET.get("version") == context["version"]:
        return HttpResponse(status=204)
    page = "apppasswords/_connection.html" if asks_again else "apppasswords/connection.html"
    return render(request, page, context)


def _connection(password: AppPassword, found: connections.Connection) -> dict[str, Any]:
    """What its template shows."""
    connected_at = found.first.at if found.first else password.last_used_at
    return {
        "password": password,
        "connection": found,
        "version": _version(password, found),
        "connected_at": clock.briefly(connected_at) if connected_at else "",
        "mistake_at": clock.briefly(password.mistake_at, seconds=True) if password.mistake_at else "",
    }


def _version(password: AppPassword, found: connections.Connection) -> str:
    """Changes with everything that is shown."""
    at = password.mistake_at
    return f"{found.step}-{found.is_banned:d}-{at.timestamp() if at else 0:.6f}"


def tell(request: HttpRequest, refusal: passwords.Refusal) -> None:
    if refusal is passwords.Refusal.REPEATED:
        messages.info(request, _("This password was made already and was shown once. If you missed it, remove it."))
    elif refusal is passwords.Refusal.TOO_MANY_TODAY:
        told = _("You have made as many app passwords as one day allows. Please make more tomorrow.")
        messages.warning(request, told)
    elif refusal is passwords.Refusal.NOT_THEIRS:
        messages.warning(request, _("You no longer use this department mailbox."))
    else:
        messages.warning(request, _("You have reached the limit of app passwords. Remove one first."))


def _chosen(request: SignedInRequest, field: str) -> int:
    chosen = request.POST[field]
    if not (chosen.isascii() and chosen.isdigit() and len(chosen) < 19):
        raise Http404
    return int(chosen)


def _sign_out(request: SignedInRequest) -> HttpResponse:
    """In two tabs, it may be gone."""
    if tokens.remove(request.user, _chosen(request, "sign_out"), address=clients.address(request)):
        messages.success(request, _("The mail program is signed out."))
    else:
        messages.info(request, _("That mail program was already signed out."))
    return redirect("app_passwords")


def _remove(request: SignedInRequest) -> HttpResponse:
    if passwords.remove(request.user, _chosen(request, "remove"), address=clients.address(request)):
        messages.success(request, _("The app password is removed. What used it can no longer sign in."))
    else:
        messages.info(request, _("That app password was already removed."))
    return redirect("app_passwords")


@require_http_methods(GET_OR_POST)
@second_step_required
@fresh_code_required
def app_passwords_remove_all(request: SignedInRequest) -> HttpResponse:
    """Asks once, then removes all."""
    if request.method == "POST":
        passwords.remove_all(request.user, address=clients.address(request))
        tokens.remove_all(request.user, address=clients.address(request))
        messages.success(request, _("All app passwords are removed."))
        return redirect("app_passwords")
    rows = passwords.of(request.user).select_related("user")
    if not rows:  # another tab was faster
        messages.info(request, _("All app passwords are removed."))
        return redirect("app_passwords")
    context = {"passwords": rows, "programs": tokens.of(request.user)}
    return render(request, "apppasswords/app_passwords_remove_all.html", context)
