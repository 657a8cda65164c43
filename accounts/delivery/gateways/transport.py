"""What is known of an SMS when the way to a gateway fails. All of them are reached through requests, SDKs too."""

import logging
import re

import requests
from urllib3.exceptions import NewConnectionError

from accounts.delivery.errors import NotSent, OutcomeUnknown, SmsError


def meaning(error: BaseException) -> SmsError:
    """Nothing was sent if there was no connection. One that broke later may have carried the request."""
    if isinstance(error, requests.ConnectTimeout):
        return NotSent("ConnectTimeout")
    if isinstance(error, requests.exceptions.ProxyError):
        return NotSent("ProxyError")
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return NotSent("CertificateVerifyFailed")
    if isinstance(error, requests.ConnectionError):
        reason = error.args[0] if error.args else None
        if isinstance(getattr(reason, "reason", None), NewConnectionError):
            return NotSent("ConnectionRefused")
    return OutcomeUnknown(type(error).__name__)


def cause(error: BaseException) -> BaseException:
    """Of what an SDK wraps: the failure of the transport, or the innermost there is."""
    while not isinstance(error, requests.RequestException):
        inner = getattr(error, "inner_exception", None) or error.__context__
        if not isinstance(inner, BaseException):
            break
        error = inner
    return error


class HideQueries(logging.Filter):
    """Some gateways take the SMS in the address, and urllib3 logs addresses."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(re.sub(r"\?.*", "?…", arg) if isinstance(arg, str) else arg for arg in record.args)
        return True


def hide_queries() -> None:
    log = logging.getLogger("urllib3.connectionpool")
    if not any(isinstance(one, HideQueries) for one in log.filters):
        log.addFilter(HideQueries())
