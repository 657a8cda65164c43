"""Why a clerk does something to an account."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lib.seen import Seen

LONGEST_DIGITS = 6  # in a reason: more are a phone or an identity number


OTHER = "other"


REASONS = [
    ("counter", gettext_lazy("In person, identity card checked")),
    ("phone", gettext_lazy("By phone, called back to make sure")),
    ("department", gettext_lazy("Confirmed by the department")),
    ("misuse", gettext_lazy("Suspected misuse of the account")),
    (OTHER, gettext_lazy("Another reason:")),
]


class ReasonForm(Seen, forms.Form):
    """Why. The owner reads it in the mail about what was done."""

    why = forms.ChoiceField(label=gettext_lazy("Reason"), choices=REASONS, widget=forms.RadioSelect)
    note = forms.CharField(
        label=gettext_lazy("Remark"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_note(self) -> str:
        note = str(self.cleaned_data["note"]).strip()
        if sum(letter.isdigit() for letter in note) > LONGEST_DIGITS:
            raise ValidationError(_("No phone or identity numbers and no passwords here: it is kept in the log."))
        if self.cleaned_data.get("why") == OTHER and not note:
            raise ValidationError(_("Please say why."))
        return note

    @property
    def reason(self) -> str:
        why = self.cleaned_data["why"]
        chosen = [] if why == OTHER else [str(dict(REASONS)[why])]
        return " · ".join([*chosen, *filter(None, [self.cleaned_data["note"]])])
