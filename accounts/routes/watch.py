"""Are the codes that are sent entered? If not, they do not arrive, or somebody has them sent who is not after codes."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone

from accounts.delivery.models import Sms

logger = logging.getLogger(__name__)

HOUR = timedelta(hours=1)
AT_LEAST = 50  # numbers: of fewer a share says nothing


def look() -> None:
    """At the codes of an hour whose time is over. Numbers are counted, so that asking twice is no failure."""
    until = timezone.now() - settings.SMS_CODE_LIFETIME
    sent = Sms.objects.codes().filter(created_at__gt=until - HOUR, created_at__lte=until)
    sent = sent.filter(status__in=(Sms.Status.SENT, Sms.Status.DELIVERED, Sms.Status.UNKNOWN)).order_by()
    counted = sent.values_list("gateway").annotate(
        numbers=Count("number", distinct=True),
        entered=Count("number", distinct=True, filter=Q(used_at__isnull=False)),
    )
    for gateway, numbers, entered in counted:
        if numbers >= AT_LEAST and entered * 100 < numbers * settings.SMS_ENTERED_SHARE:
            logger.error(
                "Codes sent through %s to %s numbers; of these only %s entered one.", gateway, numbers, entered
            )
