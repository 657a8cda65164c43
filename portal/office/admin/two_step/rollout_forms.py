"""What a roll-out is chosen with: for whom and from when, and the mails that remind people of it."""

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.lib import clock, series
from accounts.lib.seen import Seen
from accounts.rollouts import placeholders, reminders, rollouts, selection
from accounts.rollouts.models import Rollout
from accounts.users.models import User

MOST_DAYS = 60


LONGEST_LIST = 2_000_000  # characters


class ChoiceForm(Seen, forms.Form):
    everyone = forms.BooleanField(label=gettext_lazy("Everyone"), required=False)
    departments = forms.MultipleChoiceField(
        label=gettext_lazy("Departments"), required=False, widget=forms.CheckboxSelectMultiple
    )
    addresses = forms.CharField(
        label=gettext_lazy("Single people"),
        required=False,
        max_length=LONGEST_LIST,
        help_text=gettext_lazy("One per line: the whole address, or the part before @."),
        widget=forms.Textarea(attrs={"rows": 8, "cols": 50, "spellcheck": "false", "autocapitalize": "none"}),
    )
    start = forms.DateField(
        label=gettext_lazy("two-step from"), widget=forms.DateInput(format=clock.DAY, attrs={"type": "date"})
    )
    at = forms.TimeField(
        label=gettext_lazy("time"),
        required=False,
        initial=time.min,
        widget=forms.TimeInput(format=clock.TIME, attrs={"type": "time"}),
    )

    def __init__(self, *args: Any, clerk: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clerk = clerk
        self.people: list[int] = []
        self.complaints: list[selection.Complaint] = []
        choices = [(state.name, _in_words(state)) for state in selection.departments(clerk)]
        self.fields["departments"].choices = choices  # type: ignore[attr-defined]

    def clean_start(self) -> Any:
        day = self.cleaned_data["start"]
        if day < timezone.localdate():
            raise ValidationError(_("This date is in the past."), code="past")
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        reading = selection.read(cleaned.get("addresses", ""), self.clerk)
        self.people, self.complaints = reading.people, reading.complaints
        single = bool(cleaned.get("departments") or cleaned.get("addresses", "").strip())
        if cleaned.get("everyone") and single:
            raise ValidationError(_("Choose everyone, or departments and single people."), code="both")
        if not cleaned.get("everyone") and not single:
            raise ValidationError(_("Choose somebody."), code="nobody")
        if self.complaints:
            count = len(self.complaints)
            text = ngettext("%(n)s line of the list is wrong.", "%(n)s lines of the list are wrong.", count)
            self.add_error("addresses", ValidationError(text % {"n": count}, code="lines"))
        return cleaned

    def choice(self) -> dict[str, Any]:
        if self.cleaned_data["everyone"]:
            return {"everyone": True}
        return {"departments": self.cleaned_data["departments"], "people": self.people}

    def begins(self) -> datetime:
        at = self.cleaned_data["at"] or time.min
        return timezone.make_aware(datetime.combine(self.cleaned_data["start"], at))


def _in_words(state: selection.Department) -> str:
    told = {"name": state.name, "people": state.people, "on": state.two_step, "without": state.unbound}
    return _("%(name)s: %(people)s people, two-step on for %(on)s, %(without)s with nothing bound") % told


class MailForm(Seen, forms.Form):
    days = forms.CharField(
        label=gettext_lazy("days before"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("Separated by commas, as in 14, 7, 1. Empty: no mails."),
    )
    subject_zh = forms.CharField(
        label=gettext_lazy("subject in Chinese"), max_length=150, widget=forms.TextInput(attrs={"size": 60})
    )
    text_zh = forms.CharField(label=gettext_lazy("text in Chinese"), max_length=5000, widget=forms.Textarea)
    subject_en = forms.CharField(
        label=gettext_lazy("subject in English"), max_length=150, widget=forms.TextInput(attrs={"size": 60})
    )
    text_en = forms.CharField(label=gettext_lazy("text in English"), max_length=5000, widget=forms.Textarea)

    WORDS = ("subject_zh", "text_zh", "subject_en", "text_en")

    def clean_days(self) -> list[int]:
        parts = self.cleaned_data["days"].replace("，", ",").replace("、", ",").split(",")
        days = [part.strip() for part in parts if part.strip()]
        if not all(day.isascii() and day.isdigit() and 1 <= int(day) <= MOST_DAYS for day in days):
            raise ValidationError(_("Whole days, from 1 to %(most)s.") % {"most": MOST_DAYS}, code="days")
        return sorted({int(day) for day in days}, reverse=True)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name in self.WORDS:
            if unknown := placeholders.unknown(cleaned.get(name, "")):
                listed = series.join(f"{{{word}}}" for word in unknown)
                self.add_error(name, _("These words in braces are not known: %(words)s") % {"words": listed})
        return cleaned


def whom(row: Rollout) -> str:
    """In a few words."""
    if row.choice.get("everyone"):
        return _("Everyone")
    words: list[str] = list(row.choice.get("departments", []))
    more = len(words) - 3
    words = words[:3] + ([_("%(n)s more departments") % {"n": more}] if more > 0 else [])
    if single := len(row.choice.get("people", [])):
        words.append(ngettext("%(n)s single person", "%(n)s single people", single) % {"n": single})
    return series.join(words)


def initial(row: Rollout | None) -> dict[str, Any]:
    if row is None:
        return {"start": timezone.localdate() + timedelta(days=max(reminders.DAYS)), "at": time.min}
    start = timezone.localtime(row.start)
    return {
        "everyone": bool(row.choice.get("everyone")),
        "departments": row.choice.get("departments", []),
        "addresses": "\n".join(selection.addresses(row.choice.get("people", []))),
        "start": start.date(),
        "at": start.time(),
    }


def start_of_single(clerk: User, people: list[int]) -> Rollout:
    """The beginning of a roll-out for people who were picked elsewhere."""
    day = timezone.localdate() + timedelta(days=max(reminders.DAYS))
    return rollouts.draft({"people": people}, clock.midnight(day), clerk)
