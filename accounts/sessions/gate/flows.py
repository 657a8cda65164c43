"""Whose a form is. Each form of the site says for whom it was shown, and is taken from nobody else: meanwhile, in
another tab, somebody else may have begun to sign in (docs/decisions/0028-whose-form.md)."""

from typing import Any

from django import template
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaulttags import CsrfTokenNode
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.sessions import halfway
from accounts.users import usernames
from accounts.users.models import User

register = template.Library()
FIELD = "flow"


@register.simple_tag(takes_context=True)
def csrf_token(context: template.Context) -> SafeString:
    """In place of Django's own tag, so that no form can forget it."""
    token = SafeString(CsrfTokenNode().render(context))
    if not token or "request" not in context:
        return token
    return token + format_html('<input type="hidden" name="{}" value="{}">', FIELD, of(context["request"]))


def of(request: HttpRequest) -> str:
    """Of who is in or half-way here; empty for nobody."""
    pk = halfway.present(request)
    return "" if pk is None else salted_hmac("accounts.sessions.flows", str(pk), algorithm="sha256").hexdigest()[:32]


def is_anothers(request: HttpRequest) -> bool:
    """A form that was shown for somebody, and now somebody else is here. Where nobody is, or it was shown to nobody,
    the page itself knows what to do."""
    shown_for, here = request.POST.get(FIELD, ""), of(request)
    return bool(shown_for and here) and not constant_time_compare(shown_for, here)


def names_another(request: HttpRequest) -> bool:
    """A sign-in that was typed in while somebody else is here."""
    typed = usernames.canonical(usernames.complete(request.POST.get("username", ""), settings.MAIL_DOMAIN))
    who = _who(request)
    return typed is not None and who is not None and typed != who.username


def _who(request: HttpRequest) -> User | None:
    pk = halfway.present(request)
    return None if pk is None else User.objects.filter(pk=pk).first()


def stopped(request: HttpRequest) -> HttpResponse:
    """Nothing was done, and who it is that is here now."""
    who = _who(request)
    context: dict[str, Any] = {
        "here": usernames.masked(who.username) if who else "",
        "is_in": request.user.is_authenticated,
    }
    return render(request, "signin/another.html", context, status=409)
