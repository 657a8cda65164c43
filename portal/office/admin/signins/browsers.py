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
    ordering = ("-pk",)  # by when they were last seen a person's own are few; all of them have no index for it
    fields = list_display
