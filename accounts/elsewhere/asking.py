"""Questions to the sources, by HTTP: answered within seconds and in one piece, or the source is away."""

import json
import time
from typing import TYPE_CHECKING, Any

from accounts.elsewhere.answers import Away

if TYPE_CHECKING:
    from requests import Response

WITHIN = 4.0  # seconds, for all that one page has to ask
EACH_WITHIN = 2.0  # seconds, for a connection and for each piece of an answer
LARGEST = 256 * 1024  # bytes


def deadline() -> float:
    return time.monotonic() + WITHIN


def ask(method: str, url: str, until: float, **said: Any) -> tuple[int, bytes]:
    """Status and body. No redirect is followed: what is asked is secret."""
    # Most sites have no such source.
    import requests  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    patience = min(EACH_WITHIN, until - time.monotonic())
    if patience <= 0:
        raise Away("too slow")
    headers = {"Accept-Encoding": "identity", **said.pop("headers", {})}
    try:
        with requests.request(
            method, url, headers=headers, timeout=patience, stream=True, allow_redirects=False, **said
        ) as response:
            return response.status_code, _body(response, until)
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        raise Away(type(error).__name__) from None  # the error itself may hold what was asked


def _body(response: "Response", until: float) -> bytes:
    body = b""
    while part := response.raw.read1(LARGEST):
        body += part
        if len(body) > LARGEST or time.monotonic() > until:
            raise Away("too much, or too slow")
    return body


def ask_json(method: str, url: str, until: float, **said: Any) -> tuple[int, dict[str, Any]]:
    status, body = ask(method, url, until, **said)
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Away(f"status {status}, and no JSON") from None
    if not isinstance(found, dict):
        raise Away("JSON of another shape")
    return status, found
