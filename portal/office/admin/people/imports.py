"""People from a file, and into one."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.imports import imports
from accounts.imports.columns import COLUMNS, ONLY_EXPORTED
from accounts.imports.models import Roster
from accounts.lib import clock
from accounts.lib.seen import Seen
from accounts.sessions import clients
from accounts.sessions.sessions import SignedInRequest
from accounts.spreadsheets import encodings, spreadsheets
from accounts.spreadsheets.rows import letter
from accounts.users.models import User
from accounts.users.permissions import right
from portal.office.admin.history import HistoryAdmin


class FileForm(Seen, forms.Form):
    file = forms.FileField(
        label=gettext_lazy("file"),
        max_length=200,
        allow_empty_file=True,
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.IMPORT_SIZE_LIMIT:
            most = settings.IMPORT_SIZE_LIMIT // 1024 // 1024
            raise ValidationError(_("The file is larger than %(most)s MB.") % {"most": most}, code="size")
        return file


class FormatForm(Seen, forms.Form):
    format = forms.ChoiceField(
        label=gettext_lazy("format"),
        choices=[("xlsx", "XLSX"), ("csv", "CSV (UTF-8)")],
        initial="xlsx",
        widget=forms.RadioSelect,
    )


@admin.register(Roster)
class RosterAdmin(HistoryAdmin):
    list_display = ("name", "status", "total", "made_by", "made_at", "imported_at")
    list_filter = ("status",)
    list_select_related = ("made_by",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(right("roll_out", User))

    def has_view_permission(self, request: HttpRequest, obj: Roster | None = None) -> bool:
        return request.user.has_perm(right("roll_out", User)) or request.user.has_perm(right("view", Roster))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Roster]:
        files: QuerySet[Roster] = super().get_queryset(request)
        return files.defer("content", "wrong")

    def get_urls(self) -> list[URLPattern]:
        view: Callable[..., Any] = self.admin_site.admin_view(self.wrong_rows)
        return [path("<path:object_id>/wrong/", view, name="imports_roster_wrong"), *super().get_urls()]

    def _row(self, request: SignedInRequest, object_id: str) -> Roster:
        """Who handed a file in sees what is in it, and nobody else: not even an administrator needs to."""
        if not object_id.isdecimal():
            raise Http404
        row = get_object_or_404(self.get_queryset(request).select_related("made_by"), pk=object_id)
        if row.made_by is not None and row.made_by != request.user:
            raise PermissionDenied
        return row

    def wrong_rows(self, request: SignedInRequest, object_id: str) -> HttpResponse:
        row = self._row(request, object_id)
        if row.made_by is None or not self.has_add_permission(request):
            raise PermissionDenied
        if not row.wrong:
            raise Http404
        response = HttpResponse(bytes(row.wrong), content_type=spreadsheets.CONTENT_TYPES["xlsx"])
        response.headers["Content-Disposition"] = f'attachment; filename="wrong-rows-{row.pk}.xlsx"'
        return response

    def _page(self, request: HttpRequest, name: str, **context: Any) -> TemplateResponse:
        context |= self.admin_site.each_context(request) | {"opts": self.opts, "title": context["title"]}
        return TemplateResponse(request, f"office/import/{name}.html", context)

    def add_view(  # type: ignore[override]
        self, request: SignedInRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = FileForm(request.POST or None, request.FILES or None)
        if form.is_valid():
            file = form.cleaned_data["file"]
            row = imports.take(
                file.name, file.read(), request.user, language=get_language() or "", address=clients.address(request)
            )
            return redirect("admin:imports_roster_change", row.pk)
        columns = [
            (str(label), name, _explained()[name]) for name, label in COLUMNS.items() if name not in ONLY_EXPORTED
        ]
        return self._page(request, "add", title=_("Import people"), form=form, columns=columns)

    def change_view(  # type: ignore[override]
        self,
        request: SignedInRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not (self.has_add_permission(request) if request.method == "POST" else self.has_view_permission(request)):
            raise PermissionDenied
        row = self._row(request, object_id)
        if request.method == "POST":
            if row.made_by is None:
                raise PermissionDenied
            self._act(request, row)
            return redirect("admin:imports_roster_change", row.pk)
        return self._page(
            request,
            "change",
            title=_("Import people"),
            roster=row,
            report=row.report if row.made_by else {},
            may=self.has_add_permission(request) and row.made_by is not None,
            reading=_reading(row.reading),
            may_read_again=Roster.objects.filter(pk=row.pk, content__isnull=False).exists(),
            has_wrong_rows=Roster.objects.filter(pk=row.pk, wrong__isnull=False).exists(),
            labels=[
                COLUMNS[name] for name in ("name", "department", "language", "active", "last_day", "two_step_from")
            ],
        )

    def _act(self, request: SignedInRequest, row: Roster) -> None:
        act = request.POST.get("act")
        version = request.POST.get("version", "")
        if act == "import":
            done = imports.apply(row, request.user, version=version, address=clients.address(request))
        elif act == "read":
            choice = _choice(request.POST, row.reading) if row.reading else row.choice
            done = imports.read_again(row, request.user, choice)
        elif act == "drop":
            done = imports.drop(row, request.user)
        else:
            return
        if not done:
            self.message_user(request, _("Somebody else was faster. This is how it is now."), messages.WARNING)


def _reading(reading: dict[str, Any] | None) -> dict[str, Any] | None:
    """How the file was read, and what can be chosen instead."""
    if reading is None:
        return None
    columns = [
        {"letter": letter(at), "header": header, "name": name}
        for at, (header, name) in enumerate(zip(reading["headers"], reading["columns"], strict=True))
    ]
    known = [(name, label) for name, label in COLUMNS.items() if name not in ONLY_EXPORTED]
    named = {"encoding_name": encodings.NAMES.get(reading["encoding"], ""), "top": reading["top"][: reading["shown"]]}
    lines = [line for line, _cells in reading["top"]]
    return reading | named | {"fields": columns, "known": known, "encodings": encodings.NAMES.items(), "lines": lines}


def _choice(data: QueryDict, reading: dict[str, Any]) -> dict[str, Any]:
    """What was chosen, of what there is. Columns belong to the row of headings that was shown."""
    choice: dict[str, Any] = {}
    if data.get("encoding") in encodings.NAMES:
        choice["encoding"] = data["encoding"]
    if data.get("sheet") in reading["sheets"]:
        choice["sheet"] = data["sheet"]
    heading = data.get("heading") or ""
    if heading.isdecimal():
        choice["heading"] = int(heading[:7])
    if "column_0" in data and all(choice[name] == reading[name] for name in choice):
        columns = [data.get(f"column_{at}", "") for at in range(len(reading["headers"]))]
        if columns != reading["columns"]:
            choice["columns"] = columns
    return choice


def _explained() -> dict[str, str]:
    return {
        "address": _("Required. The whole address, or the part before @."),
        "name": "",
        "department": "",
        "language": _("zh-hans or en"),
        "two_step_from": _("A day such as 2030-09-01. An earlier one stays; a file never switches two-step off."),
        "active": _("yes or no"),
        "last_day": _("A day such as 2030-09-01, on which the account is still open. Its owner is told before."),
    }


class RosterPages(admin.ModelAdmin[User]):
    """Export, from the list of people as it is filtered."""

    change_list_template = "office/import/people.html"

    def get_urls(self) -> list[URLPattern]:
        view: Callable[..., Any] = self.admin_site.admin_view(self.export)
        return [path("export/", view, name="accounts_user_export"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        rights = {
            "may_import": request.user.has_perm(right("roll_out", User)),
            "may_export": request.user.has_perm(right("export_people", User)),
        }
        return super().changelist_view(request, (extra_context or {}) | rights)

    def export(self, request: SignedInRequest) -> HttpResponse:
        if not (request.user.has_perm(right("export_people", User)) and self.has_view_permission(request)):
            raise PermissionDenied
        people = self._filtered(request)
        form = FormatForm(request.POST or None)
        if form.is_valid():
            kind = form.cleaned_data["format"]
            data = imports.export(people, kind, request.user, clients.address(request))
            response = HttpResponse(data, content_type=spreadsheets.CONTENT_TYPES[kind])
            name = f"people-{clock.in_file_name(timezone.now())}.{kind}"
            response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
            return response
        context = self.admin_site.each_context(request) | {
            "title": _("Export people"),
            "form": form,
            "people_count": people.count(),
            "columns": list(COLUMNS.values()),
            "query": request.GET.urlencode(),
            "opts": self.opts,
        }
        return TemplateResponse(request, "office/import/export.html", context)

    def _filtered(self, request: HttpRequest) -> QuerySet[User]:
        """As the list of people shows them with the same query."""
        changes: ChangeList = self.get_changelist_instance(request)
        people: QuerySet[User] = changes.get_queryset(request)
        return people.order_by("username")
