"""The administration must stay open to somebody."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

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
        try:
            return super().delete_view(request, object_id, extra_context)
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
        """The page that asks says so already."""
        deleted, counts, lacking, protected = super().get_deleted_objects(objs, request)
        people: Iterable[User] = list(objs)
        if not administrators.would_remain(people):
            protected = [*protected, str(administrators.NoneLeft.reason)]
        if request.user in people:
            protected = [*protected, str(administrators.Yourself.reason)]
        return deleted, counts, lacking, protected
