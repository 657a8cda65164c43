from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from portal.office import erasure
from portal.office.overview import figures


@shared_task(name="office.sum_up_today", time_limit=120, soft_time_limit=110)
def sum_up_today() -> None:
    figures.sum_up(timezone.localdate())


@shared_task(name="office.sum_up_yesterday", time_limit=600, soft_time_limit=590)
def sum_up_yesterday() -> None:
    """Once more, when all is known of it; and what was missed."""
    yesterday = timezone.localdate() - timedelta(days=1)
    for day in {*figures.missing(), yesterday}:
        figures.sum_up(day)


@shared_task(name="office.erase", time_limit=3600, soft_time_limit=3590)
def erase() -> None:
    erasure.run()


@shared_task(name="office.delete_expired", time_limit=600, soft_time_limit=590)
def delete_expired() -> None:
    erasure.delete_expired()
