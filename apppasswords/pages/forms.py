import re
import unicodedata
from collections.abc import Mapping
from datetime import date, timedelta
from secrets import token_hex

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.bans.networks import LARGEST, Refusal
from accounts.lib import clock, invisible
from accounts.lib.seen import Seen
from accounts.owners import owners
from accounts.owners.models import Ownership
from accounts.users.models import User
from apppasswords import limits, secrets
from apppasswords.limits import IDLE_DAYS, Limits, Scope
from apppasswords.models import NAME_LENGTH

LONGEST = timedelta(days=3650)
SEPARATORS = re.compile(r"[\s,;、]+")


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


class MailboxForm(Seen, forms.Form):
    """For one's own mailbox, or one that one uses for a department."""

    mailbox = forms.ChoiceField(label=gettext_lazy("For the mailbox"), required=False)
    takes_focus = False

    def __init__(self, user: User, data: Mapping[str, str] | None = None) -> None:
        super().__init__(data)
        self.shared = {str(row.pk): row for row in owners.of(user)}
        names = [(pk, row.mailbox.username) for pk, row in self.shared.items()]
        self.fields["mailbox"].choices = [("", user.username), *names]  # type: ignore[attr-defined]

    def chosen(self) -> Ownership | None:
        return self.shared.get(self.cleaned_data["mailbox"])


class BoundsForm(Seen, forms.Form):
    """From where, and until when."""

    last_day = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        help_text=gettext_lazy("Empty: until you remove it. You get a mail a week before."),
        widget=forms.DateInput(format=clock.DAY, attrs={"type": "date"}),
    )
    networks = forms.CharField(
        label=gettext_lazy("Only from these networks"),
        max_length=limits.LONGEST_NETWORKS,
        required=False,
        help_text=gettext_lazy("Such as 198.51.100.0/24, several with blanks between them. Empty: from everywhere."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_last_day(self) -> date | None:
        day: date | None = self.cleaned_data["last_day"]
        if day and not timezone.localdate() <= day <= timezone.localdate() + LONGEST:
            raise forms.ValidationError(_("Choose a day from today on, within ten years."))
        return day

    def clean_networks(self) -> str:
        found: list[limits.Network] = []
        for part in SEPARATORS.split(_half_width(self.cleaned_data["networks"])):
            try:
                found += limits.networks(part)
            except ValueError:
                text = _("“%(text)s” is no network: one is written like 198.51.100.0/24 or 2001:db8::/32.")
                raise forms.ValidationError(text, params={"text": part[:50]}) from None
        if len(found) > limits.MOST_NETWORKS:
            raise forms.ValidationError(_("Ten networks at most."))
        if any(network.prefixlen < LARGEST[network.version] for network in found):
            raise forms.ValidationError(Refusal.EVERYBODY.label)
        return " ".join(map(str, found))


def _half_width(text: str) -> str:
    """As a Chinese keyboard types it."""
    return unicodedata.normalize("NFKC", invisible.dropped(text)).replace("。", ".")


def _scopes() -> list[tuple[str, str]]:
    """Those of calendars where there is a server for them."""
    hidden = () if settings.DAV_HOST else (Scope.MAIL_AND_CALENDARS, Scope.CALENDARS)
    return [(scope, str(scope.label)) for scope in Scope if scope not in hidden]


class LimitsForm(BoundsForm):
    scope = forms.ChoiceField(
        label=gettext_lazy("May be used for"), choices=_scopes, initial=Scope.MAIL, required=False
    )
    idle_days = forms.TypedChoiceField(
        label=gettext_lazy("When nobody uses it"),
        choices=[
            ("", gettext_lazy("it stays")),
            *((days, format_lazy(gettext_lazy("it ends after {n} days"), n=days)) for days in IDLE_DAYS),
        ],
        coerce=int,
        empty_value=None,
        required=False,
    )

    def chosen(self) -> Limits:
        entered = self.cleaned_data
        ends_at = limits.end_of(entered["last_day"]) if entered["last_day"] else None
        return Limits(entered["scope"] or Scope.MAIL, entered["networks"], ends_at, entered["idle_days"])


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
