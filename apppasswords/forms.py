from collections.abc import Mapping
from secrets import token_hex

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lib.seen import Seen
from apppasswords import secrets
from apppasswords.models import NAME_LENGTH


class NameForm(Seen, forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Password name"),
        max_length=NAME_LENGTH,
        help_text=gettext_lazy(
            "Where you will use it, such as “Foxmail in the office”. Only a description: never a password."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    request = forms.CharField(max_length=32, required=False, widget=forms.HiddenInput)


def empty(name: str = "") -> NameForm:
    return NameForm(initial={"request": token_hex(16), "name": name})


def sent(data: Mapping[str, str]) -> NameForm:
    """As it was sent; of what looks like a secret nothing is kept but the warning."""
    name = data.get("name", "")
    return warned() if secrets.looks_like_one(name) or len(name) > NAME_LENGTH else NameForm(data)


def warned() -> NameForm:
    """A password was entered as the name: it is not shown again."""
    form = NameForm({"request": token_hex(16)})
    form.errors["name"] = form.error_class([
        _("That looked like a password. The name is only a description and is shown in clear: never enter a password "
          "there. Nothing was kept.")
    ])  # fmt: skip
    return form
