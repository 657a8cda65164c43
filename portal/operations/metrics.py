"""What Prometheus reads, on a port of its own: from the database, so that it is right however many processes and
machines serve, and one process tells it for all. No name of anybody is in it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Count, Max, Min, Sum
from django.utils import timezone
from prometheus_client import start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from accounts.bans import bans
from accounts.bans.models import Ban, Failure
from accounts.delivery import gateways
from accounts.delivery.models import Attempt, Sms
from accounts.log import chain
from accounts.maillogins.models import MailLogin
from accounts.routes import outages
from accounts.users.models import User
from portal import celery
from portal.operations import health, heartbeats, ldap_front

RECENT = timedelta(minutes=5)
NEWEST = 5_000  # events, of which the recent ones are counted
UNSENT = (Sms.Status.QUEUED, Sms.Status.CLAIMED, Sms.Status.DELAYED)


class Site(Collector):
    """Asked anew at each scrape. A part that cannot be read leaves the others, and is named."""

    def collect(self) -> Iterator[Metric]:
        readable = GaugeMetricFamily("mailkey_readable", "1 if this part of the figures could be read", labels=["part"])
        for part, read in PARTS.items():
            try:
                found = list(read())
            except Exception:  # what is away is what is to be told
                found = []
            readable.add_metric([part], float(bool(found)))
            yield from found
        connection.close()
        yield readable

    def describe(self) -> Iterator[Metric]:
        """Nothing is asked before somebody scrapes."""
        return iter(())


def _accounts() -> Iterator[Metric]:
    users = User.objects.filter(is_active=True)
    yield _gauge("mailkey_accounts", "Active accounts", users.count())
    on = users.filter(two_step_from__lte=timezone.now())
    yield _gauge("mailkey_accounts_with_two_step", "Of them, with two-step on", on.count())


def _events() -> Iterator[Metric]:
    newest = chain.events().order_by("-pk").values_list("kind", "at")[:NEWEST]
    since = timezone.now() - RECENT
    recent = Counter(kind for kind, at in newest if at > since)
    found = GaugeMetricFamily("mailkey_events_recent", "Security events of the last five minutes", labels=["kind"])
    for kind, count in sorted(recent.items()):
        found.add_metric([kind], count)
    yield found
    last = chain.events().aggregate(last=Max("position"))["last"] or 0
    yield CounterMetricFamily("mailkey_events", "Security events that were sealed", last)
    yield _gauge("mailkey_events_unsealed", "Security events that wait to be sealed", chain.waiting().count())


def _mail() -> Iterator[Metric]:
    today = MailLogin.objects.filter(day=timezone.localdate()).values_list("protocol", "method")
    found = GaugeMetricFamily(
        "mailkey_mail_logins_today", "Logins of mail programs that were let in", labels=["protocol", "method"]
    )
    for protocol, method, count in today.order_by().annotate(Sum("count")):
        found.add_metric([protocol, method], count)
    yield found


def _bans() -> Iterator[Metric]:
    last = Failure.objects.aggregate(last=Max("pk"))["last"] or 0
    yield CounterMetricFamily("mailkey_wrong_passwords", "Wrong passwords, on the web and of mail programs", last)
    yield _gauge(
        "mailkey_bans_in_force", "Addresses and accounts that are banned", Ban.objects.filter(bans.in_force()).count()
    )


def _sms() -> Iterator[Metric]:
    found = GaugeMetricFamily(
        "mailkey_sms_recent", "Attempts of the last five minutes, by what became of them", labels=["gateway", "outcome"]
    )
    for name in gateways.configured():
        attempts = Attempt.objects.filter(gateway=name, started_at__gt=timezone.now() - RECENT)
        for outcome, count in attempts.order_by().values_list("outcome").annotate(Count("pk")):
            found.add_metric([name, outcome], count)
    yield found
    oldest = Sms.objects.filter(status__in=UNSENT).aggregate(at=Min("created_at"))["at"]
    age = (timezone.now() - oldest).total_seconds() if oldest else 0
    yield _gauge("mailkey_sms_oldest_seconds", "How long the oldest SMS that is not sent has waited", age)
    out = GaugeMetricFamily(
        "mailkey_gateway_left_out", "1 while a gateway is left out of its routes", labels=["gateway"]
    )
    left_out = outages.current(gateways.configured())
    for name in gateways.configured():
        out.add_metric([name], float(name in left_out))
    yield out


def _queues() -> Iterator[Metric]:
    found = GaugeMetricFamily("mailkey_queue_length", "Messages that no worker took yet", labels=["queue"])
    for queue, length in (celery.waiting(heartbeats.queues()) or {}).items():
        found.add_metric([queue], length)
    yield found
    yield _gauge("mailkey_missing", "What /health/ready misses, as broker, workers, gateways", len(health.missing()))


def _ldap_front() -> Iterator[Metric]:
    found = GaugeMetricFamily("mailkey_ldap_front_ready", "1 if the LDAP front answers and can decide logins")
    if settings.LDAP_FRONT_SERVERS:
        found.add_metric([], float(not ldap_front.fault()))
    yield found


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value)


PARTS: dict[str, Callable[[], Iterator[Metric]]] = {
    "accounts": _accounts,
    "events": _events,
    "mail": _mail,
    "bans": _bans,
    "sms": _sms,
    "queues": _queues,
    "LDAP front": _ldap_front,
}


def serve(listen: str) -> None:
    """At HOST:PORT, for ever."""
    host, _, port = listen.rpartition(":")
    registry = CollectorRegistry()
    registry.register(Site())
    _server, thread = start_http_server(int(port), host.strip("[]"), registry)
    thread.join()
