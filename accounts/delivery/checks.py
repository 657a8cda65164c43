"""Whether SMS would go out, before the first person waits for a code: what providers say of our signature, templates
and balance, and whether their reports would reach us.
"""

import socket
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.delivery import gateways
from accounts.delivery.gateways.gateway import Finding
from accounts.delivery.models import Attempt
from accounts.lib import series

LAPSES_AFTER = timedelta(days=180)  # without an SMS, with the carriers of the mainland


def of_site() -> Iterator[Finding]:
    if not settings.PUBLIC_URL.startswith("https://"):
        words = _("PUBLIC_URL is %(url)s: gateways report to https addresses only.")
        yield Finding(words % {"url": settings.PUBLIC_URL}, is_trouble=True)
    host = urlsplit(settings.PUBLIC_URL).hostname
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        words = _("PUBLIC_URL names %(host)s, which nobody can look up: gateways cannot report.")
        yield Finding(words % {"host": host}, is_trouble=True)
    silent = [name for name in gateways.configured() if name != "twilio" and gateways.reporting(name)]
    if silent and not settings.SMS_RECEIPT_SECRET:
        words = _("SMS_RECEIPT_SECRET is not set: %(names)s cannot report what became of an SMS.")
        yield Finding(words % {"names": series.join(silent)})


def of_gateway(name: str) -> Iterator[Finding]:
    try:
        yield from gateways.gateway(name).check()
    except Exception as error:  # whatever a provider answers: the other checks go on
        words = _("The check itself broke: %(error)s.")
        yield Finding(words % {"error": type(error).__name__}, is_trouble=True)
    kept = min(settings.SMS_HISTORY_LIFETIME, LAPSES_AFTER)
    worked = (Attempt.Outcome.SENT, Attempt.Outcome.DELIVERED)
    attempts = Attempt.objects.filter(gateway=name, outcome__in=worked, started_at__gt=timezone.now() - kept)
    if not attempts.exists():
        words = _("No SMS went through it for %(days)s days. Carriers drop a signature after six months without one.")
        yield Finding(words % {"days": kept.days})


def troubles() -> dict[str, list[str]]:
    """By gateway; the site's own under an empty name."""
    found = {"": of_site(), **{name: of_gateway(name) for name in gateways.configured()}}
    said = {name: [finding.words for finding in findings if finding.is_trouble] for name, findings in found.items()}
    return {name: words for name, words in said.items() if words}
