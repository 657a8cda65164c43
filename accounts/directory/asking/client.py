"""LDAP as OpenLDAP and Active Directory speak it. But for readings.py, no other module knows the library.

What a server says of a person is an answer; everything else, our own configuration included, is Away.
"""

import os
import re
import socket
import ssl
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import ldap
from django.conf import settings
from ldap import filter as filters
from ldap.controls import DecodeControlTuples
from ldap.controls.ppolicy import PasswordPolicyControl

from accounts.directory.asking.answers import Answer, Away

DISABLED = 0x2  # of Active Directory's userAccountControl

# What Active Directory says of a bind that it refuses: "... AcceptSecurityContext error, data 52e, v4563".
SUBCODE = re.compile(r"\bdata ([0-9a-f]{3,4})\b")
SUBCODES = {
    "525": Answer.WRONG,  # no such person
    "52e": Answer.WRONG,
    "530": Answer.DISABLED,  # not at this time
    "531": Answer.DISABLED,  # not from this machine
    "532": Answer.MUST_CHANGE,  # expired
    "533": Answer.DISABLED,
    "701": Answer.DISABLED,  # the account has expired
    "773": Answer.MUST_CHANGE,  # given by somebody else
    "775": Answer.LOCKED,
}
# Errors of draft-behera-ldap-password-policy, as OpenLDAP and others have it: expired, locked, given by somebody else.
POLICY = {0: Answer.MUST_CHANGE, 1: Answer.LOCKED, 2: Answer.MUST_CHANGE}


class Entry(NamedTuple):
    dn: str
    is_disabled: bool


def compare(url: str, address: str, password: str, ends_at: float) -> Answer:
    if not password:  # a bind without one succeeds: it is anonymous (RFC 4513, 5.1.2)
        return Answer.WRONG
    with connected(url, ends_at) as connection:
        entry = _entry(connection, address, ends_at)
        if entry is None:
            return Answer.NOBODY
        if entry.is_disabled:
            return Answer.DISABLED
        return _bind(connection, entry.dn, password, ends_at)


def change(url: str, address: str, old: str, new: str, ends_at: float) -> bool:
    """As the person, whose own right it is. False: it is refused."""
    with connected(url, ends_at) as connection:
        entry = _entry(connection, address, ends_at)
        if entry is None or _bind(connection, entry.dn, old, ends_at) is not Answer.RIGHT:
            raise Away("the old password is no longer right")
        limit(connection, ends_at)
        try:
            if settings.LDAP_PASSWORD_CHANGE == "ad":  # noqa: S105 (a way to say it)
                connection.modify_s(
                    entry.dn,
                    [(ldap.MOD_DELETE, "unicodePwd", [_quoted(old)]), (ldap.MOD_ADD, "unicodePwd", [_quoted(new)])],
                )
            else:
                connection.passwd_s(entry.dn, old, new)  # RFC 3062
        except (ldap.CONSTRAINT_VIOLATION, ldap.UNWILLING_TO_PERFORM, ldap.INSUFFICIENT_ACCESS):
            return False
    return True


def _quoted(password: str) -> bytes:
    """As Active Directory wants it (MS-ADTS 3.1.1.3.1.5)."""
    return f'"{password}"'.encode("utf-16-le")


def look_up(url: str, address: str, ends_at: float) -> bool:
    with connected(url, ends_at) as connection:
        return _entry(connection, address, ends_at) is not None


def find(url: str, address: str, ends_at: float) -> list[Entry]:
    """Two at most: several are as bad as any number."""
    with connected(url, ends_at) as connection:
        return _entries(connection, address, ends_at)


def see_base(url: str, ends_at: float) -> None:
    """Raises Away if LDAP_BASE is not there, or not for us."""
    with connected(url, ends_at) as connection:
        connection.search_ext_s(
            settings.LDAP_BASE, ldap.SCOPE_BASE, "(objectClass=*)", ["1.1"], timeout=max(ends_at - time.monotonic(), 0)
        )


# --- The connection ---------------------------------------------------------------------------------------------------


@contextmanager
def connected(url: str, ends_at: float) -> Iterator[Any]:
    """Bound as the service, over a connection whose other end was verified."""
    connection = None
    try:
        connection = ldap.initialize(url)
        _prepare(connection, ends_at)
        if _starts_tls(url):
            connection.start_tls_s()
        limit(connection, ends_at)
        connection.simple_bind_s(settings.LDAP_BIND_DN, settings.LDAP_BIND_PASSWORD)
        _look_up_between(connection)
        yield connection
    except Away:
        raise
    except Exception as error:  # of the library, or of whatever a broken server sends
        raise Away(_said(error), type(error).__name__) from None
    finally:
        if connection is not None:
            with suppress(ldap.LDAPError):
                connection.unbind_ext_s()


def _prepare(connection: Any, ends_at: float) -> None:
    connection.set_option(ldap.OPT_PROTOCOL_VERSION, 3)
    # A referral may lead anywhere, and the password would go there too: see docs/decisions/0054-directory.md.
    connection.set_option(ldap.OPT_REFERRALS, 0)
    connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_DEMAND)
    connection.set_option(ldap.OPT_X_TLS_PROTOCOL_MIN, ldap.OPT_X_TLS_PROTOCOL_TLS1_2)
    if authorities := settings.LDAP_CA_FILE or ssl.get_default_verify_paths().cafile:
        connection.set_option(ldap.OPT_X_TLS_CACERTFILE, authorities)
    connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    limit(connection, ends_at)


def _look_up_between(connection: Any) -> None:
    """Of an answer that has begun libldap waits for the rest without looking at the time."""
    with socket.socket(fileno=os.dup(connection.fileno())) as wire:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 200_000))  # s, µs


def limit(connection: Any, ends_at: float) -> None:
    """What is left of the time is for each step anew."""
    left = ends_at - time.monotonic()
    if left <= 0:
        raise Away("no answer in time")
    connection.set_option(ldap.OPT_NETWORK_TIMEOUT, left)
    connection.set_option(ldap.OPT_TIMEOUT, left)


def _starts_tls(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme != "ldap" or settings.LDAP_STARTTLS == "off":
        return False
    return settings.LDAP_STARTTLS == "on" or parts.hostname not in ("127.0.0.1", "::1", "localhost")


def _said(error: Exception) -> str:
    """The library's name of it and the server's words, which hold no password."""
    details = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    words = [type(error).__name__, str(details.get("desc", "")), str(details.get("info", ""))]
    return " ".join(": ".join(word for word in words if word).split())


# --- The person -------------------------------------------------------------------------------------------------------


def filter_for(address: str) -> str:
    local_part = address.partition("@")[0]
    escaped = {"address": filters.escape_filter_chars(address), "name": filters.escape_filter_chars(local_part)}
    return re.sub(r"\{(address|name)\}", lambda match: escaped[match[1]], settings.LDAP_FILTER)


def _entry(connection: Any, address: str, ends_at: float) -> Entry | None:
    found = _entries(connection, address, ends_at)
    return found[0] if len(found) == 1 else None


def _entries(connection: Any, address: str, ends_at: float) -> list[Entry]:
    limit(connection, ends_at)
    try:
        found = connection.search_ext_s(
            settings.LDAP_BASE, ldap.SCOPE_SUBTREE, filter_for(address), ["userAccountControl"],
            timeout=max(ends_at - time.monotonic(), 0), sizelimit=3,
        )  # fmt: skip
    except ldap.SIZELIMIT_EXCEEDED:
        return [Entry("", is_disabled=False)] * 2
    # Those without a name lead to other servers.
    return [Entry(dn, is_disabled(attributes)) for dn, attributes in found if dn]


def is_disabled(attributes: dict[str, list[bytes]]) -> bool:
    return bool(int(attributes.get("userAccountControl", [b"0"])[0]) & DISABLED)


def _bind(connection: Any, dn: str, password: str, ends_at: float) -> Answer:
    limit(connection, ends_at)
    try:
        asked = connection.simple_bind(dn, password, serverctrls=[PasswordPolicyControl()])
        *_, controls = connection.result3(asked, timeout=max(ends_at - time.monotonic(), 0))
    except (ldap.INVALID_CREDENTIALS, ldap.INAPPROPRIATE_AUTH) as error:
        return _refusal(error)
    return _of_policy(controls) or Answer.RIGHT


def _refusal(error: Exception) -> Answer:
    details = error.args[0] if error.args else {}
    if match := SUBCODE.search(str(details.get("info", ""))):
        return SUBCODES.get(match[1], Answer.WRONG)
    return _of_policy(DecodeControlTuples(details.get("ctrls") or [])) or Answer.WRONG


def _of_policy(controls: list[Any]) -> Answer | None:
    for control in controls:
        if isinstance(control, PasswordPolicyControl) and control.error is not None:
            return POLICY.get(control.error)
    return None
