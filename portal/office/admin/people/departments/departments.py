"""Mailboxes of departments: made here, and who uses each."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.owners import owners
from accounts.owners.models import Ownership
from accounts.sessions import clients
from accounts.sessions.sessions import SignedInRequest
from accounts.users.permissions import right
from portal.office.admin.history import ShownLookups
from portal.office.admin.people.departments.files import OwnersFileForm
from portal.office.admin.people.departments.forms import OwnersForm


class GoneFilter(admin.SimpleListFilter):
    title = gettext_lazy("used by")
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("gone", _("somebody who is disabled"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ownership]) -> QuerySet[Ownership]:
        return queryset.filter(owner__is_active=False) if self.value() == "gone" else queryset


@admin.register(Ownership)
class OwnershipAdmin(ShownLookups):
    list_display = ("mailbox", "owner", "created_by", "created_at")
    list_filter = (GoneFilter,)
    search_fields = ("mailbox__username", "mailbox__name", "owner__username", "owner__name")
    list_select_related = ("mailbox", "owner", "created_by")
    fields = list_display
    actions = ("delete_selected",)

    def has_change_permission(self, request: HttpRequest, obj: Ownership | None = None) -> bool:
        """Taken and given anew, so that the log says who could read when."""
        return False

    def add_view(  # type: ignore[override]
        self, request: SignedInRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not request.user.has_perm(right("add", Ownership)):
            raise PermissionDenied
        by_file, by = "from_file" in request.POST, request.user
        form = OwnersForm(None if by_file else request.POST or None, clerk=by)
        file_form = OwnersFileForm(request.POST, request.FILES, clerk=by) if by_file else OwnersFileForm(clerk=by)
        sent: OwnersForm | OwnersFileForm = file_form if by_file else form
        if sent.is_valid():
            given = sent.save(clients.address(request))
            told = ngettext("%(n)s person more uses it.", "%(n)s people more use it.", given) % {"n": given}
            self.message_user(request, told, messages.SUCCESS)
            return redirect("admin:owners_ownership_changelist")
        context = self.admin_site.each_context(request) | {"opts": self.opts, "form": form, "file_form": file_form}
        context["title"] = _("Add a department mailbox, or who uses one")
        return TemplateResponse(request, "office/owners/add.html", context)

    def get_deleted_objects(self, objs: Any, request: Any) -> Any:
        """App passwords go along, which nobody deletes by a page of their own."""
        return [str(ownership) for ownership in objs], {}, set(), []

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The mailbox stays, which Django's words leave open."""
        return super().delete_view(request, object_id, {"title": _("Take a mailbox away"), **(extra_context or {})})

    @admin.action(description=gettext_lazy("Take the mailbox away from whom is chosen"), permissions=["delete"])
    def delete_selected(self, request: SignedInRequest, queryset: QuerySet[Ownership]) -> HttpResponse | None:
        if "post" not in request.POST:
            return delete_selected(self, request, queryset)
        self.log_deletions(request, queryset)
        count = len(queryset)
        self.delete_queryset(request, queryset)
        self._told(request, count)
        return None

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        self._told(request, 1)
        return redirect("admin:owners_ownership_changelist")

    def _told(self, request: HttpRequest, count: int) -> None:
        text = ngettext("%(n)s person uses it no longer.", "%(n)s people use it no longer.", count)
        self.message_user(request, text % {"n": count}, messages.SUCCESS)

    def delete_model(self, request: SignedInRequest, obj: Ownership) -> None:  # type: ignore[override]
        owners.dismiss(obj, by=request.user, address=clients.address(request))

    def delete_queryset(  # type: ignore[override]
        self, request: SignedInRequest, queryset: QuerySet[Ownership]
    ) -> None:
        for ownership in queryset.select_related("mailbox", "owner"):
            self.delete_model(request, ownership)
