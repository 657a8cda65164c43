"""An account that ends, or that the clock has disabled: what the desk says of it, and its buttons for the last day."""

from datetime import date

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.closures import lastdays
from accounts.closures.closures import Why
from accounts.closures.models import Closure
from accounts.lib import clock
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from portal.office.desk.facts import Facts
from portal.office.desk.press import NO_DAY, Task, day_of
from portal.office.desk.reasons import ReasonForm

Kind = SecurityEvent.Kind

LAST_DAYS = Kind.LAST_DAY_SET, Kind.LAST_DAY_TAKEN_BACK, Kind.ACCOUNT_EDITED, Kind.CLOSED


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


def set_last_day(task: Task) -> None:
    by, last = task.by, task.asked["day"]
    shown = day_of(task.version)
    if lastdays.set_to(last, task.person, shown, actor=by.clerk, address=by.address, reason=by.reason):
        task.say(_("The last day is %(day)s. The owner is told.") % {"day": clock.day(last)})
    else:
        task.nothing_done(*LAST_DAYS)


def take_last_day_back(task: Task) -> None:
    by = task.by
    if lastdays.take_back(task.person, day_of(task.version), actor=by.clerk, address=by.address, reason=by.reason):
        task.say(_("The account has no last day any more. The owner is told."))
    else:
        task.nothing_done(*LAST_DAYS)


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
