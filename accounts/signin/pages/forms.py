from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.lib.seen import Seen
from accounts.signin.steps.forms import AppCodeForm, CodeForm, CodeInput, PasskeyForm


class SignInForm(Seen, forms.Form):
    username = forms.CharField(
        label=_("Mailbox address"),
        max_length=254,
        help_text=_("The whole address, or the part before @."),
        widget=forms.TextInput(
            attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false", "autofocus": True}
        ),
    )
    password = forms.CharField(
        label=_("Mailbox password"),
        strip=False,
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    temporary = forms.BooleanField(label=_("Temporary sign-in, for a computer that others use"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["temporary"].help_text = _temporary_text()


def _temporary_text() -> str:
    minutes = int(settings.TEMPORARY_SESSION_LIFETIME.total_seconds() // 60)
    text = ngettext(
        "You are signed out after %(n)s minute or when the browser is closed, and are always asked for a code.",
        "You are signed out after %(n)s minutes or when the browser is closed, and are always asked for a code.",
        minutes,
    )
    return text % {"n": minutes}


class HelpCodeForm(Seen, forms.Form):
    code = forms.CharField(
        label=_("Help-desk code"),
        max_length=40,
        widget=CodeInput(attrs={"autocomplete": "off", "inputmode": "numeric", "class": "code", "autofocus": True}),
    )


class TrustField(Seen, forms.Form):
    trust_browser = forms.BooleanField(
        label=_("Trust this browser: no code when you sign in"),
        required=False,
        help_text=_("For 30 days, in this browser. Not on a computer that others use."),
    )


class SignInCodeForm(CodeForm, TrustField):
    pass


class SignInAppForm(AppCodeForm, TrustField):
    pass


class SignInPasskeyForm(PasskeyForm, TrustField):
    pass
