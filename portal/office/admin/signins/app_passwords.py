from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.lib import ways_in
from accounts.sessions import clients
from accounts.sessions.sessions import SignedInRequest
from accounts.users import clerks
from accounts.users.permissions import right
from apppasswords import passwords
from apppasswords.models import AppPassword
from portal.office.admin.long_lists import LongHistory


class ProtocolFilter(admin.SimpleListFilter):
    title = _("protocol")
    parameter_name = "last_used_protocol"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("", _("Never used")), *((name, word) for name, word in ways_in.NAMES.items() if name != "web")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AppPassword]) -> QuerySet[AppPassword]:
        return queryset if self.value() is None else queryset.filter(last_used_protocol=self.value())


@admin.register(AppPassword)
class AppPasswordAdmin(LongHistory):
    """What there is and when it was used; the secrets are nowhere."""

    list_display = ("user", "name", "created_at", "last_used_at", "last_used_protocol", "last_used_address")
    list_filter = (ProtocolFilter, "scope", "created_at", "last_used_at")
    person = "user"
    search_fields = ("name", "last_used_address")
    list_select_related = ("user",)
    fields = (*list_display, "scope", "networks", "ends_at", "idle_days")
    actions = ("remove",)

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(right("delete", AppPassword))

    @admin.action(description=_("Remove"), permissions=["remove"])
    def remove(self, request: SignedInRequest, queryset: QuerySet[AppPassword]) -> None:
        address = clients.address(request)
        done = sum(
            passwords.remove(password.user, password.pk, actor=request.user, address=address)
            for password in queryset.filter(user__in=clerks.touchable(request.user)).select_related("user")
        )
        self.message_user(request, ngettext("%(n)s removed.", "%(n)s removed.", done) % {"n": done})
