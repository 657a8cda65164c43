"""Roles, which superusers edit and auditors read."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.log import events
from accounts.sessions import clients
from accounts.sessions.sessions import SignedInRequest
from portal.office import roles
from portal.office.admin.history import ShownLookups
from portal.office.models import Role

admin.site.unregister(Group)

DEFAULTS = {"view": _("view"), "add": _("add"), "change": _("change"), "delete": _("delete")}


def label(permission: Permission) -> str:
    """Names are English in the database. Ours are translated; Django's are not."""
    model = permission.content_type.model_class()
    act = permission.codename.partition("_")[0]
    if model is None or act not in DEFAULTS:
        return gettext(permission.name)
    return gettext("%(model)s: %(act)s") % {"model": model._meta.verbose_name, "act": DEFAULTS[act]}


class PermissionsField(forms.ModelMultipleChoiceField[Permission]):
    def label_from_instance(self, obj: Any) -> str:
        return label(obj)


@admin.register(Role)
class RoleAdmin(ShownLookups):
    list_display = ("__str__", "people")
    search_fields = ("name",)
    ordering = ("pk",)
    readonly_fields = ("may",)

    def get_fields(self, request: HttpRequest, obj: Role | None = None) -> Any:
        """By its name in the database a role of ours is known: it is not edited, and nothing to read either."""
        if not self.has_change_permission(request, obj):
            return ("may",)
        return ("permissions",) if obj and obj.name in roles.ROLES else ("name", "permissions")

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "name":
            kwargs["label"] = _("role")  # not the name of somebody
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Those that something asks for, and what a group has besides. What superusers keep is not there."""
        named = [name.partition(".")[2] for name in roles.PERMISSIONS]
        queryset = Permission.objects.filter(Q(codename__in=named) | ~Q(group=None)).distinct()
        kwargs |= {
            "queryset": queryset.select_related("content_type"),
            "form_class": PermissionsField,
            "widget": forms.CheckboxSelectMultiple,
        }
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @admin.display(description=_("people"))
    def people(self, role: Role) -> int:
        return role.user_set.count()

    @admin.display(description=_("may"))
    def may(self, role: Role) -> SafeString:
        permissions = role.permissions.select_related("content_type")
        return format_html_join("", "<div>{}</div>", ((label(permission),) for permission in permissions))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Role | None = None) -> bool:
        """Whoever could edit the role that he has would have all rights, so the permission alone is not enough."""
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Role | None = None) -> bool:
        return bool(request.user.is_superuser)

    def save_related(  # type: ignore[override]
        self, request: SignedInRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        before = set(_names(form.instance))
        super().save_related(request, form, formsets, change)
        after = set(_names(form.instance))
        given, taken = sorted(after - before), sorted(before - after)
        _record(request, form.instance, "edited" if change else "added", given=given, taken=taken)

    def delete_model(self, request: SignedInRequest, obj: Role) -> None:  # type: ignore[override]
        _record(request, obj, "removed", taken=sorted(_names(obj)))
        super().delete_model(request, obj)

    def delete_queryset(self, request: SignedInRequest, queryset: Any) -> None:  # type: ignore[override]
        for role in queryset:
            self.delete_model(request, role)


def _names(role: Role) -> list[str]:
    rows = role.permissions.select_related("content_type")
    return [f"{row.content_type.app_label}.{row.codename}" for row in rows]


def _record(request: SignedInRequest, role: Role, act: str, **detail: list[str]) -> None:
    said = {name: rights for name, rights in detail.items() if rights}
    address = clients.address(request)
    events.record(events.Kind.ROLE_EDITED, None, actor=request.user, address=address, act=act, role=role.name, **said)
