"""Two-step off for one person: for a while, or until it is switched on again."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lib import clock
from accounts.lib.seen import Seen
from accounts.rollouts import exemptions, selection
from accounts.rollouts.models import Exemption
from accounts.sessions import clients
from accounts.sessions.sessions import SignedInRequest
from accounts.users import administrators, clerks
from accounts.users.models import User
from accounts.users.permissions import right
from portal.office.admin.history import HistoryAdmin

LONGEST = timedelta(days=365)


class ReasonForm(Seen, forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("reason"),
        max_length=200,
        help_text=gettext_lazy("Kept in the security log, and in the mail to the owner."),
        widget=forms.TextInput(attrs={"size": 60}),
    )


class ExemptionForm(ReasonForm):
    until = forms.DateField(
        label=gettext_lazy("off until"),
        help_text=gettext_lazy("On this day two-step comes on by itself."),
        widget=forms.DateInput(format=clock.DAY, attrs={"type": "date"}),
    )
    field_order = ["until", "reason"]

    def clean_until(self) -> datetime:
        day = self.cleaned_data["until"]
        if not timezone.localdate() < day <= timezone.localdate() + LONGEST:
            raise ValidationError(_("From tomorrow on, and within a year."), code="until")
        return clock.midnight(day)


class MailboxForm(ExemptionForm):
    mailbox = forms.CharField(label=gettext_lazy("mailbox address"), max_length=254)
    field_order = ["mailbox", "until", "reason"]

    def __init__(self, *args: Any, clerk: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clerk = clerk

    def clean_mailbox(self) -> User:
        """One that this clerk may touch."""
        reading = selection.read(self.cleaned_data["mailbox"], self.clerk)
        for complaint in reading.complaints:
            raise ValidationError(str(complaint.what), code="mailbox")
        user = clerks.touchable(self.clerk).filter(pk__in=reading.people).first()
        if user is None:
            raise ValidationError(_("Not for yourself: ask a colleague."), code="yourself")
        return user


class InForceFilter(admin.SimpleListFilter):
    title = gettext_lazy("validity")
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("in force now")), ("no", _("over or ended"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        match self.value():
            case "yes":
                return queryset.filter(ended_at=None, until__gt=now)
            case "no":
                return queryset.exclude(ended_at=None, until__gt=now)
        return queryset


@admin.register(Exemption)
class ExemptionAdmin(HistoryAdmin):
    list_display = ("user", "until", "reason", "made_by", "made_at", "otherwise", "ended_at", "ended_by")
    list_filter = (InForceFilter,)
    search_fields = ("user__username", "user__name", "reason")
    list_select_related = ("user", "made_by", "ended_by")
    fields = list_display
    change_form_template = "office/exemption/change.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(right("roll_out", User))

    def has_view_permission(self, request: HttpRequest, obj: Exemption | None = None) -> bool:
        return request.user.has_perm(right("roll_out", User)) or request.user.has_perm(right("view", Exemption))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def add_view(  # type: ignore[override]
        self, request: SignedInRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = MailboxForm(request.POST or None, clerk=request.user)
        if form.is_valid():
            user = form.cleaned_data["mailbox"]
            if make(self, request, user, form.cleaned_data):
                return redirect("admin:rollouts_exemption_changelist")
        context = {"title": _("Add an exemption from two-step"), "form": form, "opts": self.opts}
        return TemplateResponse(request, "office/exemption/add.html", self.admin_site.each_context(request) | context)

    def change_view(  # type: ignore[override]
        self,
        request: SignedInRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Read, and end it before its day."""
        if request.method == "POST":
            if not self.has_add_permission(request):
                raise PermissionDenied
            if not object_id.isdecimal():
                raise Http404
            row = get_object_or_404(Exemption.objects.filter(user__in=clerks.touchable(request.user)), pk=object_id)
            done = exemptions.end(row, actor=request.user, address=clients.address(request))
            text = _("The exemption has ended.") if done else _("It was over already.")
            self.message_user(request, text, messages.SUCCESS if done else messages.WARNING)
            return redirect("admin:rollouts_exemption_changelist")
        in_force = Exemption.in_force(pk=object_id).first() if object_id.isdecimal() else None
        return super().change_view(request, object_id, form_url, (extra_context or {}) | {"in_force": in_force})


def make(model_admin: Any, request: SignedInRequest, user: User, asked: dict[str, Any]) -> bool:
    address = clients.address(request)
    try:
        exemptions.make(user, asked["until"], asked["reason"], actor=request.user, address=address)
    except administrators.LockedOut as locked_out:
        model_admin.message_user(request, str(locked_out.reason), messages.ERROR)
        return False
    text = _("Two-step of %(user)s is off until %(day)s.") % {
        "user": user, "day": clock.day(asked["until"])
    }  # fmt: skip
    model_admin.message_user(request, text, messages.SUCCESS)
    return True


def switch_off(model_admin: Any, request: SignedInRequest, user: User, reason: str) -> bool:
    try:
        done = exemptions.switch_off(user, reason, actor=request.user, address=clients.address(request))
    except administrators.LockedOut as locked_out:
        model_admin.message_user(request, str(locked_out.reason), messages.ERROR)
        return False
    text = _("Two-step of %(user)s is off.") if done else _("Two-step of %(user)s was off already.")
    model_admin.message_user(request, text % {"user": user}, messages.SUCCESS if done else messages.WARNING)
    return True
