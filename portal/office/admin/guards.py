"""The administration must stay open to somebody."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from accounts.sessions import clients
from accounts.users import administrators
from accounts.users.models import User
from portal.office import erasure


class KeepsAdministrators(admin.ModelAdmin[User]):
    """What would lock out the clerk himself or the last administrator is undone, and the clerk is told why."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except administrators.LockedOut as locked_out:
            return self._told(request, locked_out)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        shown = {"title": gettext("Delete an account")}
        try:
            return super().delete_view(request, object_id, shown | (extra_context or {}))
        except administrators.LockedOut as locked_out:
            return self._told(request, locked_out)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        try:
            return super().changelist_view(request, extra_context)
        except administrators.LockedOut as locked_out:
            return self._told(request, locked_out)

    def _told(self, request: HttpRequest, locked_out: administrators.LockedOut) -> HttpResponse:
        self.message_user(request, str(locked_out.reason), messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: Any, obj: User, form: Any, change: bool) -> None:
        with administrators.kept(request.user):
            super().save_model(request, obj, form, change)

    def delete_model(self, request: Any, obj: User) -> None:
        with administrators.kept(request.user):
            erasure.erase(obj, actor=request.user, address=clients.address(request))

    def delete_queryset(self, request: Any, queryset: QuerySet[User]) -> None:
        with administrators.kept(request.user):
            for user in queryset:
                erasure.erase(user, actor=request.user, address=clients.address(request))

    def get_deleted_objects(self, objs: Any, request: Any) -> Any:
        """Whom the page that asks is about. What hangs on an account goes with it, and the page says what that is:
        Django would read every row of it, call it by the names of tables, and ask for a right to each."""
        people: list[User] = list(objs)
        protected = []
        if not administrators.would_remain(people):
            protected.append(str(administrators.NoneLeft.reason))
        if request.user in people:
            protected.append(str(administrators.Yourself.reason))
        lacking = (
            set() if all(self.has_delete_permission(request, user) for user in people) else {self.opts.verbose_name}
        )
        return [_called(user) for user in people], {}, lacking, protected


def _called(user: User) -> str:
    return " · ".join(filter(None, (user.username, user.name, user.department)))
