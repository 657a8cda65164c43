"""Whether anybody works: what the beat puts into each queue every few seconds, and a worker takes from it."""

import socket
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from accounts.lib import clock
from portal.operations.models import Heartbeat

EVERY = timedelta(seconds=10)
SILENT_AFTER = timedelta(seconds=45)
FORGOTTEN_AFTER = timedelta(days=1)  # a machine that was taken away

_served_since: list[float] = []  # by this process


def queues() -> list[str]:
    """Whatever is routed, and the rest."""
    routed = {str(route["queue"]) for route in settings.CELERY_TASK_ROUTES.values()}
    return sorted({*routed, settings.CELERY_TASK_DEFAULT_QUEUE})


def begin() -> None:
    """This process serves people; a site that was just started has heard of nobody yet."""
    _served_since.append(time.monotonic())


def note(queue: str) -> None:
    seen = {"at": timezone.now(), "ahead": clock.ahead().total_seconds()}
    Heartbeat.objects.update_or_create(queue=queue, host=socket.gethostname(), defaults=seen)


def silent() -> list[str]:
    """Queues that nobody was heard of at for too long, or ever."""
    newest: dict[str, float] = {}
    for heartbeat in Heartbeat.objects.all():
        age = (timezone.now() - heartbeat.at).total_seconds()
        newest[heartbeat.queue] = min(age, newest.get(heartbeat.queue, age))
    if not newest and not any(time.monotonic() - since > SILENT_AFTER.total_seconds() for since in _served_since):
        return []
    return [queue for queue in queues() if newest.get(queue, float("inf")) > SILENT_AFTER.total_seconds()]


def heard_here(since: datetime) -> set[str]:
    """Queues that a worker of this machine has taken from since then."""
    found = Heartbeat.objects.filter(host=socket.gethostname(), at__gt=since)
    return set(found.values_list("queue", flat=True))


def wrong_clocks() -> dict[str, float]:
    """Seconds before the database's clock: of this machine, and of those of the workers."""
    found = {socket.gethostname(): clock.ahead().total_seconds()}
    lately = Heartbeat.objects.filter(at__gt=timezone.now() - SILENT_AFTER).exclude(ahead=0)
    found |= {heartbeat.host: heartbeat.ahead for heartbeat in lately}
    return {host: seconds for host, seconds in found.items() if seconds}


def delete_expired() -> None:
    Heartbeat.objects.filter(at__lt=timezone.now() - FORGOTTEN_AFTER).delete()
