from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.lib import ways_in
from accounts.maillogins.models import MailLogin
from portal.office.admin.long_lists import LongHistory


class ProtocolFilter(admin.SimpleListFilter):
    title = _("protocol")
    parameter_name = "protocol__exact"  # as the dashboard's figures lead here

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(protocol, name) for protocol, name in ways_in.NAMES.items() if protocol != "web"]

    def queryset(self, request: HttpRequest, queryset: QuerySet[MailLogin]) -> QuerySet[MailLogin]:
        return queryset.filter(protocol=self.value()) if self.value() else queryset


@admin.register(MailLogin)
class MailLoginAdmin(LongHistory):
    """A row is a person's day; how many logins and people the list comes to stands above it, if it is not too
    long to count them."""

    list_display = ("day", "user", "protocol_name", "method", "count", "last_at", "address")
    list_filter = ("method", ProtocolFilter, "day")
    person = "user"
    search_fields = ("address",)
    list_select_related = ("user",)
    fields = list_display
    change_list_template = "office/mail_logins.html"

    @admin.display(description=_("protocol"), ordering="protocol")
    def protocol_name(self, row: MailLogin) -> str:
        return ways_in.name(row.protocol)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context and not context["cl"].more_than:
            listed = context["cl"].queryset.order_by()
            context |= listed.aggregate(logins=Sum("count", default=0), people=Count("user", distinct=True))
        return response
