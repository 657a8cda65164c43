from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.codes import guesses
from accounts.factors import recoverycodes
from accounts.factors.models import NAME_LENGTH
from accounts.lib import numbers
from accounts.lib.seen import Seen
from accounts.phones.models import Phone


class NumberForm(Seen, forms.Form):
    number = forms.CharField(
        label=_("Mobile number"),
        max_length=40,
        help_text=_("Chinese numbers without +86; others with their country code, as in +852."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )

    def clean_number(self) -> str:
        number = numbers.parse(self.cleaned_data["number"])
        if isinstance(number, numbers.Refusal):
            raise ValidationError(number.label, code=number.name)
        if not Phone.has_room(number):
            raise ValidationError(_("This number already serves as many mailboxes as it may."), code="full")
        return number


class AgreementForm(Seen, forms.Form):
    """That the number is given to whoever sends the SMS: never ticked beforehand."""

    agreed = forms.BooleanField(error_messages={"required": _("Without your consent no code can be sent by SMS.")})

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        operator = settings.SMS_OPERATOR or _("the SMS provider of the institution")
        label = _("I agree that my number is given to %(operator)s, to send me SMS")
        self.fields["agreed"].label = label % {"operator": operator}


class CodeInput(forms.TextInput):
    """Empty each time: a wrong code that stays would get the next one appended."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


class CodeForm(Seen, forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=40,
        widget=CodeInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "class": "code", "autofocus": True}
        ),
    )

    def clean_code(self) -> str:
        if guesses.normalised(self.cleaned_data["code"]) is None:
            raise ValidationError(_("Enter the six digits from the SMS."), code="malformed")
        return str(self.cleaned_data["code"])


class AppCodeForm(CodeForm):
    def clean_code(self) -> str:
        if guesses.normalised(self.cleaned_data["code"]) is None:
            raise ValidationError(_("Enter the six digits that the app shows now."), code="malformed")
        return str(self.cleaned_data["code"])


class NewAppForm(AppCodeForm):
    name = forms.CharField(
        label=_("Name of the app"),
        max_length=NAME_LENGTH,
        required=False,
        help_text=_("So that you recognise it later, as in “my phone”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("code", "name")


class PasskeyForm(Seen, forms.Form):
    """What the browser answers for a passkey; static/passkeys.js fills it in, and nobody else."""

    answer = forms.CharField(required=False, widget=forms.HiddenInput)


class NewPasskeyForm(PasskeyForm):
    name = forms.CharField(
        label=_("Name of the passkey"),
        max_length=NAME_LENGTH,
        required=False,
        help_text=_("So that you recognise it later, as in “office computer”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class RecoveryCodeForm(Seen, forms.Form):
    """What was typed stays: of sixteen characters one is wrong, as a rule, or the rest is still to come."""

    code = forms.CharField(
        label=_("Recovery code"),
        max_length=recoverycodes.LONGEST,
        help_text=_("Sixteen letters and digits. Blanks, hyphens and capitals do not matter."),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "class": "recovery",
                "autofocus": True,
            }
        ),
    )

    def clean_code(self) -> str:
        if recoverycodes.normalised(self.cleaned_data["code"]) is None:
            told = _("A recovery code has sixteen letters and digits. Compare it with the paper: no 0, 1, i, l or o.")
            raise ValidationError(told, code="malformed")
        return str(self.cleaned_data["code"])
