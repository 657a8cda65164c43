"""The browsers that are trusted."""

from django.contrib import admin

from accounts.browsers.models import TrustedBrowser
from portal.office.admin.long_lists import LongHistory


@admin.register(TrustedBrowser)
class TrustedBrowserAdmin(LongHistory):
    list_display = ("user", "browser", "system", "address", "created_at", "seen_at", "expires_at")
    person = "user"
    search_fields = ("address",)
    list_select_related = ("user",)
    fields = list_display
