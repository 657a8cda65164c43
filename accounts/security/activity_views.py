"""最近活动: what happened to the account, and "not me"."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.lib import contact
from accounts.lib.filters import gap
from accounts.security import activity as recent_activity
from accounts.security.activity import Use
from accounts.sessions import clients, sessions, signins
from accounts.sessions.gate.decorators import GET_OR_POST, fresh_code_required
from accounts.sessions.sessions import SignedInRequest
from accounts.users.models import User

Uses = Callable[[User], list[Use]]

ENTRIES_A_PAGE = 50


@require_safe
def activity(request: SignedInRequest, uses: Uses) -> HttpResponse:
    """Mail logins are part of it. What app passwords are is not this app's business: portal/urls.py knows."""
    entries = Paginator(recent_activity.recent(request.user, uses(request.user)), ENTRIES_A_PAGE)
    context = {
        "page": entries.get_page(request.GET.get("page")),
        "days": recent_activity.SHOWN_FOR.days,
        "today": timezone.localdate(),
        "here": f"event-{sessions.event(request)}",
        "sign_ins": signins.of(request.user),
        "this_sign_in": sessions.sign_in(request),
    }
    return render(request, "security/activity.html", context)


@require_http_methods(GET_OR_POST)
@fresh_code_required
def sign_out_browser(request: SignedInRequest) -> HttpResponse:
    """POST `browser` signs another one out. Who had to enter a code first comes back to the list."""
    chosen = request.POST.get("browser", "")
    if request.method == "POST" and chosen.isascii() and chosen.isdigit() and len(chosen) < 19:
        here, address = sessions.sign_in(request), clients.address(request)
        if ended := signins.end_one(request.user, int(chosen), here=here, address=address):
            messages.success(request, _("%(browser)s is signed out.") % {"browser": ended})
        else:
            messages.info(request, _("That browser was already signed out."))
    return redirect("activity")


@require_http_methods(GET_OR_POST)
@fresh_code_required
def not_me(
    request: SignedInRequest,
    uses: Uses,
    app_passwords: Callable[[User], QuerySet[Any]],
    remove_app_passwords: Callable[..., int],
) -> HttpResponse:
    """Says what will be done, then does it. `entry` is what the person does not know; it may be left out."""
    user = request.user
    key = request.GET.get("entry", "")
    entry = recent_activity.find(user, uses(user), key) if key else None
    if key and entry is None:
        raise Http404
    count = app_passwords(user).count()
    if request.method == "POST":
        address = clients.address(request)
        remove = "remove_app_passwords" in request.POST
        recent_activity.disown(
            user,
            entry,
            remove_app_passwords=(lambda: remove_app_passwords(user, address=address)) if remove else None,
            address=address,
        )
        sessions.stay(request, user)  # every other session is over
        return _lead_on(request, count if remove else 0)
    context = {"entry": entry, "app_password_count": count, "tick_app_passwords": entry is not None and entry.is_mail}
    return render(request, "security/not_me.html", context)


def _lead_on(request: SignedInRequest, removed: int) -> HttpResponse:
    messages.success(request, _("Everybody else is signed out, and no browser is trusted any more."))
    if removed:
        text = ngettext("The app password is removed.", "%(n)s app passwords are removed.", removed)
        messages.success(request, text % {"n": removed})
    messages.warning(request, _filters())
    if not settings.HAS_PASSWORD_PAGE:
        text = _("Change your mailbox password now, and tell the IT office: {contact}")
        messages.warning(request, format_html(text, contact=contact.link()))
        return redirect("activity")
    text = _("Choose a new mailbox password here, and tell the IT office: {contact}")
    messages.warning(request, format_html(text, contact=contact.link()))
    return redirect("password")


def _filters() -> str:
    """What was set up there outlives every password."""
    text = _(
        "Look at filters and forwarding in webmail: somebody else may have had your mail sent on, and that goes on."
    )
    url = settings.MAIL_FILTERS_URL or settings.MAILBOX_URL
    return format_html('{}{}<a href="{}">{}</a>', text, gap(), url, _("Filters and forwarding")) if url else text
