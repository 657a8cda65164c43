"""The security log: read, search, hand on."""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.lib import clock
from accounts.log import events, formats, sentences
from accounts.log.models import SecurityEvent
from accounts.sessions import clients
from accounts.sessions.sessions import SignedInRequest
from accounts.users import usernames
from accounts.users.models import User
from accounts.users.permissions import right
from portal.office.admin.long_lists import LongHistory

FORMATS: dict[str, tuple[str, Callable[[Iterator[SecurityEvent]], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", formats.table),
    "jsonl": ("application/jsonl; charset=utf-8", formats.json_lines),
}
ROWS_AT_ONCE = 2000


class NameFilter(admin.SimpleListFilter):
    """A field to type a mailbox into: there are too many people for a list of links."""

    template = "office/name_filter.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return []

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """What the form sends along: the other filters."""
        name = self.parameter_name
        yield {
            "name": name,
            "value": self.value() or "",
            "others": [(key, value) for key, values in changelist.filter_params.items() if key != name
                       for value in (values if isinstance(values, list) else [values])],
            "without": changelist.get_query_string(remove=[str(name)]),
        }  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: QuerySet[SecurityEvent]) -> QuerySet[SecurityEvent]:
        typed = (self.value() or "").replace("\0", "").strip()
        if not typed:
            return queryset
        name = usernames.canonical(typed)
        return self.of(queryset, name) if name else queryset.filter(**{f"{self.parameter_name}__icontains": typed})

    def of(self, queryset: QuerySet[SecurityEvent], name: str) -> QuerySet[SecurityEvent]:
        return queryset.filter(**{str(self.parameter_name): name})


class PersonFilter(NameFilter):
    title = _("mailbox")
    parameter_name = "username"

    def of(self, queryset: QuerySet[SecurityEvent], name: str) -> QuerySet[SecurityEvent]:
        """By the index, for who is still there."""
        user = User.objects.filter(username=name).first()
        return queryset.filter(user=user) if user else super().of(queryset, name)


class ActorFilter(NameFilter):
    title = _("done by")
    parameter_name = "actor_name"


@admin.register(SecurityEvent)
class SecurityEventAdmin(LongHistory):
    empty_value_display = ""
    list_display = ("at", "sentence", "address")
    list_filter = (PersonFilter, ActorFilter, "at", "kind")
    search_fields = ("username", "actor_name", "address")
    search_help_text = _("Mailbox, clerk, or address.")
    fields = ("at", "sentence", "kind", "username", "actor_name", "address", "detail", "position", "seal")
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SecurityEvent], search_term: str
    ) -> tuple[QuerySet[SecurityEvent], bool]:
        """By the indexes, for a whole address of who is still there."""
        user = User.objects.filter(username=usernames.canonical(search_term)).first()
        if user:
            return queryset.filter(Q(user=user) | Q(actor=user)), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description=_("what was done"))
    def sentence(self, event: SecurityEvent) -> str:
        return sentences.full(event)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm(right("export", SecurityEvent))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        may_export = {"may_export": self.has_export_permission(request)}
        return super().changelist_view(request, (extra_context or {}) | may_export)

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(require_POST(self.export))
        return [path("export/", export, name="log_securityevent_export"), *super().get_urls()]

    def export(self, request: SignedInRequest) -> HttpResponseBase:
        """What the list shows with its filters, all of its pages, oldest first."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        chosen = request.POST.get("format", "")
        if chosen not in FORMATS:
            return HttpResponseBadRequest()
        try:
            listed = self.get_changelist_instance(request).queryset.order_by("pk")
        except IncorrectLookupParameters:
            return redirect("admin:log_securityevent_changelist")
        # What was searched for may be anything that somebody typed; filters are names of ours.
        filters = {name: value for name, value in request.GET.items() if name != "q"}
        event = events.record(
            events.Kind.LOG_EXPORTED, None, actor=request.user, address=clients.address(request),
            format=chosen, rows=listed.count(), filters=filters, searched="q" in request.GET,
        )  # fmt: skip
        content_type, lines = FORMATS[chosen]
        response = StreamingHttpResponse(
            lines(listed.filter(pk__lt=event.pk).iterator(ROWS_AT_ONCE)), content_type=content_type
        )
        name = f"security-log-{clock.in_file_name(timezone.now())}.{chosen}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response
