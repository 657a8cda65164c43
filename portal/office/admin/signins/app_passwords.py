from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.sessions import clients
from accounts.sessions.sessions import SignedInRequest
from accounts.users import clerks
from accounts.users.permissions import right
from apppasswords import passwords
from apppasswords.models import AppPassword
from portal.office.admin.history import HistoryAdmin


class ProtocolFilter(admin.AllValuesFieldListFilter):
    """The protocols that there are, and those of no use yet by a name."""

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield choice | {"display": choice["display"] or _("Never used")}


@admin.register(AppPassword)
class AppPasswordAdmin(HistoryAdmin):
    """What there is and when it was used; the secrets are nowhere."""

    list_display = ("user", "name", "created_at", "last_used_at", "last_used_protocol", "last_used_address")
    list_filter = (("last_used_protocol", ProtocolFilter), "scope", "created_at", "last_used_at")
    search_fields = ("user__username", "user__name", "name", "last_used_address")
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
