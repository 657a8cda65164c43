"""Everybody whom the directory has, or who has changed there."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import ldap
from django.conf import settings
from ldap.controls.pagedresults import SimplePagedResultsControl

from accounts.directory.asking.answers import Away, Reading, Someone
from accounts.directory.asking.client import connected, is_disabled, limit

PAGE = 500  # entries; Active Directory gives 1000 at most
PAGE_WITHIN = 10.0  # seconds
OVERLAP = timedelta(hours=1)  # a change that another server had first has its time of there
SECONDS = "%Y%m%d%H%M%S"  # of a GeneralizedTime


def read(url: str, reading: Reading) -> Iterator[int]:
    """What is asked for, page by page, or Away: never a part. Yields how many there are so far."""
    with connected(url, time.monotonic() + PAGE_WITHIN) as connection:
        reading.server, changes = _server(connection, url)
        changed = _changed_since(reading.known.get(reading.server, ""), changes)
        reading.mark = changes or ""
        if changed:
            reading.is_whole = False
            yield from _read(connection, reading, changed)
        # Where time is the mark, somebody had it; who has left, or a server that was put back, is for the whole to see.
        if not changed or (changes is None and not reading.people):
            reading.is_whole = True
            yield from _read(connection, reading)


def _server(connection: Any, url: str) -> tuple[str, str | None]:
    """By which name its mark is kept, and how many changes it has counted. Active Directory does: each controller by
    itself, and one that was put back has another name for its database (MS-ADTS 3.1.1.1.9). None: it goes by time."""
    root = _one(connection, "", ["highestCommittedUSN", "dsServiceName"])
    if "highestcommittedusn" not in root:
        return url, None
    service = root.get("dsservicename", b"").decode()
    database = _one(connection, service, ["invocationId"]).get("invocationid", b"")
    return database.hex(), root["highestcommittedusn"].decode() if database else ""


def _one(connection: Any, dn: str, attributes: list[str]) -> dict[str, bytes]:
    """Nothing, if it is not for us to see: then everybody is read, as ever."""
    limit(connection, time.monotonic() + PAGE_WITHIN)
    try:
        found = connection.search_ext_s(dn, ldap.SCOPE_BASE, "(objectClass=*)", attributes, timeout=PAGE_WITHIN)
    except (ldap.NO_SUCH_OBJECT, ldap.INSUFFICIENT_ACCESS):
        return {}
    return {name.lower(): values[0] for _dn, entry in found for name, values in entry.items()}


def _changed_since(mark: str, changes: str | None) -> str:
    """A filter. Empty: everybody must be read, for nothing is known, or the server has gone back."""
    if not mark or (changes is not None and int(mark) > int(changes or 0)):
        return ""
    if changes is not None:
        return f"(uSNChanged>={int(mark) + 1})"
    since = datetime.strptime(mark, SECONDS).replace(tzinfo=UTC) - OVERLAP
    return f"(modifyTimestamp>={since:{SECONDS}}Z)"


def _read(connection: Any, reading: Reading, changed: str = "") -> Iterator[int]:
    attributes, by_time = settings.LDAP_ATTRIBUTES, not reading.mark
    wanted = [*attributes.values(), "userAccountControl", *(["modifyTimestamp"] if by_time else [])]
    searched = f"(&{filter_for_all()}{changed})" if changed else filter_for_all()
    for page in _pages(connection, searched, wanted):
        entries = [found for dn, found in page if dn]
        reading.people += [_someone(found, attributes) for found in entries]
        if by_time:
            reading.mark = max([reading.mark, *map(_modified_at, entries)])
        yield len(reading.people)


def _modified_at(found: dict[str, list[bytes]]) -> str:
    """To the second. A time that is not yet would hide what is changed until then."""
    values = next((values for name, values in found.items() if name.lower() == "modifytimestamp"), [b""])
    time_of_it = re.match(r"[0-9]{14}", values[0].decode("ascii", "replace"))
    return min(time_of_it[0], f"{datetime.now(UTC):{SECONDS}}") if time_of_it else ""


def _pages(connection: Any, searched: str, attributes: list[str]) -> Iterator[list[tuple[str, dict[str, list[bytes]]]]]:
    control = SimplePagedResultsControl(criticality=True, size=PAGE, cookie="")
    while True:
        limit(connection, time.monotonic() + PAGE_WITHIN)
        asked = connection.search_ext(
            settings.LDAP_BASE, ldap.SCOPE_SUBTREE, searched, attributes, serverctrls=[control]
        )
        _kind, found, _id, controls = connection.result3(asked, timeout=PAGE_WITHIN)
        yield found
        cookies = [one.cookie for one in controls if isinstance(one, SimplePagedResultsControl)]
        if not cookies:
            raise Away("it gives no pages")
        if not cookies[0]:
            return
        control.cookie = cookies[0]


def filter_for_all() -> str:
    return re.sub(r"\{(address|name)\}", "*", settings.LDAP_FILTER)


def _someone(found: dict[str, list[bytes]], attributes: dict[str, str]) -> Someone:
    given = {name.lower(): values for name, values in found.items()}
    texts = {ours: _text(theirs, given.get(theirs.lower(), [b""])[0]) for ours, theirs in attributes.items()}
    is_active = not is_disabled(found)
    department, phone = texts.get("department", ""), texts.get("phone", "")
    return Someone(texts["identity"], texts["address"], texts["name"], department, is_active, phone)


def _text(attribute: str, value: bytes) -> str:
    """Active Directory's identities are sixteen bytes."""
    return value.hex() if attribute.lower() == "objectguid" else value.decode("utf-8", "replace").strip()
