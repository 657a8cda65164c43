from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import bans
from accounts.admin.history import HistoryAdmin
from accounts.models import Ban, Failure
from accounts.sessions import SignedInRequest


class FailureInline(admin.TabularInline[Failure, Ban]):
    model = Failure
    fields = ("at", "account", "channel")
    readonly_fields = fields
    can_delete = False
    extra = 0
    max_num = 0


class InForceFilter(admin.SimpleListFilter):
    title = _("in force")
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("now")), ("no", _("over or lifted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ban]) -> QuerySet[Ban]:
        in_force = Q(until__gt=timezone.now(), lifted_at=None)
        match self.value():
            case "yes":
                return queryset.filter(in_force)
            case "no":
                return queryset.exclude(in_force)
        return queryset


@admin.register(Ban)
class BanAdmin(HistoryAdmin):
    list_display = ("network", "account", "started_at", "until", "accounts_tried", "passwords_tried",
                    "failures_counted", "lifted_at", "lifted_by")  # fmt: skip
    list_filter = (InForceFilter, "started_at")
    search_fields = ("network", "account", "failures__account")
    list_select_related = ("lifted_by",)
    inlines = (FailureInline,)
    actions = ("lift",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ban]:
        bans: QuerySet[Ban] = super().get_queryset(request)
        return bans.annotate(
            failure_count=Count("failures"),
            account_count=Count("failures__account", distinct=True),
            password_count=Count("failures__password_digest", distinct=True),
        )  # fmt: skip

    @admin.display(description=_("wrong passwords"))
    def failures_counted(self, ban: Any) -> int:
        return int(ban.failure_count)

    @admin.display(description=_("accounts"))
    def accounts_tried(self, ban: Any) -> int:
        return int(ban.account_count)

    @admin.display(description=_("different passwords"))
    def passwords_tried(self, ban: Any) -> int:
        return int(ban.password_count)

    def has_lift_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.lift_ban")

    @admin.action(description=_("Lift"), permissions=["lift"])
    def lift(self, request: SignedInRequest, queryset: QuerySet[Ban]) -> None:
        done = sum(bool(bans.lift(ban, request.user)) for ban in queryset)
        self.message_user(request, ngettext("%(n)s ban lifted.", "%(n)s bans lifted.", done) % {"n": done})
