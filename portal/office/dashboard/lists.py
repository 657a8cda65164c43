"""The lists of the administration that the figures of the dashboard lead to, narrowed to what each figure counts."""

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from portal.office import figures
from portal.office.dashboard.periods import Days, Period

Lookup = str | int


class Listing:
    """The list behind some figures, of one model, with these days."""

    def __init__(self, model: str, moment: str = "", lifetime: timedelta | None = None, **always: Lookup) -> None:
        self.model, self.moment, self.lifetime, self.always = model, moment, lifetime, always

    def url(self, days: Days | Period, **lookups: Lookup) -> str:
        first, last = (days.first, days.today) if isinstance(days, Days) else (days.first, days.last)
        query = self.always | lookups
        if self.moment == "day":
            query |= {"day__gte": str(first), "day__lte": str(last)}
        elif self.moment:
            query |= {f"{self.moment}__gte": str(figures.midnight(first))}
            query |= {f"{self.moment}__lt": str(figures.midnight(last + timedelta(days=1)))}
        return f"{reverse(f'admin:accounts_{self.model}_changelist')}?{urlencode(query)}"

    def row_url(self, days: Days, period: Period) -> str:
        """Nothing where the list has ended."""
        gone = self.lifetime and period.first <= days.today - self.lifetime
        return "" if gone or not self.moment else self.url(period)

    def note(self, days: Days) -> str:
        if self.lifetime is None or days.first > days.today - self.lifetime:
            return ""
        return _("The list goes back %(n)s days; the figures go back further.") % {"n": self.lifetime.days}


def people() -> Listing:
    return Listing("user", is_active__exact=1, is_staff__exact=0)


def sms() -> Listing:
    return Listing("sms", "created_at", settings.SMS_HISTORY_LIFETIME)


def events() -> Listing:
    return Listing("securityevent", "at")


def mail() -> Listing:
    return Listing("maillogin", "day", settings.MAIL_LOGIN_LIFETIME)


def failures() -> Listing:
    return Listing("failure", "at", settings.SMS_HISTORY_LIFETIME)


def bans() -> Listing:
    return Listing("ban", "started_at")
