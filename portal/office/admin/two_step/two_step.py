"""The page about the two-step of one person."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.rollouts.models import Exemption
from accounts.sessions.sessions import SignedInRequest
from accounts.users import clerks
from accounts.users.models import User
from accounts.users.permissions import right
from portal.office.admin.two_step import exemptions
from portal.office.admin.two_step.rollout_forms import start_of_single


class TwoStepPages(admin.ModelAdmin[User]):
    """Two-step is switched on behind a dry run, and off only with a reason: it is not edited like a name."""

    def get_urls(self) -> list[URLPattern]:
        view: Callable[..., Any] = self.admin_site.admin_view(self.two_step_of)
        return [path("<int:pk>/two-step/", view, name="accounts_user_two_step"), *super().get_urls()]

    def has_roll_out_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(right("roll_out", User))

    def two_step_of(self, request: SignedInRequest, pk: int) -> HttpResponse:
        if not self.has_roll_out_permission(request):
            raise PermissionDenied
        user = get_object_or_404(clerks.touchable(request.user), pk=pk)
        act = request.POST.get("act")
        exempt = exemptions.ExemptionForm(request.POST if act == "exempt" else None, prefix="exempt")
        off = exemptions.ReasonForm(request.POST if act == "off" else None, prefix="off")
        if act == "on":
            return redirect("admin:rollouts_rollout_choose", start_of_single(request.user, [user.pk]).pk)
        if exempt.is_valid() and exemptions.make(self, request, user, exempt.cleaned_data):
            return redirect(request.path)
        if off.is_valid() and exemptions.switch_off(self, request, user, off.cleaned_data["reason"]):
            return redirect(request.path)
        user.refresh_from_db()
        context = self.admin_site.each_context(request) | {
            "title": _("Two-step of %(user)s") % {"user": user},
            "person": user,
            "exemption": Exemption.in_force(user=user).first(),
            "exempt": exempt,
            "off": off,
            "opts": self.opts,
        }
        return TemplateResponse(request, "office/two_step.html", context)

    @admin.action(description=gettext_lazy("Switch two-step on from a date"), permissions=["roll_out"])
    def switch_two_step_on(self, request: SignedInRequest, queryset: QuerySet[User]) -> HttpResponse:
        """The beginning of a roll-out for them."""
        keys = list(queryset.order_by("pk").values_list("pk", flat=True))
        return redirect("admin:rollouts_rollout_choose", start_of_single(request.user, keys).pk)
