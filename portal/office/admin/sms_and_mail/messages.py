"""What was sent, and what became of it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.delivery import explanations, gateways
from accounts.delivery.models import Attempt, Mail, Sms
from accounts.lib import clock, numbers
from portal.office.admin.long_lists import LongHistory


class GatewayFilter(admin.SimpleListFilter):
    """Those of the settings: all rows would have to be read to find others."""

    title = _("gateway")
    parameter_name = "gateway__exact"  # as the dashboard's figures lead here

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", gettext("(never handed over)")), *((name, name) for name in gateways.configured())]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Sms]) -> QuerySet[Sms]:
        return queryset if self.value() is None else queryset.filter(gateway=self.value())


@admin.register(Sms)
class SmsAdmin(LongHistory):
    empty_value_display = ""
    list_display = ("created_at", "user", "masked_number", "purpose", "status", "error", "sent_at", "delivered_at")
    list_filter = ("status", "purpose", GatewayFilter, "created_at")
    person = "user"
    search_fields = ("gateway_id__exact",)
    list_select_related = ("user",)
    fields = (
        "user", "masked_number", "purpose", "language", "created_at", "expires_at", "status", "error", "story", "tried",
        "claimed_at", "sent_at", "delivered_at", "rerouted_at", "gateway", "gateway_id", "tries", "used_at",
        "voided_at", "address", "request",
    )  # fmt: skip

    @admin.display(description=_("number"))
    def masked_number(self, sms: Sms) -> str:
        return numbers.masked(sms.number)

    @admin.display(description=_("attempts"))
    def story(self, sms: Sms) -> str:
        """Each gateway that was asked, and what it said."""
        told = ((clock.moment(one.started_at, seconds=True), one.gateway, _said(one)) for one in sms.attempts.all())
        return format_html_join(mark_safe("<br>"), "{} <b>{}</b>: {}", told) or "—"


def _said(attempt: Attempt) -> str:
    took = f"{(attempt.ended_at - attempt.started_at).total_seconds():.1f} s" if attempt.ended_at else ""
    why = " ".join(filter(None, [attempt.error, explanations.of(attempt.error)]))
    return " · ".join(filter(None, [attempt.get_outcome_display(), took, why, attempt.gateway_id]))


@admin.register(Mail)
class MailAdmin(LongHistory):
    empty_value_display = ""
    list_display = ("created_at", "user", "about", "status", "error", "sent_at")
    list_filter = ("status", "created_at")
    person = "user"
    search_fields = ("user__username__exact",)  # whoever is not found by it has no mail
    list_select_related = ("user", "event")
    fields = ("user", "about", "created_at", "status", "error", "tried", "sent_at", "request")

    @admin.display(description=_("about"))
    def about(self, mail: Mail) -> str:
        return str(mail.event)
