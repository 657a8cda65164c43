from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.bans.models import Failure
from accounts.lib import ways_in
from portal.office.admin.long_lists import LongHistory
from portal.office.admin.signins.bans import account_name, counted


class WayInFilter(admin.SimpleListFilter):
    title = _("way in")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(ways_in.NAMES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Failure]) -> QuerySet[Failure]:
        return queryset.filter(channel=self.value()) if self.value() else queryset


@admin.register(Failure)
class FailureAdmin(LongHistory):
    list_display = ("at", "network", "account_shown", "way_in", "what_followed", "cleared_at")
    list_filter = (WayInFilter, "at")
    search_fields = ("network", "account")
    search_help_text = _("Address, or account.")
    list_select_related = ("ban",)
    fields = list_display

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Failure], search_term: str
    ) -> tuple[QuerySet[Failure], bool]:
        return super().get_search_results(request, queryset, counted(search_term))

    @admin.display(description=_("account"))
    def account_shown(self, failure: Failure) -> str:
        return account_name(failure.account)

    @admin.display(description=_("way in"), ordering="channel")
    def way_in(self, failure: Failure) -> str:
        return ways_in.name(failure.channel)

    @admin.display(description=_("Ban"), ordering="ban")
    def what_followed(self, failure: Failure) -> str:
        return str(failure.ban) if failure.ban else "—"
