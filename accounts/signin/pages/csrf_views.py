"""Forms of a page that is older than the sign-in: Django's CSRF_FAILURE_VIEW."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from accounts.sessions import halfway, sessions
from accounts.sessions.gate import flows
from accounts.signin import entering

SIGN_IN_PAGES = {
    "sign_in",
    "sign_in_code",
    "sign_in_phone",
    "sign_in_app",
    "sign_in_app_new",
    "sign_in_passkey",
    "sign_in_recovery",
    "sign_in_help",
    "sign_out",
}


@login_not_required
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form whose token is not this browser's present one. Most are of another tab that stayed open over a sign-in:
    nothing of them is done, and their people are led to where they are by now."""
    asked = request.resolver_match.url_name if request.resolver_match else None
    if settings.CSRF_COOKIE_NAME not in request.COOKIES:
        return render(request, "403_csrf.html", {"no_cookies": True}, status=403)
    next_path = entering.safe_next(request, request.POST.get("next"))
    if asked == "set_language":
        return redirect(next_path or settings.LOGIN_REDIRECT_URL)
    if flows.is_anothers(request):
        return flows.stopped(request)
    if asked in SIGN_IN_PAGES:
        return _overtaken(request, next_path, leaving=asked == "sign_out")
    return render(request, "403_csrf.html", {"again": _page_of_the_form(request)}, status=403)


def _page_of_the_form(request: HttpRequest) -> str:
    """Where it stood: its own address may take nothing but POST."""
    page = request.headers.get("Referer", "")
    return page if url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure()) else ""


def _overtaken(request: HttpRequest, next_path: str, *, leaving: bool) -> HttpResponse:
    if flows.names_another(request):
        return flows.stopped(request)
    if sessions.has_passed(request) or halfway.candidate(request):
        if leaving:
            messages.warning(request, _("You are not signed out yet. Please press “Sign out” here."))
        return redirect(next_path or settings.LOGIN_REDIRECT_URL)
    messages.info(request, _("The page was open too long. Please sign in again."))
    return redirect_to_login(next_path) if next_path else redirect("sign_in")
