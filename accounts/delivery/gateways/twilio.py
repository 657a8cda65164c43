"""Twilio, through its own SDK.

It has no idempotency key: after a time-out nobody knows whether the SMS went out, so that is an outcome of its own.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown, RecipientRejected
from accounts.delivery.gateways import transport
from accounts.delivery.gateways.gateway import Finding
from accounts.delivery.gateways.message import Message
from accounts.delivery.gateways.receipts import Forged, Receipt, Reply, Report, clean

has_own_template = False

RECIPIENT_ERRORS = {21211, 21214, 21217, 21265, 21610, 21614, 21635, 60205}
THROTTLED = {20429, 14107, 21611, 63038}
SHORTEST_VALIDITY = 5  # seconds


class GatewayHttpClient(TwilioHttpClient):
    """The SDK's client with time-outs (its default is none), and without memories of what it sent."""

    def __init__(self) -> None:
        super().__init__()
        self.timeout = (settings.TWILIO_CONNECT_TIMEOUT, settings.TWILIO_READ_TIMEOUT)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        if settings.TWILIO_BASE_URL:
            base, asked = urlsplit(settings.TWILIO_BASE_URL), urlsplit(url)
            url = urlunsplit((base.scheme, base.netloc, asked.path, asked.query, ""))
        try:
            return super().request(method, url, *args, **kwargs)
        finally:
            self._test_only_last_request = None

    def log_request(self, kwargs: dict[str, Any]) -> None:
        """The SDK logs the body, which holds the code."""


@cache
def _client() -> Client:
    """One a process: its connections are used again."""
    return Client(settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, http_client=GatewayHttpClient())


def load() -> None:
    """The SDK puts off a hundred modules until the first SMS."""
    import_module("twilio.rest.api")


def send(message: Message) -> str:
    left = int((message.expires_at - timezone.now()).total_seconds())
    sender = (
        {"messaging_service_sid": settings.TWILIO_MESSAGING_SERVICE_SID}
        if settings.TWILIO_MESSAGING_SERVICE_SID
        else {"from_": settings.TWILIO_FROM}
    )
    try:
        sent = _client().messages.create(
            to=message.number,
            body=message.text(links_pass=True),
            validity_period=min(max(left, SHORTEST_VALIDITY), 36000),
            status_callback=callback_url(message.attempt),
            **sender,
        )
    except (TwilioRestException, TwilioServiceException) as error:
        raise _meaning(error) from None
    except (TwilioException, requests.RequestException, ValueError) as error:
        raise transport.meaning(error) from None
    if not sent.sid:
        raise OutcomeUnknown("no message id")
    return str(sent.sid)


def _meaning(error: TwilioRestException | TwilioServiceException) -> Exception:
    code = f"twilio {error.code or error.status}"
    if error.status == 429 or error.code in THROTTLED:
        return NotSent(code)
    if error.status >= 500:
        return OutcomeUnknown(code)
    if error.code in RECIPIENT_ERRORS:
        return RecipientRejected(code)
    return ConfigurationRejected(code)


def check() -> Iterator[Finding]:
    try:
        account = _client().api.accounts(settings.TWILIO_ACCOUNT_SID).fetch()
        balance = _client().api.accounts(settings.TWILIO_ACCOUNT_SID).balance.fetch()
    except (TwilioException, requests.RequestException, ValueError) as error:
        code = getattr(error, "code", None) or getattr(error, "status", None) or type(error).__name__
        yield Finding(_("Twilio does not let us in (%(code)s): look at the SID and the token.") % {"code": code}, True)
        return
    if account.status != "active":
        yield Finding(_("The account is %(status)s: ask Twilio.") % {"status": account.status}, is_trouble=True)
    words = _("Balance: %(balance)s %(currency)s.") % {"balance": balance.balance, "currency": balance.currency}
    yield Finding(words, is_trouble=float(balance.balance) <= 0)


def callback_url(attempt: int) -> str:
    return settings.PUBLIC_URL + reverse("twilio_receipt", args=[attempt])


BAD_NUMBER = {"30004", "30005", "30006", "30007"}  # blocked, unknown, a landline, filtered by the carrier
STATUSES = {"sent": "sent", "delivered": "delivered", "read": "delivered", "undelivered": "failed", "failed": "failed"}
REPLY = Reply(status=204)


def receipts(report: Report) -> list[Receipt]:
    """A status callback, if Twilio signed it for the address that we gave. Stages of no interest have no status."""
    if not RequestValidator(settings.TWILIO_AUTH_TOKEN).validate(report.url, report.form, report.signature):
        raise Forged
    error = clean(report.form.get("ErrorCode"))
    return [
        Receipt(
            status=STATUSES.get(report.form.get("MessageStatus", ""), ""),
            gateway_id=clean(report.form.get("MessageSid")),
            error=f"twilio {error}" if error.isdigit() else "",
            number_is_bad=error in BAD_NUMBER,
        )
    ]
