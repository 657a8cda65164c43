from django.contrib import admin

from accounts.admin.history import HistoryAdmin
from accounts.models import SecurityEvent


@admin.register(SecurityEvent)
class SecurityEventAdmin(HistoryAdmin):
    list_display = ("at", "kind", "username", "actor_name", "address", "detail")
    list_filter = ("kind", "at")
    search_fields = ("username", "actor_name", "address")
    date_hierarchy = "at"
    fields = list_display
