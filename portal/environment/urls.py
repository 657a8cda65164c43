"""Settings that are URLs: each function reads one, or raises ValueError. django-environ takes most of them apart."""

import re
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from portal.environment.hosts import HOST
from portal.environment.kinds import Hint, text, words

ENCODED = "in a name or password @ : / ? # % are written as %40 %3A %2F %3F %23 %25"
FOREIGN = "the database of another program, as mysql://name:password@host:port/database, postgres://… or sqlite:////folder/file"
DATABASE = "postgres://name:password@host:port/database, of several host1:5432,host2:5432, or sqlite:////folder/file"
MAILER = "smtp://host:25, or smtp+tls://name:password@host:587"
BROKER = "redis://localhost:6379/0, redis://:password@host:port/0, or sentinel://host1:26379;sentinel://host2:26379"
DATABASES = ("postgres", "postgresql", "pgsql", "psql", "sqlite")
FOREIGN_DATABASES = (*DATABASES, "mysql")
TLS, KNOWN = "?sslmode=verify-full&sslrootcert=/folder/ca.pem", {"sslmode", "sslrootcert"}
MAILERS = ("smtp", "smtps", "smtp+tls", "smtp+ssl", "consolemail", "filemail", "memorymail", "dummymail")
BROKERS = ("redis", "rediss", "redis+socket", "sentinel", "amqp", "amqps", "filesystem", "memory")


def url(value: str) -> str:
    value = text(value)
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not HOST.fullmatch(parts.netloc.rpartition(":")[0] or parts.netloc):
        raise ValueError
    if " " in value or parts.port == 0:  # the port itself raises ValueError if it is none
        raise ValueError
    return value


def own_urls(value: str) -> list[str]:
    """A secret goes there: without TLS only on this machine."""
    found = [url(word) for word in words(value)]
    for word in found:
        parts = urlsplit(word)
        if parts.scheme == "http" and parts.hostname not in ("127.0.0.1", "::1", "localhost"):
            raise Hint(f"{word} goes over the network without TLS: it must be https.")
    return found


def directories(value: str) -> list[str]:
    found = words(value)
    for word in found:
        parts = urlsplit(word)
        if parts.scheme not in ("ldap", "ldaps") or not HOST.fullmatch(parts.netloc.rpartition(":")[0] or parts.netloc):
            raise Hint(f'"{word}" is none.')
        if parts.path or parts.query or parts.port == 0:
            raise Hint(f"{word} says more than a host and a port; where to search is LDAP_BASE.")
    return found


def foreign_database(value: str) -> dict[str, Any]:
    """What is read there is secret: from another machine it comes by TLS, unless the URL itself says otherwise."""
    found = database(value, FOREIGN_DATABASES)
    options, is_mysql = found.get("OPTIONS", {}), found["ENGINE"].endswith("mysql")
    if "sslmode" not in options and not _is_here(found["HOST"]):
        raise Hint(f"It is on another machine: {TLS}, or ?sslmode=disable if nobody can listen on the way.")
    if options.get("sslmode", "disable") not in ("verify-full", "disable") or (is_mysql and options.keys() - KNOWN):
        raise Hint(f"With TLS: {TLS}.")
    return found


def _is_here(hosts: str) -> bool:
    """A path is that of a socket."""
    return all(host in ("", "localhost", "127.0.0.1", "::1") or unquote(host)[:1] == "/" for host in hosts.split(","))


def database(value: str, schemes: tuple[str, ...] = DATABASES) -> dict[str, Any]:
    value = text(value)
    if value.partition("://")[0] not in schemes:
        raise ValueError
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: dict[str, Any] = environ.Env.db_url_config(value)
    name = str(found["NAME"])
    if found["ENGINE"].endswith("sqlite3"):
        if name != ":memory:" and not Path(name).parent.is_dir():
            raise Hint(f"There is no folder {Path(name).parent}.")
    elif not name or "/" in name or "@" in name:  # or the password ended too early
        raise ValueError
    return found


def mailer(value: str) -> dict[str, Any]:
    value = text(value)
    parts = urlsplit(value)
    if parts.scheme not in MAILERS or (parts.scheme.startswith("smtp") and not parts.hostname) or parts.fragment:
        raise ValueError
    try:
        found: dict[str, Any] = environ.Env.email_url_config(value)
    except ImproperlyConfigured:
        raise ValueError from None
    return found


def broker(value: str) -> str:
    value = text(value)
    for part in value.split(";"):  # sentinels
        scheme, separator, _ = part.partition("://")
        if not separator or scheme not in BROKERS:
            raise ValueError
        place = urlsplit(part)
        if place.fragment or place.port == 0 or "@" in place.path:
            raise ValueError
        if scheme in ("redis", "rediss") and not re.fullmatch(r"/?|/[0-9]+", place.path):
            raise ValueError
    return value
