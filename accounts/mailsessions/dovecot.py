"""Dovecot's HTTP API (doveadm): who is connected, out with them, and where their filters send mail on. Four commands,
and no others are allowed there."""

import base64
import json
import ssl
import time
from collections import Counter
from collections.abc import Collection, Sequence
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from accounts.mailsessions import sieve

TIMEOUT = 3.0  # seconds
REST = 10.0  # seconds in which one that said nothing is not asked again: many endings must not wait for it in turn
FEW = 20  # people to be asked about by name; more are picked from a list of everybody
LARGEST_ANSWER = 50_000_000  # bytes; a line for each person and protocol
NOBODY = 68  # doveadm's exit code: nobody of this name is connected

_silent_until: dict[str, float] = {}


class Away(Exception):
    """Nothing is known to have ended. The text says why, for the office; it holds no name."""


def end(url: str, people: Collection[str], network: str = "") -> Counter[str]:
    """For each of them how many connections there were, which are ended now. `network`: only those from there."""
    connected = _connected(url, people, network)
    if connected:
        _ask(url, [("kick", _mask(name, network)) for name in connected])
    return connected


def _connected(url: str, people: Collection[str], network: str) -> Counter[str]:
    masks = [_mask(name, network) for name in people] if len(people) <= FEW else [_mask("", network)]
    counted: Counter[str] = Counter()
    for rows in _ask(url, [("who", mask) for mask in masks]):
        for row in rows:
            counted[row["username"]] += int(row["connections"])
    return Counter({name: counted[name] for name in people if counted[name]})  # exactly these: masks may match more


def forwards(url: str, name: str) -> list[str]:
    """Addresses that the person's own filters send mail on to."""
    (scripts,) = _ask(url, [("sieveList", {"user": name})])
    active = _read(url, name, [row["script"] for row in scripts if row["active"] == "ACTIVE"])
    if any(map(sieve.includes, active)):
        active = _read(url, name, [row["script"] for row in scripts])
    return sorted({address for script in active for address in sieve.forwards(script)})


def _read(url: str, name: str, scripts: Sequence[str]) -> list[str]:
    if not scripts:
        return []
    texts = _ask(url, [("sieveGet", {"user": name, "scriptname": script}) for script in scripts])
    return [row["sieve script"] for rows in texts for row in rows]


def _mask(name: str, network: str) -> dict[str, Any]:
    mask = [part for part in (name, network) if part]
    return {"mask": mask} if mask else {}


def _ask(url: str, commands: Sequence[tuple[str, dict[str, Any]]]) -> list[list[dict[str, str]]]:
    """The rows of each answer."""
    if time.monotonic() < _silent_until.get(url, 0):
        raise Away("It did not answer a moment ago.")
    body = json.dumps([[name, parameters, str(number)] for number, (name, parameters) in enumerate(commands)])
    try:
        status, answer = _post(url, body)
    except TimeoutError:
        _silent_until[url] = time.monotonic() + REST
        raise Away("It does not answer in time.") from None
    except (OSError, HTTPException) as error:
        raise Away(f"It cannot be reached: {type(error).__name__}.") from None
    if status == 401:
        raise Away("It refuses DOVEADM_API_KEY.")
    try:
        return [_rows(kind, *content) for kind, *content, _tag in json.loads(answer)]
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Away(f"It answers something else than doveadm does, status {status}.") from None


def _rows(kind: str, first: Any, *others: Any) -> list[dict[str, str]]:
    if kind == "doveadmResponse":
        return [*first, *others]  # Dovecot 2.3 ends the list after the first row, and writes the others beside it
    if first.get("exitCode") == NOBODY:
        return []
    raise Away(f"It refuses the command ({str(first.get('type'))[:40]}): doveadm_allowed_commands must name it.")


def _post(url: str, body: str) -> tuple[int, bytes]:
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    connection = (
        HTTPSConnection(host, port, timeout=TIMEOUT, context=ssl.create_default_context())
        if parts.scheme == "https"
        else HTTPConnection(host, port, timeout=TIMEOUT)
    )
    key = base64.b64encode(settings.DOVEADM_API_KEY.encode()).decode()
    headers = {"Content-Type": "application/json", "Authorization": f"X-Dovecot-API {key}"}
    try:
        connection.request("POST", parts.path.rstrip("/") or "/doveadm/v1", body.encode(), headers)
        response = connection.getresponse()
        return response.status, response.read(LARGEST_ANSWER)
    finally:
        connection.close()
