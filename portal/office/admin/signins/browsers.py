"""The browsers that are trusted."""

from django.contrib import admin

from accounts.browsers.models import TrustedBrowser
from portal.office.admin.history import HistoryAdmin


@admin.register(TrustedBrowser)
class TrustedBrowserAdmin(HistoryAdmin):
    list_display = ("user", "browser", "system", "address", "created_at", "seen_at", "expires_at")
    search_fields = ("user__username", "user__name", "address")
    list_select_related = ("user",)
    fields = list_display
