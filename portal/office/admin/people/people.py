"""People: find, edit, switch two-step on, help."""

from itertools import chain
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.lib import clock, invisible, series
from accounts.lib.seen import Seen
from accounts.log import events
from accounts.phones import phones
from accounts.phones.models import Phone
from accounts.sessions import clients, endings
from accounts.sessions.endings import Occasion
from accounts.sessions.sessions import SignedInRequest
from accounts.users import administrators, clerks
from accounts.users.fields import FIELDS, may_change
from accounts.users.models import User
from accounts.users.permissions import right
from portal.office import searches
from portal.office.admin.guards import KeepsAdministrators
from portal.office.admin.history import ShownLookups
from portal.office.admin.long_lists import BoundedPeople, Long
from portal.office.admin.people.edits import AccountForm
from portal.office.admin.people.filters import ClosureFilter, DepartmentFilter, TwoStepFilter, WayFilter, clerk
from portal.office.admin.people.imports import RosterPages
from portal.office.admin.people.slips import SlipPages
from portal.office.admin.two_step.two_step import TwoStepPages
from portal.office.desk import acts
from portal.office.models import Role

# What an edit of these decides is in the security log: who may do what, and with which proof.
LOGGED = frozenset({"name", "department", *FIELDS})


def _in_words(value: Any) -> str:
    return "、".join(str(row) for row in value) if isinstance(value, QuerySet) else str(value)


def _touchable(request: SignedInRequest, people: QuerySet[User]) -> QuerySet[User]:
    return people.filter(pk__in=clerks.touchable(request.user).values("pk"))


class PersonForm(Seen, forms.ModelForm[User]):
    """Without a password: the directory has it, or the desk makes one to start with."""

    class Meta:
        model = User
        fields = ("username", "name", "department", "last_day")

    def save(self, commit: bool = True) -> User:
        self.instance.set_unusable_password()
        user: User = super().save(commit)
        return user


@admin.register(User)
class UserAdmin(Long, ShownLookups, KeepsAdministrators, TwoStepPages, SlipPages, RosterPages, DjangoUserAdmin[User]):
    form = AccountForm
    add_form = PersonForm
    list_display = (
        "person", "name", "department", "two_step", "phone_number", "last_login", "state", "edit"
    )  # fmt: skip
    list_display_links = ("edit",)
    list_filter = (
        TwoStepFilter, WayFilter, DepartmentFilter, "is_active", ClosureFilter, "is_shared", "is_staff",
        "must_change_password",
    )  # fmt: skip
    search_fields = ("username", "name", "department")
    search_help_text = _("Address, name, department, or the last four digits of the phone.")
    ordering = ("username",)
    paginator = BoundedPeople
    list_select_related = ("phone",)
    actions = ("switch_two_step_on", "slips_of", "unbind_phone", "forget_browsers")
    fieldsets = (
        (None, {"fields": ("username", "name", "department", "language")}),
        (_("Two-step"), {"fields": ("two_step_from", "phone_number", "wrong_codes", "codes_paused_until")}),
        (
            _("Access"),
            {"fields": ("is_active", "last_day", "must_change_password", "is_staff", "is_superuser", "groups")},
        ),
        (_("History"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("username", "name", "department", "last_day")}),)
    readonly_fields = (
        "two_step_from",
        "phone_number",
        "role_names",
        "wrong_codes",
        "codes_paused_until",
        "last_login",
        "date_joined",
    )
    filter_horizontal = ()

    @admin.display(description=_("mailbox address"), ordering="username")
    def person(self, user: User) -> str:
        """To everything about this person. Editing the account is the lesser errand."""
        return format_html('<a href="{}">{}</a>', reverse("admin:desk", args=[user.pk]), user.username)

    @admin.display(description=_("Edit"))
    def edit(self, user: User) -> str:
        return gettext("Edit")

    @admin.display(description=_("two-step"), ordering="two_step_from")
    def two_step(self, user: User) -> str:
        if user.two_step_from is None:
            return "—"
        start = {"day": clock.day(user.two_step_from)}
        return gettext("on") if user.two_step_is_on() else gettext("from %(day)s") % start

    @admin.display(description=_("state"), ordering="is_active")
    def state(self, user: User) -> str:
        return "" if user.is_active else gettext("disabled")

    @admin.display(description=_("phone"))
    def phone_number(self, user: User) -> str:
        phone = getattr(user, "phone", None)
        return phone.masked if phone else "—"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Four digits are the end of a phone number. A whole number would stand in the page's address: not searched."""
        return searches.find(queryset, search_term), False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """A whole number that was typed here is searched by its end, and leaves the page's address."""
        if digits := searches.last_digits(invisible.dropped(request.GET.get("q", ""))):
            text = gettext("Phones are found by their last four digits: %(digits)s.") % {"digits": digits}
            messages.info(request, text)
            return redirect(f"{request.path}?{urlencode({'q': digits})}")
        return super().changelist_view(request, extra_context)

    def user_change_password(  # type: ignore[override]
        self,
        request: SignedInRequest,
        id: str,  # noqa: A002 (Django calls it so)
        form_url: str = "",
    ) -> HttpResponse:
        """Django's page would set a password for good that the clerk knows. The desk makes one that is shown once, with
        a reason, and that its owner changes."""
        user = get_object_or_404(User, pk=id) if id.isdecimal() else None
        if user is None or not (self.has_help_permission(request) and clerks.may_touch(request.user, user)):
            raise PermissionDenied
        return redirect("admin:desk", user.pk)

    def has_help_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(right("help_people", User))

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Who gives no roles reads their names."""
        fieldsets: Any = super().get_fieldsets(request, obj)
        if obj is None:
            return fieldsets
        instead = {"groups": ("groups",) if request.user.is_superuser else ("role_names",)}
        return [
            (title, {**options, "fields": tuple(chain(*(instead.get(name, (name,)) for name in options["fields"])))})
            for title, options in fieldsets
        ]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "language":
            return forms.ChoiceField(
                label=db_field.verbose_name, choices=settings.LANGUAGES, help_text=db_field.help_text
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        text = gettext("%(name)s is added. There is no password yet: set a starting one here.") % {"name": obj.username}
        self.message_user(request, text, messages.SUCCESS)
        return redirect("admin:desk", obj.pk)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Rights are given by those who have all of them, or a clerk could give himself more."""
        fields = (*super().get_readonly_fields(request, obj), *(("username",) if obj else ()))
        return (*fields, *(name for name in FIELDS if not may_change(clerk(request), name)))

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            # Each tells its name in the clerk's language.
            kwargs |= {"queryset": Role.objects.order_by("pk"), "widget": forms.CheckboxSelectMultiple}
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    @admin.display(description=_("roles"))
    def role_names(self, user: User) -> str:
        return series.join(Role.objects.filter(user=user)) or "—"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = super().get_queryset(request)
        return people & clerks.visible(clerk(request))

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may = super().has_change_permission(request, obj)
        return may and (obj is None or clerks.may_edit(clerk(request), obj))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and (obj is None or clerks.may_edit(clerk(request), obj))

    def save_model(  # type: ignore[override]
        self, request: SignedInRequest, obj: User, form: Any, change: bool
    ) -> None:
        if change:  # only what this clerk changed: counters and sign-ins go on while the form is open
            columns = {field.name for field in obj._meta.concrete_fields}
            with administrators.kept(request.user):
                obj.save(update_fields=columns.intersection(form.changed_data))
        else:
            super().save_model(request, obj, form, change)
        address = clients.address(request)
        if edited := sorted(LOGGED.intersection(form.changed_data)):
            values = {name: _in_words(form.cleaned_data[name]) for name in edited if name in form.cleaned_data}
            events.record(events.Kind.ACCOUNT_EDITED, obj, actor=request.user, address=address, **values)
        if not obj.is_active:
            endings.end(Occasion.DISABLED, obj, actor=request.user, address=address)

    @admin.action(description=_("Unbind the phone"), permissions=["help"])
    def unbind_phone(self, request: SignedInRequest, queryset: QuerySet[User]) -> None:
        address = clients.address(request)
        bound = Phone.objects.filter(user__in=_touchable(request, queryset)).select_related("user")
        done = sum(phones.unbind(phone, actor=request.user, address=address) for phone in bound)
        text = ngettext("%(n)s phone unbound.", "%(n)s phones unbound.", done)
        self.message_user(request, text % {"n": done}, messages.SUCCESS)

    @admin.action(description=_("Forget the trusted browsers"), permissions=["help"])
    def forget_browsers(self, request: SignedInRequest, queryset: QuerySet[User]) -> None:
        by = acts.By(request.user, clients.address(request))
        done = sum(acts.forget_browsers(user, by) for user in _touchable(request, queryset))
        text = ngettext(
            "Trusted browsers of %(n)s person forgotten.", "Trusted browsers of %(n)s people forgotten.", done
        )
        self.message_user(request, text % {"n": done}, messages.SUCCESS)
