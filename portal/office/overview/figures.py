"""What each day came to in numbers: summed up while the rows are there, kept when they are gone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from accounts.bans.models import Ban, Failure
from accounts.delivery.models import Attempt, Delivery, Sms
from accounts.lib import clock
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.users import ways
from accounts.users.models import User
from apppasswords.models import AppPassword
from portal.office.models import DayFigure

Name = DayFigure.Name
Figures = dict[tuple[str, str], int]  # by name and key

# Upper ends, in seconds, of the classes of delivery times; what took longer is in SLOWER.
CLASSES = (2, 5, 10, 20, 30, 60, 120, 300)
SLOWER = "slower"
UNFINISHED = (*Delivery.WAITING, Delivery.Status.CLAIMED)
WAITING = "waiting"  # the outcome of those
METHODS = ("code", "app", "passkey", "recovery code", "trusted browser", "password", "elsewhere")  # of a sign-in
REFUSED = "refused"
ADDRESS, ACCOUNT = "address", "account"  # what a ban is of


WHOLE = (Name.PEOPLE, Name.TWO_STEP, Name.READY, Name.APP_PASSWORD)
OF_DEPARTMENTS = (Name.PEOPLE_OF, Name.TWO_STEP_OF, Name.READY_OF, Name.APP_PASSWORD_OF)


def sum_up(day: date) -> None:
    """Count a day, or count it again: what was known of it is replaced, by one who counts at the same time as well."""
    begin, end = bounds(day)
    figures: Figures = {(Name.SUMMED_AT, ""): int(timezone.now().timestamp())}
    for part in (_people(end), _sms(begin, end), _sign_ins(begin, end), _mail_logins(day), _failures(begin, end)):
        figures |= part
    keep(day, figures)


def keep(day: date, figures: Figures) -> None:
    rows = [DayFigure(day=day, name=name, key=key, value=figures[name, key]) for name, key in sorted(figures)]
    with transaction.atomic():
        DayFigure.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["name", "day", "key"], update_fields=["value"], batch_size=1000
        )
        known = DayFigure.objects.filter(day=day).values_list("pk", "name", "key")
        gone = [pk for pk, name, key in known if (name, key) not in figures]
        DayFigure.objects.filter(pk__in=gone).delete()


def missing() -> list[date]:
    """Days that nobody counted, while all of their rows are still there: the worker was away."""
    today = timezone.localdate()
    days = {today - timedelta(days=days) for days in range(1, settings.SMS_HISTORY_LIFETIME.days)}
    started = User.objects.order_by("date_joined").values_list("date_joined", flat=True).first()
    since = timezone.localdate(started) if started else today
    known = DayFigure.objects.filter(name=Name.PEOPLE, day__in=days).values_list("day", flat=True)
    return sorted(day for day in days.difference(known) if day >= since)


def bounds(day: date) -> tuple[datetime, datetime]:
    """From midnight to midnight, in the time zone of the site."""
    return clock.midnight(day), clock.midnight(day + timedelta(days=1))


# --- What is counted --------------------------------------------------------------------------------------------------


def owners() -> QuerySet[User]:
    """Whose two-step is counted: people who can sign in. The office's own accounts, which its clerks do not see, are
    left out, so that everybody who follows a figure to its list finds as many."""
    return User.objects.filter(is_active=True, is_staff=False, is_shared=False)


def _people(end: datetime) -> Figures:
    """With a question for each: PostgreSQL then joins whole tables, and does not look for each person in every one."""
    people = owners().filter(date_joined__lt=end)
    with_app_password = AppPassword.objects.filter(user=OuterRef("pk"), created_at__lt=end)
    on = Q(two_step_from__lt=end, two_step_from__lte=timezone.now())
    everybody, unready = (dict(_counted(rows, "department")) for rows in (people, people.filter(ways.are_not_ready())))
    switched, made = (
        dict(_counted(rows, "department")) for rows in (people.filter(on), people.filter(Exists(with_app_password)))
    )
    figures: Figures = dict.fromkeys(((name, "") for name in WHOLE), 0)
    for department, count in everybody.items():
        ready = max(count - unready.get(department, 0), 0)  # somebody bound a phone between two questions
        counts = (count, switched.get(department, 0), ready, made.get(department, 0))
        for name, of, value in zip(WHOLE, OF_DEPARTMENTS, counts, strict=True):
            figures[name, ""] += value
            figures[of, department] = value
    return figures


def _sms(begin: datetime, end: datetime) -> Figures:
    asked = Sms.objects.filter(created_at__gte=begin, created_at__lt=end)
    figures: Figures = Counter()
    for gateway, status, count in _counted(asked, "gateway", "status"):
        outcome = WAITING if status in UNFINISHED else status
        figures[Name.SMS, f"{gateway} {outcome}".strip()] += count
    spans = asked.exclude(delivered_at=None).values_list("created_at", "delivered_at")
    taken = sorted(max((after - before).total_seconds(), 0) for before, after in spans.iterator() if after)
    for seconds in taken:
        figures[Name.DELIVERY, delivery_class(seconds)] += 1
    if taken:
        figures[Name.DELIVERY_MEDIAN, ""] = int(percentile(taken, 50) * 1000)
        figures[Name.DELIVERY_P95, ""] = int(percentile(taken, 95) * 1000)
    return dict(figures) | _gateways(asked, begin, end)


def _gateways(asked: QuerySet[Sms], begin: datetime, end: datetime) -> Figures:
    """What each was good for."""
    attempts = Attempt.objects.filter(started_at__gte=begin, started_at__lt=end).order_by()
    figures: Figures = {
        (Name.SMS_ENTERED, gateway): count
        for gateway, count in _counted(asked.filter(used_at__isnull=False), "gateway")
    }
    costs = attempts.filter(price__gt=0).values_list("gateway").annotate(all=Sum("price"))
    figures |= {(Name.SMS_COST, gateway): cost for gateway, cost in costs}
    spans: dict[str, list[float]] = defaultdict(list)
    sent = attempts.filter(outcome__in=(Attempt.Outcome.SENT, Attempt.Outcome.DELIVERED))
    for gateway, before, after in sent.values_list("gateway", "sms__created_at", "ended_at").iterator():
        if after:
            spans[gateway].append(max((after - before).total_seconds(), 0))
    return figures | {
        (Name.SMS_PACE, gateway): int(percentile(sorted(taken), 50) * 1000) for gateway, taken in spans.items()
    }


def delivery_class(seconds: float) -> str:
    return next((str(limit) for limit in CLASSES if seconds <= limit), SLOWER)


def percentile(ordered: list[float], percent: int) -> float:
    """The smallest that so many percent do not exceed."""
    return ordered[max(ceil(len(ordered) * percent / 100), 1) - 1]


def _sign_ins(begin: datetime, end: datetime) -> Figures:
    events = SecurityEvent.objects.filter(at__gte=begin, at__lt=end)
    signed_in = events.filter(kind=SecurityEvent.Kind.SIGNED_IN)
    figures: Figures = {
        (Name.SIGN_IN, str(method)): int(count) for method, count in _counted(signed_in, "detail__method")
    }
    figures[Name.SIGN_IN, REFUSED] = events.filter(kind=SecurityEvent.Kind.REFUSED).count()
    return figures


def _mail_logins(day: date) -> Figures:
    of_day = MailLogin.objects.filter(day=day).order_by()
    logins = of_day.values("protocol", "method").annotate(all=Sum("count"))
    people = of_day.values("method").annotate(all=Count("user", distinct=True))
    figures: Figures = {
        (Name.MAIL_LOGIN, f"{protocol} {method}"): count
        for protocol, method, count in logins.values_list("protocol", "method", "all")
    }
    return figures | {(Name.MAIL_PEOPLE, method): count for method, count in people.values_list("method", "all")}


def _failures(begin: datetime, end: datetime) -> Figures:
    failures = _counted(Failure.objects.filter(at__gte=begin, at__lt=end), "channel")
    bans = Ban.objects.filter(started_at__gte=begin, started_at__lt=end)
    figures: Figures = {(Name.FAILURE, channel): count for channel, count in failures}
    figures[Name.BAN, ADDRESS] = bans.filter(account="").count()
    figures[Name.BAN, ACCOUNT] = bans.exclude(account="").count()
    return figures


def _counted(rows: QuerySet[Any], *by: str) -> Iterator[tuple[Any, ...]]:
    yield from rows.order_by().values(*by).annotate(all=Count("pk")).values_list(*by, "all")


# --- What was counted -------------------------------------------------------------------------------------------------


def of_days(first: date, names: Iterable[str]) -> QuerySet[DayFigure, tuple[date, str, str, int]]:
    """From `first` until today, oldest first."""
    found = DayFigure.objects.filter(name__in=names, day__gte=first, day__lte=timezone.localdate())
    return found.order_by("day").values_list("day", "name", "key", "value")
