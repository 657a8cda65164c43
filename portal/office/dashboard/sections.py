"""The dashboard of the IT office: who sees which charts, and for how long a time.

It reads what portal/office/overview/figures.py summed up: as many queries for ten people as for ten thousand.
"""

from collections.abc import Callable
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts.bans.models import Ban, Failure
from accounts.delivery.models import Sms
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.users.models import User
from accounts.users.permissions import right
from portal.office.dashboard import adoption, logins, sms
from portal.office.dashboard.charts import Chart
from portal.office.dashboard.periods import Days
from portal.office.overview import figures
from portal.office.overview.figures import Name

RANGES: dict[int, str | Promise] = {
    7: gettext_lazy("7 days"),
    30: gettext_lazy("30 days"),
    364: gettext_lazy("1 year"),
}
DEFAULT_RANGE = 30

OF_SMS = (Name.SMS, Name.SMS_ENTERED, Name.SMS_COST, Name.SMS_PACE, Name.DELIVERY, Name.DELIVERY_MEDIAN,
          Name.DELIVERY_P95)  # fmt: skip

# What one must be allowed to view, the figures that are read for it, and what draws them.
SECTIONS: list[tuple[str, tuple[Name, ...], Callable[[Days], list[Chart]]]] = [
    (right("view", User), figures.WHOLE, adoption.section),
    (right("view", Sms), OF_SMS, sms.section),
    (right("view", SecurityEvent), (Name.SIGN_IN,), logins.sign_ins),
    (right("view", MailLogin), (Name.MAIL_LOGIN,), logins.mail_logins),
    (right("view", Failure), (Name.FAILURE,), logins.failures),
    (right("view", Ban), (Name.BAN,), logins.bans),
]


def may_view(has_perm: Callable[[str], bool]) -> bool:
    return any(has_perm(permission) for permission, _names, _draw in SECTIONS)


def of(length: int, has_perm: Callable[[str], bool]) -> tuple[list[Chart], datetime | None]:
    """The charts for somebody with these permissions, and when the figures were summed up."""
    sections = [section for section in SECTIONS if has_perm(section[0])]
    days = Days(length, [name for _permission, names, _draw in sections for name in names])
    drawn = [chart for _permission, _names, draw in sections for chart in draw(days)]
    return sorted(drawn, key=lambda chart: chart.is_wide), days.summed_at  # the others stand two by two
