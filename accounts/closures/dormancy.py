"""Who has not used the account for long: neither the web, nor any mail program."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts.closures.models import Closure
from accounts.maillogins.models import MailLogin
from accounts.users import clerks
from accounts.users.models import User


def unused(for_so_long: timedelta) -> QuerySet[User]:
    """Nobody of the IT staff: somebody must be able to give accounts back. What is new, or was given back, counts as
    used then."""
    since = timezone.now() - for_so_long
    return User.objects.filter(~clerks.COLLEAGUE, ~_used(since), is_active=True)


def almost_due() -> QuerySet[User]:
    """So long that their owners are told."""
    return unused(max(settings.DORMANT_AFTER - settings.CLOSING_TOLD_BEFORE, timedelta()))


def _used(since: datetime) -> Q:
    by_mail = MailLogin.objects.filter(user=OuterRef("pk"), day__gte=timezone.localdate(since))
    given_back = Closure.objects.filter(user=OuterRef("pk"), given_back_at__gte=since)
    return Q(last_login__gte=since) | Q(date_joined__gte=since) | Exists(by_mail) | Exists(given_back)
