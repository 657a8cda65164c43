"""Roles, which superusers edit and auditors read."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import clients, events, roles
from accounts.admin.history import ShownLookups
from accounts.models import Role
from accounts.sessions import SignedInRequest

admin.site.unregister(Group)

DEFAULTS = {"view": _("view"), "add": _("add"), "change": _("change"), "delete": _("delete")}
OTHERS = {
    "help_people": _("help people: phones, browsers, passwords"),
    "roll_out": _("switch two-step on and import people"),
    "export_people": _("export people"),
    "see_numbers": _("see whole phone numbers"),
    "lift_ban": _("lift bans"),
    "export_securityevent": _("export the security log"),
}


def label(permission: Permission) -> str:
    """Django's own names are English, and in the database."""
    if permission.codename in OTHERS:
        return str(OTHERS[permission.codename])
    model = permission.content_type.model_class()
    act = permission.codename.partition("_")[0]
    if model is None or act not in DEFAULTS:
        return permission.name
    return gettext("%(model)s: %(act)s") % {"model": model._meta.verbose_name, "act": DEFAULTS[act]}


class PermissionsField(forms.ModelMultipleChoiceField[Permission]):
    def label_from_instance(self, obj: Any) -> str:
        return label(obj)


@admin.register(Role)
class RoleAdmin(ShownLookups):
    list_display = ("__str__", "people")
    search_fields = ("name",)
    ordering = ("pk",)
    filter_horizontal = ("permissions",)

    def get_fields(self, request: HttpRequest, obj: Role | None = None) -> Any:
        return ("name", "permissions") if self.has_change_permission(request, obj) else ("name", "may")

    def get_readonly_fields(self, request: HttpRequest, obj: Role | None = None) -> Any:
        """By its name a role of ours is known, whatever the clerk's language calls it."""
        return ("name", "may") if obj and obj.name in roles.ROLES else ("may",)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Those that something asks for. What only superusers may, they do not pass on."""
        shown = {model._meta.app_label for model in self.admin_site._registry}
        reserved = [name.partition(".")[2] for name in roles.RESERVED]
        queryset = Permission.objects.filter(content_type__app_label__in=shown).exclude(codename__in=reserved)
        kwargs |= {"queryset": queryset.select_related("content_type"), "form_class": PermissionsField}
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
