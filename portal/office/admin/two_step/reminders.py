"""The mails that reminded people of a roll-out."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.rollouts.models import ReminderMail
from portal.office.admin.history import HistoryAdmin


@admin.register(ReminderMail)
class ReminderMailAdmin(HistoryAdmin):
    empty_value_display = ""
    list_display = ("created_at", "user", "rollout", "days", "status", "error", "sent_at")
    list_filter = ("status", "created_at")
    search_fields = ("user__username", "user__name")
    list_select_related = ("user", "reminder__rollout")
    fields = ("user", "rollout", "days", "created_at", "status", "error", "tried", "sent_at")

    @admin.display(description=_("roll-out"))
    def rollout(self, mail: ReminderMail) -> str:
        return str(mail.reminder.rollout)

    @admin.display(description=_("days before"))
    def days(self, mail: ReminderMail) -> int:
        return mail.reminder.days
