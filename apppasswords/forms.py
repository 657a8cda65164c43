from django import forms
from django.utils.translation import gettext_lazy as _

from apppasswords.models import NAME_LENGTH


class NameForm(forms.Form):
    name = forms.CharField(
        label=_("Password name"),
        max_length=NAME_LENGTH,
        help_text=_("Where you will use it, such as “Foxmail in the office”. Only a description: never a password."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    request = forms.CharField(max_length=32, required=False, widget=forms.HiddenInput)
