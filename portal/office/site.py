"""The admin site: for IT staff whose session has entered a code. A trusted browser is not enough."""

from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe
from django.views.i18n import JavaScriptCatalog

from accounts.sessions import expiry, sessions, typed
from accounts.signin.entering import safe_next
from accounts.signin.pages.views import sign_out
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Way
from portal import version
from portal.office import handbook, index
from portal.office.dashboard import sections
from portal.office.desk import views
from portal.office.overview import figures, today
from portal.operations import doctor


class Words(JavaScriptCatalog):
    """What Django's scripts say, with what is said otherwise here."""

    def get_catalog(self) -> dict[str, Any]:
        text = "%(sel)s of %(cnt)s selected"
        said = ngettext("%(sel)s of %(cnt)s selected", "%(sel)s of %(cnt)s selected", 2)
        return {**super().get_catalog(), text: [said, said]}


class PortalAdminSite(AdminSite):
    site_title = _("Mailkey administration")
    site_header = _("Mailkey administration")
    index_title = _("IT office")

    def get_urls(self) -> list[URLPattern | URLResolver]:
        own = [
            path("dashboard/", self.admin_view(self.dashboard), name="dashboard"),
            path("handbook/", self.admin_view(require_safe(self.handbook)), name="handbook"),
            path("doctor/", self.admin_view(require_safe(self.doctor)), name="doctor"),
            path("find/", self.admin_view(views.find), name="find"),
            path("accounts/user/<int:id>/desk/", self.admin_view(views.page), name="desk"),
        ]
        return [*own, *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "version": version.read()}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        jobs = index.by_job(super().get_app_list(request))
        return index.of_app(jobs, app_label) if app_label else jobs

    def has_permission(self, request: HttpRequest) -> bool:
        may = super().has_permission(request) and request.user.is_authenticated and _is_verified(request.user)
        return may and not expiry.office_is_closed(request)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """A form that comes when it has closed: what was typed in it comes back after the second step."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if isinstance(request.user, User) and expiry.office_is_closed(request):
                typed.keep(request, typed.of(request.POST))
            response: HttpResponseBase = inner(request, *args, **kwargs)
            return response

        return guarded

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one sign-in. Staff who came by a trusted browser are asked for a code."""
        next_path = safe_next(request, request.GET.get("next")) or reverse("admin:index")
        if request.user.is_authenticated and not request.user.is_staff:
            raise PermissionDenied
        if request.user.is_authenticated and expiry.office_is_closed(request):
            messages.info(request, _("Nothing was done here for a long time. Please confirm that it is still you."))
        page = _way_in(request) if request.user.is_authenticated else "sign_in"
        if page is None:
            return _asks_for_another_way(request)
        return redirect(f"{reverse(page)}?{urlencode({'next': next_path})}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]
        return sign_out(request)

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("password")

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]
        """Nothing leads here: the portal has one page for it."""
        return redirect("password")

    def i18n_javascript(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        return Words.as_view(packages=["django.contrib.admin"])(request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """What needs somebody today, the lists, and the way to the dashboard for who may see any of it."""
        may = request.user.has_perm
        context = {
            "has_dashboard": sections.may_view(may),
            "today": today.items(request.user),
            "is_first_page": True,
        }
        return super().index(request, context | (extra_context or {}))

    def handbook(self, request: HttpRequest) -> HttpResponse:
        text = handbook.read()._asdict()
        context = self.each_context(request) | {"title": _("Help-desk handbook")} | text
        return TemplateResponse(request, "office/handbook.html", context)

    def doctor(self, request: HttpRequest) -> HttpResponse:
        """As manage.py doctor; it names folders and servers, so it is for administrators."""
        if not (isinstance(request.user, User) and request.user.is_superuser):
            raise PermissionDenied
        found = [(doctor.TITLES[subject], finding) for subject, finding in doctor.examine()]
        context = self.each_context(request) | {
            "title": _("Examination of the system"),
            "found": found,
            "troubles": sum(finding.is_trouble for _subject, finding in found),
        }
        return TemplateResponse(request, "office/doctor.html", context)

    def dashboard(self, request: HttpRequest) -> HttpResponse:
        """POST counts today again."""
        if not sections.may_view(request.user.has_perm):
            raise PermissionDenied
        chosen = request.GET.get("days", "")
        length = int(chosen) if chosen in map(str, sections.RANGES) else sections.DEFAULT_RANGE
        if request.method == "POST":
            figures.sum_up(timezone.localdate())
            return redirect(f"{reverse('admin:dashboard')}?days={length}")
        charts, summed_at = sections.of(length, request.user.has_perm)
        context = self.each_context(request) | {
            "title": _("Dashboard"),
            "charts": charts,
            "empty": [chart.title for chart in charts if chart.is_empty],
            "summed_at": summed_at,
            "length": length,
            "ranges": sections.RANGES.items(),
        }
        return TemplateResponse(request, "office/dashboard/dashboard.html", context)


def _way_in(request: HttpRequest) -> str | None:
    """The page that asks a clerk for a second step that opens the administration; None if he has none."""
    held = ways.of(request.user)  # type: ignore[arg-type]  # asked of who is signed in
    if not sessions.has_passed(request) or (not held and Way.PHONE in settings.SECOND_STEPS_OF_STAFF):
        return "confirm"  # which leads on
    good = [way for way in held if way in settings.SECOND_STEPS_OF_STAFF]
    return sessions.CONFIRM_PAGES[good[0]] if good else None


def _asks_for_another_way(request: HttpRequest) -> HttpResponse:
    names = "、".join(str(way.label) for way in Way if way in settings.SECOND_STEPS_OF_STAFF)
    messages.warning(request, _("The administration asks for another way to verify: %(ways)s. Add one here, then open "
                                "the administration again.") % {"ways": names})  # fmt: skip
    return redirect("factors")


def _is_verified(clerk: User) -> bool:
    """By a way that the office demands of its staff."""
    return clerk.is_verified() and clerk.otp_device.way in settings.SECOND_STEPS_OF_STAFF
