"""Other addresses of mailboxes: granted here, and withdrawn."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.aliases import aliases
from accounts.aliases.models import Alias
from accounts.lib.seen import Seen
from accounts.rollouts import selection
from accounts.sessions import clients
from accounts.sessions.sessions import SignedInRequest
from accounts.users import clerks
from accounts.users.models import User
from accounts.users.usernames import LONGEST
from portal.office.admin.history import ShownLookups

ENTERED = ("address", "mailbox", "receives", "note")


class AliasForm(Seen, forms.ModelForm[Alias]):
    mailbox = forms.CharField(
        label=_("mailbox"),
        max_length=LONGEST,
        help_text=_("Who may send as it."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    clerk: User  # the page sets it

    class Meta:
        model = Alias
        fields = ("address", "receives", "note")

    def clean_address(self) -> str:
        found = aliases.read(self.cleaned_data["address"])
        if isinstance(found, aliases.Refusal):
            raise ValidationError(found.label, code=found.name.lower())
        return self._not_a_colleagues(found)

    def _not_a_colleagues(self, address: str) -> str:
        """Who sends as a colleague has what the colleague has."""
        people = User.objects.filter(username=address)
        if people.exclude(pk__in=clerks.touchable(self.clerk).values("pk")).exists():
            raise ValidationError(gettext("Not this account."), code="colleague")
        return address

    def clean_mailbox(self) -> User:
        reading = selection.read(self.cleaned_data["mailbox"], self.clerk)
        for complaint in reading.complaints:
            raise ValidationError(str(complaint.what), code="mailbox")
        user = clerks.touchable(self.clerk).filter(pk__in=reading.people, is_active=True).first()
        if user is None:
            raise ValidationError(gettext("Not this account."), code="mailbox")
        return user

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if {"address", "mailbox"} <= data.keys():
            refused = aliases.refusal(data["address"], data["mailbox"], receives=data["receives"])
            if refused:
                self.add_error("address", refused.label)
        return data


@admin.register(Alias)
class AliasAdmin(ShownLookups):
    form = AliasForm
    list_display = ("address", "user", "receives_in_words", "note", "created_by", "created_at")
    list_filter = ("receives",)
    search_fields = ("address", "user__username", "user__name", "note")
    list_select_related = ("user", "created_by")

    def get_fields(self, request: HttpRequest, obj: Alias | None = None) -> Any:
        return self.list_display if obj else ENTERED

    def get_form(self, request: Any, obj: Alias | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        return type(form.__name__, (form,), {"clerk": request.user})

    @admin.display(description=Alias._meta.get_field("receives").verbose_name, ordering="receives")
    def receives_in_words(self, row: Alias) -> str:
        return gettext("yes") if row.receives else "—"

    def has_change_permission(self, request: HttpRequest, obj: Alias | None = None) -> bool:
        """Withdrawn and granted anew, so that the log says who could send when."""
        return False

    def save_model(  # type: ignore[override]
        self, request: SignedInRequest, obj: Alias, form: AliasForm, change: bool
    ) -> None:
        obj.user = form.cleaned_data["mailbox"]
        aliases.grant(obj, by=request.user, address=clients.address(request))

    def delete_model(self, request: SignedInRequest, obj: Alias) -> None:  # type: ignore[override]
        aliases.withdraw(obj, by=request.user, address=clients.address(request))

    def delete_queryset(self, request: SignedInRequest, queryset: QuerySet[Alias]) -> None:  # type: ignore[override]
        for alias in queryset:
            aliases.withdraw(alias, by=request.user, address=clients.address(request))
