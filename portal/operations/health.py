"""For who watches over the site."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.delivery import gateways
from accounts.directory.asking import questions
from accounts.log import chain
from accounts.routes import outages
from portal import celery
from portal.operations import heartbeats

SEALED_WITHIN = 60  # seconds after an event; usually it is one


@login_not_required
@require_safe
def live(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """503 if this machine can serve nobody. What is missing elsewhere is named, and turns no machine out."""
    try:
        if only_reads():
            return HttpResponse("the database only reads\n", content_type="text/plain", status=503)
        found = missing()
    except Error:
        return HttpResponse("the database does not answer\n", content_type="text/plain", status=503)
    text = "\n".join(["degraded", *found]) if found else "ok"
    return HttpResponse(f"{text}\n", content_type="text/plain")


def only_reads() -> bool:
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("SELECT 1")
            return False
        cursor.execute("SHOW transaction_read_only")
        return bool(cursor.fetchone() == ("on",))


def missing() -> list[str]:
    return [*of_ours(), *_others()]


def of_ours() -> list[str]:
    """Broker, beat, workers, clocks."""
    clocks = [
        f"the clock of {host} is {seconds:+.0f} s off the database's"
        for host, seconds in heartbeats.wrong_clocks().items()
    ]
    silent = heartbeats.silent()
    lengths = celery.waiting(silent)
    if lengths is None:
        return ["the broker does not answer", *clocks]
    waiting = [queue for queue in silent if lengths[queue]]
    found = [f"worker: nobody takes from the queue {queue}" for queue in waiting]
    if silent and not waiting:
        found = [f"beat: nothing comes into the queues {', '.join(silent)}"]
    return found + clocks


def _others() -> Iterator[str]:
    """What others do not do, as far as somebody has found out; of the directory, as far as this process has."""
    for name in outages.current(gateways.configured()):
        yield f"the gateway {name} does not work, and is left out"
    oldest = chain.waiting().values_list("at", flat=True).first()
    if oldest and (age := (timezone.now() - oldest).total_seconds()) > SEALED_WITHIN:
        yield f"the security log: nothing was sealed for {age:.0f} s"
    for url in questions.silent():
        yield f"the directory {urlsplit(url).hostname} does not answer"
