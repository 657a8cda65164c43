"""People from the directory: look, see what would be done, do it."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.directory import syncs
from accounts.directory.models import Sync
from accounts.directory.plan import Fault
from accounts.sessions import clients
from accounts.sessions.sessions import SignedInRequest
from accounts.users.permissions import right
from portal.office.admin.history import HistoryAdmin

ADDRESS, NAME, DEPARTMENT = gettext_lazy("mailbox address"), gettext_lazy("name"), gettext_lazy("department")
WHO = (ADDRESS, NAME, DEPARTMENT)
BEFORE, NOW = gettext_lazy("until now"), gettext_lazy("in the directory")
# In the order of what is worth looking at.
KINDS: dict[str, tuple[Promise, tuple[Promise, ...]]] = {
    "held": (gettext_lazy("gone, and not disabled since they are so many"), WHO),
    "leavers": (gettext_lazy("gone: disabled"), WHO),
    "renamed": (gettext_lazy("another address: rename their mailboxes on the mail server"), (ADDRESS, BEFORE, NOW)),
    "faults": (gettext_lazy("wrong in the directory"), (ADDRESS, gettext_lazy("what is wrong"))),
    "new": (gettext_lazy("new"), WHO),
    "back": (gettext_lazy("back: enabled again"), WHO),
    "moved": (gettext_lazy("another department"), (ADDRESS, BEFORE, NOW)),
    "named": (gettext_lazy("another name"), (ADDRESS, BEFORE, NOW)),
    "phones": (gettext_lazy("another phone: offered to whoever binds one"), (ADDRESS, NOW)),
    "adopted": (gettext_lazy("accounts that are linked to their entry"), WHO),
}


@admin.register(Sync)
class SyncAdmin(HistoryAdmin):
    list_display = ("made_at", "status", "made_by_whom", "synced_at")
    list_filter = ("status", "by_itself", "only_changes")
    list_select_related = ("made_by",)

    @admin.display(description=gettext_lazy("made by"), ordering="made_by")
    def made_by_whom(self, row: Sync) -> str:
        if row.only_changes:
            return _("by the clock: what has changed")
        return _("by the clock") if row.by_itself else str(row.made_by or "—")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(right("add", Sync))

    def add_view(  # type: ignore[override]
        self, request: SignedInRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method != "POST" or not settings.LDAP_URLS:
            return self._page(request, "add", has_directory=bool(settings.LDAP_URLS))
        row = syncs.look(request.user, clients.address(request))
        if row is None:
            self.message_user(request, _("People are being compared with the directory already."), messages.WARNING)
            return redirect("admin:directory_sync_changelist")
        return redirect("admin:directory_sync_change", row.pk)

    def change_view(  # type: ignore[override]
        self,
        request: SignedInRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not (self.has_add_permission(request) if request.method == "POST" else self.has_view_permission(request)):
            raise PermissionDenied
        if not object_id.isdecimal():
            raise Http404
        row = get_object_or_404(Sync, pk=object_id)
        if request.method == "POST":
            self._act(request, row)
            return redirect("admin:directory_sync_change", row.pk)
        kinds = [_kind(row.report, kind) for kind in KINDS if row.report.get(kind)]
        return self._page(request, "change", sync=row, kinds=kinds, may=self.has_add_permission(request))

    def _act(self, request: SignedInRequest, row: Sync) -> None:
        version, address = request.POST.get("version", ""), clients.address(request)
        match request.POST.get("act"):
            case "sync":
                done = syncs.apply(row, request.user, version=version, confirmed=None, address=address)
            case "sync-all":
                held = row.report.get("held", 0)
                done = syncs.apply(row, request.user, version=version, confirmed=held, address=address)
            case "drop":
                done = syncs.drop(row)
            case _:
                return
        if not done:
            self.message_user(request, _("Somebody else was faster. This is how it is now."), messages.WARNING)

    def _page(self, request: HttpRequest, name: str, **context: Any) -> TemplateResponse:
        context |= self.admin_site.each_context(request)
        context |= {"opts": self.opts, "title": _("People from the directory")}
        return TemplateResponse(request, f"office/sync/{name}.html", context)


def _kind(report: dict[str, Any], kind: str) -> dict[str, Any]:
    """Figures stay when their people are forgotten."""
    label, columns = KINDS[kind]
    lines = report.get("lines", {}).get(kind, [])
    if kind == "faults":
        lines = [[address, Fault(fault).label] for address, fault in lines]
    return {"name": kind, "label": label, "count": report[kind], "columns": columns, "lines": lines}
