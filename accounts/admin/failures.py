from django.contrib import admin

from accounts.admin.history import HistoryAdmin
from accounts.models import Failure


@admin.register(Failure)
class FailureAdmin(HistoryAdmin):
    list_display = ("at", "network", "account", "channel", "ban", "cleared_at")
    list_filter = ("channel", "at")
    search_fields = ("network", "account")
    date_hierarchy = "at"
    list_select_related = ("ban",)
    fields = list_display
