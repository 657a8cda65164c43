"""The lists of the administration that the figures of the dashboard lead to, narrowed to what each figure counts."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Model
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.bans.models import Ban, Failure
from accounts.delivery.models import Sms
from accounts.lib import clock
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.users.models import User
from portal.office.dashboard.periods import Days, Period

Lookup = str | int


class Listing:
    """The list behind some figures, of one model, with these days."""

    def __init__(
        self, model: type[Model], moment: str = "", lifetime: timedelta | None = None, **always: Lookup
    ) -> None:
        self.model, self.moment, self.lifetime, self.always = model, moment, lifetime, always

    def url(self, days: Days | Period, **lookups: Lookup) -> str:
        first, last = (days.first, days.today) if isinstance(days, Days) else (days.first, days.last)
        query = self.always | lookups
        if self.moment == "day":
            query |= {"day__gte": str(first), "day__lte": str(last)}
        elif self.moment:
            query |= {f"{self.moment}__gte": str(clock.midnight(first))}
            query |= {f"{self.moment}__lt": str(clock.midnight(last + timedelta(days=1)))}
        page = f"admin:{self.model._meta.app_label}_{self.model._meta.model_name}_changelist"
        return f"{reverse(page)}?{urlencode(query)}"

    def row_url(self, days: Days, period: Period) -> str:
        """Nothing where the list has ended."""
        gone = self.lifetime and period.first <= days.today - self.lifetime
        return "" if gone or not self.moment else self.url(period)

    def note(self, days: Days) -> str:
        if self.lifetime is None or days.first > days.today - self.lifetime:
            return ""
        return _("The list goes back %(n)s days; the figures go back further.") % {"n": self.lifetime.days}


def people() -> Listing:
    return Listing(User, is_active__exact=1, is_staff__exact=0)


def sms() -> Listing:
    return Listing(Sms, "created_at", settings.SMS_HISTORY_LIFETIME)


def events() -> Listing:
    return Listing(SecurityEvent, "at")


def mail() -> Listing:
    return Listing(MailLogin, "day", settings.MAIL_LOGIN_LIFETIME)


def failures() -> Listing:
    return Listing(Failure, "at", settings.SMS_HISTORY_LIFETIME)


def bans() -> Listing:
    return Listing(Ban, "started_at")
