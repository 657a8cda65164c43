"""The wire formats in which servers ask: a form (Dovecot's Lua, anything that speaks HTTP), nginx's `auth_http`
headers, and Basic as its `auth_request` passes it on. They only read and write; decision.py decides."""

import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.utils import timezone

from accounts.lib import clock, origins
from accounts.users import usernames
from apppasswords.maillogin.decision import PROTOCOLS, Login, Outcome, Reason, Verdict

LARGEST_BODY = 16 * 1024  # bytes
# What servers call the protocols.
ALIASES = {"submission": "smtp", "pop": "pop3", "managesieve": "sieve"}
NOBODY = "\ufffd"  # who wrote a name that is no text: the replacement sign is in no mailbox
NGINX_WAIT = "2"  # seconds before nginx takes another attempt on the connection


class MalformedError(Exception):
    """The server asked in a way that means nothing. Its text holds nothing of what was asked."""


@dataclass(frozen=True)
class Answer:
    status: int
    text: str  # one ASCII line for the person; some programs read "lock" in it as a mailbox in use: avoid the word
    headers: Mapping[str, str] = field(default_factory=dict)


class Asked(NamedTuple):
    """What is asked, and how the answer is written."""

    login: Login
    write: Callable[[Verdict, Login], Answer]


PATHS = {"/login": "POST", "/login/nginx": "GET", "/login/basic": "GET"}
TOKEN = f"Bearer {settings.MAIL_AUTH_TOKEN}".encode()


def read(
    method: str, path: str, authorization: str, headers: Callable[[], Mapping[str, str]], body: bytes
) -> Answer | Asked | None:
    """An answer where nothing has to be decided. None: whether anything can be is what is asked."""
    if path not in PATHS:
        return _read_health(method, path)
    if method != PATHS[path]:
        return Answer(405, "method not allowed", {"Allow": PATHS[path]})
    if not hmac.compare_digest(authorization.encode("latin-1", "replace"), TOKEN):
        return Answer(403, "wrong token")
    try:
        if path == "/login":
            return Asked(read_form(body), write_form)
        if path == "/login/basic":
            who = read_basic(headers())
            return Asked(who, write_basic) if who else ask_who()
        return Asked(read_nginx({**headers(), **repeated_headers(body)}), write_nginx)
    except MalformedError as error:
        return Answer(400, str(error))


def _read_health(method: str, path: str) -> Answer | None:
    if path not in ("/health/live", "/health/ready") or method not in ("GET", "HEAD"):
        return Answer(404, "not found")
    return Answer(200, "ok") if path == "/health/live" else None


def title(header: str) -> str:
    return header.title().replace("-Ip", "-IP")


# --- The form --------------------------------------------------------------------------------------------------------


def read_form(body: bytes) -> Login:
    fields = _fields(body)
    try:
        user, password = decoded(fields["user"]), decoded(fields["password"])
        protocol, address = decoded(fields["protocol"]), decoded(fields["address"])
        session = decoded(fields.get("session", b""))
    except KeyError:
        raise MalformedError("user, password, protocol and address are needed") from None
    return _login(user, password, protocol, address, session or "")


def _fields(body: bytes) -> dict[str, bytes]:
    """The pairs of a form, in bytes: a password that is not UTF-8 must not become another one."""
    if len(body) > LARGEST_BODY:
        raise MalformedError("too large")
    pairs = (pair.partition(b"=") for pair in body.split(b"&") if pair)
    fields: dict[str, bytes] = {}
    for name, equals, value in pairs:
        key = name.decode("latin-1")
        if not equals or key in fields:
            raise MalformedError("not a form, or a field given twice")
        fields[key] = unquote_to_bytes(value.replace(b"+", b" "))
    return fields


def write_form(verdict: Verdict, login: Login) -> Answer:
    text = words(verdict)
    match verdict.outcome:
        case Outcome.YES:
            return Answer(200, text, _mailbox(login))
        case Outcome.NO:
            return Answer(401, text, {"Mailkey-Refusal": "password"} if _is_plain(verdict) else {})
        case Outcome.BANNED:
            return Answer(429, text, {"Retry-After": str(_seconds_until(verdict.banned_until))})
        case _:  # it cannot be told
            return Answer(503, text, {"Retry-After": "5"})


# --- nginx -----------------------------------------------------------------------------------------------------------


def read_nginx(headers: Mapping[str, str]) -> Login:
    """nginx percent-encodes `%`, space and controls; every other byte comes raw, and is read as latin-1."""
    try:
        method, user, password, protocol, address = (
            headers[name] for name in ("Auth-Method", "Auth-User", "Auth-Pass", "Auth-Protocol", "Client-IP")
        )
    except KeyError:
        raise MalformedError("headers of auth_http are missing") from None
    if method not in ("plain", "login"):
        raise MalformedError("only plain and login carry the password itself")
    login = _login(decoded(_raw(user)), decoded(_raw(password)), protocol, address)
    if login.protocol not in settings.NGINX_BACKENDS:
        raise MalformedError("nginx speaks no such protocol")
    return login


def repeated_headers(body: bytes) -> dict[str, str]:
    """deploy/nginx repeats them in the body: releases before read one that is not ASCII as an empty one."""
    lines = (line.partition(b": ") for line in body.split(b"\n"))
    return {name.decode("latin-1"): value.decode("latin-1") for name, colon, value in lines if colon}


def _raw(header: str) -> bytes:
    return unquote_to_bytes(header.encode("latin-1"))


def write_nginx(verdict: Verdict, login: Login) -> Answer:
    """nginx closes the connection on any status but 200, so everything is said in Auth-Status."""
    protocol = login.protocol
    if verdict.outcome is Outcome.YES:
        host, _, port = settings.NGINX_BACKENDS[protocol].rpartition(":")
        return Answer(200, "ok", {"Auth-Status": "OK", "Auth-Server": host, "Auth-Port": port, **_mailbox(login)})
    text = words(verdict)
    headers = {"Auth-Status": _code(verdict, protocol) + text, "Auth-Wait": NGINX_WAIT}
    if verdict.outcome is Outcome.CANNOT_TELL:
        headers["Auth-Error-Code"] = "454 4.7.0"
    elif protocol == "smtp":
        headers["Auth-Error-Code"] = "535 5.7.8"
    return Answer(200, text, headers)


def _code(verdict: Verdict, protocol: str) -> str:
    """What programs understand without reading the text: whether to ask for a password, or to try again later."""
    match protocol, verdict.outcome:
        case "imap", Outcome.CANNOT_TELL:
            return "[UNAVAILABLE] "
        case "imap", _ if _is_plain(verdict):
            return "[AUTHENTICATIONFAILED] "  # programs ask for another password; an alert some take for our fault
        case "imap", _:
            return "[ALERT] "  # as Dovecot: programs show the text
        case "pop3", Outcome.CANNOT_TELL:
            return "[SYS/TEMP] "
        case "pop3", _:
            return "[AUTH] "
    return ""


# --- Basic, of programs that speak HTTP: calendars, contacts, ActiveSync ---------------------------------------------

BY_HTTP = ("dav", "eas")
CHALLENGE = {"WWW-Authenticate": 'Basic realm="Mail", charset="UTF-8"'}


def read_basic(headers: Mapping[str, str]) -> Login | None:
    """What nginx's `auth_request` passes on. None: the program has not said who it is yet."""
    scheme, _, said = headers.get("Client-Authorization", "").partition(" ")
    try:
        user, colon, password = b64decode(said.strip(), validate=True).partition(b":")
    except ValueError:
        return None
    if scheme.lower() != "basic" or not colon:
        return None
    login = _login(decoded(user), decoded(password), headers.get("Auth-Protocol"), headers.get("Client-IP"))
    if login.protocol not in BY_HTTP:
        raise MalformedError("no protocol that asks so")
    return login


def write_basic(verdict: Verdict, login: Login) -> Answer:
    """nginx takes 200, 401 and 403; all else is an error to it, of which deploy/nginx/dav.conf makes 503."""
    text = words(verdict)
    match verdict.outcome:
        case Outcome.YES:
            return Answer(200, text, _mailbox(login))
        case Outcome.NO:
            return Answer(401, text, CHALLENGE)
        case Outcome.BANNED:
            return Answer(403, text)
        case _:  # it cannot be told
            return Answer(503, text)


def ask_who() -> Answer:
    return Answer(401, "Name and app password, please.", CHALLENGE)


# --- All --------------------------------------------------------------------------------------------------------------


def _mailbox(login: Login) -> dict[str, str]:
    """Whose it is. The name came in as the person wrote it: capitals, a blank, a full-width sign. Servers go on with
    this one, which is safe in a path."""
    return {"Auth-User": usernames.canonical(login.user) or ""}


def _is_plain(verdict: Verdict) -> bool:
    """Name or password wrong, and no more to be said: the program should ask for another password."""
    return verdict.outcome is Outcome.NO and verdict.reason is not Reason.BARE_NAME and not verdict.banned_until


def _login(
    user: str | None, password: str | None, protocol: str | None, address: str | None, session: str = ""
) -> Login:
    protocol = ALIASES.get(protocol or "", protocol or "")
    if protocol not in PROTOCOLS:
        raise MalformedError("unknown protocol")
    parsed = origins.parse(address or "")
    if parsed is None:
        raise MalformedError("the address is none")
    return Login(user if user is not None else NOBODY, password, protocol, str(parsed), session)


def decoded(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def words(verdict: Verdict) -> str:
    """For the person at the mail program. It never tells a wrong password from an unknown mailbox."""
    match verdict.outcome:
        case Outcome.YES:
            return "ok"
        case Outcome.CANNOT_TELL:
            return "The sign-in cannot be checked at the moment. Please try again later."
        case Outcome.BANNED:
            return f"Too many wrong passwords from your address. Try again after {_clock(verdict.banned_until)}."
    if verdict.reason is Reason.BARE_NAME:
        said = "Use your whole mail address as the user name."
    else:
        said = "Wrong address or password. With two-step on, mail programs need an app password."
    if verdict.banned_until:
        said += f" Too many wrong passwords from your address: try again after {_clock(verdict.banned_until)}."
    return said


def _clock(moment: datetime | None) -> str:
    return clock.moment(moment) if moment else ""


def _seconds_until(moment: datetime | None) -> int:
    return max(int((moment - timezone.now()).total_seconds()) + 1, 1) if moment else 1
