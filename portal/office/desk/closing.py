"""An account that ends, or that the clock has disabled: what the desk says of it, and by which day."""

from datetime import date

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.closures.closures import Why
from accounts.closures.models import Closure
from accounts.lib import clock
from accounts.users.models import User
from portal.office.desk.facts import Facts
from portal.office.desk.press import NO_DAY
from portal.office.desk.reasons import ReasonForm


class LastDayForm(ReasonForm):
    day = forms.DateField(
        label=gettext_lazy("last day"), widget=forms.DateInput(format=clock.DAY, attrs={"type": "date"})
    )

    def clean_day(self) -> date:
        day: date = self.cleaned_data["day"]
        if day < timezone.localdate():
            raise ValidationError(_("That day is over."), code="over")
        return day


def versions(user: User) -> dict[str, str]:
    """Who is disabled is given back first, on the page of the account; who has all rights has no last day."""
    if not user.is_active or user.is_superuser:
        return {}
    shown = clock.day(user.last_day) if user.last_day else ""
    return {"last_day": shown or NO_DAY, "no_last_day": shown}


def of(known: Facts) -> list[str]:
    user, closure = known.user, known.closure
    if not user.is_active:
        return [_disabled(closure)]
    found = []
    if user.last_day:
        text = _(
            "The account ends after its last day, %(day)s. This system only shuts the door: forwarding, an automatic "
            "answer and what becomes of the mails are set on the mail server, before that day."
        )
        found.append(text % {"day": clock.day(user.last_day)})
    if closure and closure.why == Why.DORMANT and closure.last_day and settings.DORMANT_AFTER:
        text = _(
            "It has not been used for long, as its owner was told: it is disabled after %(day)s, unless somebody "
            "signs in or fetches mail before."
        )
        found.append(text % {"day": clock.day(closure.last_day)})
    return found


def _disabled(closure: Closure | None) -> str:
    if closure is None or closure.closed_at is None:
        return _("The account is disabled: neither the web nor mail programs let it in.")
    if closure.why == Why.DORMANT:
        text = _(
            "Disabled by itself on %(day)s, as it had not been used for long. To give it back, edit the account and "
            "make it active: the days without use are counted anew."
        )
    else:
        text = _(
            "Disabled by itself on %(day)s, as its last day was over. To give it back, edit the account: make it "
            "active, with a later last day or with none."
        )
    return text % {"day": clock.day(closure.closed_at)}
