from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.factors.models import NAME_LENGTH
from accounts.lib.seen import Seen
from accounts.users.models import User


class NameForm(Seen, forms.Form):
    name = forms.CharField(
        label=_("Name of the app"), max_length=NAME_LENGTH, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class PasskeyNameForm(Seen, forms.Form):
    name = forms.CharField(
        label=_("Name of the passkey"), max_length=NAME_LENGTH, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class PasswordForm(Seen, forms.Form):
    old_password = forms.CharField(
        label=_("Current mailbox password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    new_password = forms.CharField(
        label=_("New mailbox password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 10 characters, and not one that is easy to guess."),
    )
    new_password_again = forms.CharField(
        label=_("New mailbox password again"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_new_password(self) -> str:
        password: str = self.cleaned_data["new_password"]
        password_validation.validate_password(password, self.user)
        if password == self.data.get("old_password"):
            raise ValidationError(_("Choose a password different from the current one."), code="same")
        return password

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        first = self.cleaned_data.get("new_password")
        if first and first != self.cleaned_data.get("new_password_again"):
            self.add_error("new_password_again", ValidationError(_("The two entries differ."), code="differ"))
        return cleaned
