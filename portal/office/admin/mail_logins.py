from typing import Any

from django.contrib import admin
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse

from accounts.maillogins.models import MailLogin
from portal.office.admin.history import HistoryAdmin


@admin.register(MailLogin)
class MailLoginAdmin(HistoryAdmin):
    """A row is a person's day; how many logins and people the list comes to stands above it."""

    list_display = ("day", "user", "protocol", "method", "count", "last_at", "address")
    list_filter = ("method", "protocol", "day")
    search_fields = ("user__username", "user__name", "address")
    list_select_related = ("user",)
    date_hierarchy = "day"
    fields = list_display
    change_list_template = "office/mail_logins.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        if "cl" in context:
            listed = context["cl"].queryset.order_by()
            context |= listed.aggregate(logins=Sum("count", default=0), people=Count("user", distinct=True))
        return response
