"""Machines that send mail: made here, each with somebody who answers for it."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables

from accounts.lib import clock
from accounts.presses import once
from accounts.rollouts import selection
from accounts.sessions import clients
from accounts.sessions.sessions import SignedInRequest
from accounts.users import clerks
from accounts.users.models import User
from accounts.users.permissions import right
from apppasswords import limits, machines, passwords, secrets
from apppasswords.models import NAME_LENGTH, PURPOSE_LENGTH, Machine
from apppasswords.pages.forms import BoundsForm
from portal.office.admin.history import HistoryAdmin


class MachineForm(BoundsForm):
    name = forms.CharField(
        label=gettext_lazy("machine"),
        max_length=NAME_LENGTH,
        help_text=gettext_lazy("What and where it is, such as “Printer, library, 2nd floor”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    purpose = forms.CharField(
        label=gettext_lazy("purpose"), max_length=PURPOSE_LENGTH, widget=forms.TextInput(attrs={"size": 60})
    )
    mailbox = forms.CharField(
        label=gettext_lazy("sends as"), max_length=254, help_text=gettext_lazy("The mailbox that it signs in to.")
    )
    owner = forms.CharField(
        label=gettext_lazy("responsible"),
        max_length=254,
        help_text=gettext_lazy("Who is told of its end, and asked once a year whether it is still needed."),
    )
    networks = forms.CharField(
        label=gettext_lazy("Only from these networks"),
        max_length=limits.LONGEST_NETWORKS,
        help_text=gettext_lazy("Such as 198.51.100.0/24, several with blanks between them."),
    )
    last_day = forms.DateField(
        label=gettext_lazy("Last day"), widget=forms.DateInput(format=clock.DAY, attrs={"type": "date"})
    )
    field_order = ["name", "purpose", "mailbox", "owner", "networks", "last_day"]

    def __init__(self, *args: Any, clerk: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clerk = clerk

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if secrets.looks_like_one(name):
            raise ValidationError(_("That looks like a password. The name is shown in clear."), code="secret")
        return name

    def clean_mailbox(self) -> User:
        """One that this clerk may touch: who sends as a colleague has what the colleague has."""
        return self._person("mailbox", clerks.touchable(self.clerk))

    def clean_owner(self) -> User:
        return self._person("owner", clerks.visible(self.clerk))

    def _person(self, field: str, people: QuerySet[User]) -> User:
        reading = selection.read(self.cleaned_data[field], self.clerk)
        for complaint in reading.complaints:
            raise ValidationError(str(complaint.what), code=field)
        user = people.filter(pk__in=reading.people, is_active=True).first()
        if user is None:
            raise ValidationError(_("Not this account."), code=field)
        return user

    def plan(self) -> machines.Plan:
        asked = self.cleaned_data
        people = asked["mailbox"], asked["owner"]
        ends_at = limits.end_of(asked["last_day"])
        return machines.Plan(*people, asked["name"], asked["purpose"], asked["networks"], ends_at)


class OwnerFilter(admin.SimpleListFilter):
    title = gettext_lazy("person responsible")
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("gone", _("has left"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Machine]) -> QuerySet[Machine]:
        gone = Q(owner=None) | Q(owner__is_active=False)
        return queryset.filter(gone) if self.value() == "gone" else queryset


@admin.register(Machine)
class MachineAdmin(HistoryAdmin):
    list_display = ("machine", "mailbox", "owner", "purpose", "last_use", "last_day", "asked_at")
    list_filter = (OwnerFilter,)
    search_fields = ("password__name", "password__user__username", "owner__username", "owner__name", "purpose")
    list_select_related = ("password__user", "owner")
    fields = (*list_display, "networks")
    actions = ("remove",)

    @admin.display(description=gettext_lazy("machine"), ordering="password__name")
    def machine(self, row: Machine) -> str:
        return row.password.name

    @admin.display(description=gettext_lazy("sends as"), ordering="password__user__username")
    def mailbox(self, row: Machine) -> str:
        return row.password.user.username

    @admin.display(description=gettext_lazy("last used"), ordering="password__last_used_at")
    def last_use(self, row: Machine) -> str:
        return clock.moment(row.password.last_used_at) if row.password.last_used_at else "—"

    @admin.display(description=gettext_lazy("Last day"), ordering="password__ends_at")
    def last_day(self, row: Machine) -> str:
        return clock.day(limits.last_day(row.password.ends_at)) if row.password.ends_at else "—"

    @admin.display(description=gettext_lazy("only from these networks"))
    def networks(self, row: Machine) -> str:
        return row.password.networks

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(right("add", Machine))

    def has_remove_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(right("delete", Machine))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        once.gone_on(request)
        return super().changelist_view(request, extra_context)

    def add_view(  # type: ignore[override]
        self, request: SignedInRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = MachineForm(request.POST or None, clerk=request.user)
        if form.is_valid() and (shown := self._make(request, form.plan())):
            return shown
        return self._page(request, "add", title=_("Add a machine"), form=form)

    @sensitive_variables("secret")
    def _make(self, request: SignedInRequest, plan: machines.Plan) -> HttpResponse | None:
        made = machines.make(plan, by=request.user, address=clients.address(request))
        if isinstance(made, passwords.Refusal):
            self.message_user(request, _("This mailbox has as many app passwords as it may have."), messages.ERROR)
            return None
        machine, secret = made
        title = _("The app password of %(name)s") % {"name": machine}
        return once.show(
            self._page(
                request,
                "secret",
                title=title,
                machine=machine,
                secret=secrets.in_fours(secret),
                server=settings.MAIL_SERVERS["SMTP"],
            )
        )

    def _page(self, request: HttpRequest, name: str, **context: Any) -> TemplateResponse:
        context |= self.admin_site.each_context(request) | {"opts": self.opts}
        return TemplateResponse(request, f"office/machine/{name}.html", context)

    @admin.action(description=gettext_lazy("Remove"), permissions=["remove"])
    def remove(self, request: SignedInRequest, queryset: QuerySet[Machine]) -> None:
        """What is connected with its app password ends too."""
        address = clients.address(request)
        done = sum(
            passwords.remove(row.password.user, row.password_id, actor=request.user, address=address)
            for row in queryset.filter(password__user__in=clerks.touchable(request.user)).select_related(
                "password__user"
            )
        )
        self.message_user(request, ngettext("%(n)s removed.", "%(n)s removed.", done) % {"n": done})
