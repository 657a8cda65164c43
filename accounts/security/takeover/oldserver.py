"""People of the mail server that is replaced, as its own database has them: asked by TAKEOVER_QUERY, and only read."""

import sqlite3
import ssl
from collections.abc import Iterator
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import psycopg
from django.conf import settings

CONNECTS_WITHIN = 5  # seconds
SILENT_WITHIN = 60  # seconds
FEWEST, MOST = 2, 3  # columns


class Unreadable(Exception):
    """It says why, without a word of what stands there."""


class Row(NamedTuple):
    number: int
    address: str
    hash: str
    name: str = ""


def read() -> Iterator[Row]:
    """Raises Unreadable."""
    where, query = settings.TAKEOVER_DATABASE, settings.TAKEOVER_QUERY.rstrip("; ")
    if not where:
        raise Unreadable("TAKEOVER_DATABASE_URL is not set")
    try:
        connection = CONNECT[where["ENGINE"].rpartition(".")[2]](where)
    except (psycopg.Error, sqlite3.Error, OSError) as error:
        raise Unreadable(_first_line(error)) from None
    with closing(connection), closing(connection.cursor()) as cursor:
        _try_out(connection, cursor, query)
        try:
            cursor.execute(query)
            for number, row in enumerate(cursor, 1):
                yield Row(number, *map(_text, row))
        except connection.Error as error:  # its words may hold what was read
            raise Unreadable(f"the query was broken off ({type(error).__name__})") from None


def _try_out(connection: Any, cursor: Any, query: str) -> None:
    """It finds nobody yet: so what is wrong with it can be told in the words of that database."""
    try:
        cursor.execute(f"SELECT * FROM (\n{query}\n) AS people WHERE 1 = 0")  # noqa: S608 - who sets it may ask anything
    except connection.Error as error:
        raise Unreadable(_first_line(error)) from None
    if not FEWEST <= len(cursor.description) <= MOST:
        raise Unreadable("TAKEOVER_QUERY must give address and hash, and perhaps name")


def _first_line(error: Exception) -> str:
    """MySQL's have a number before them."""
    return str(error.args[-1] if error.args else error).strip().partition("\n")[0]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


# --- How each of them is reached, for reading only --------------------------------------------------------------------


def _postgres(where: dict[str, Any]) -> Any:
    """TLS as its URL says: libpq knows sslmode and sslrootcert."""
    connection = psycopg.connect(
        host=unquote(where["HOST"]), port=where["PORT"], user=where["USER"], password=where["PASSWORD"],
        dbname=where["NAME"], connect_timeout=CONNECTS_WITHIN, **where.get("OPTIONS", {}),
    )  # fmt: skip
    connection.read_only = True
    return connection


def _mysql(where: dict[str, Any]) -> Any:
    import pymysql  # noqa: PLC0415 - an extra

    host, options = unquote(where["HOST"]), where.get("OPTIONS", {})
    place = {"unix_socket": host} if host.startswith("/") else {"host": host or "localhost"}
    mode = options.get("sslmode")
    tls = ssl.create_default_context(cafile=options.get("sslrootcert")) if mode == "verify-full" else None
    try:
        return pymysql.connect(
            **place, port=where["PORT"] or 3306, user=where["USER"], password=where["PASSWORD"],
            database=where["NAME"], charset="utf8mb4", connect_timeout=CONNECTS_WITHIN, read_timeout=SILENT_WITHIN,
            init_command="SET SESSION TRANSACTION READ ONLY", ssl=tls, ssl_disabled=mode == "disable",
        )  # fmt: skip
    except pymysql.Error as error:
        raise Unreadable(_first_line(error)) from None


def _sqlite(where: dict[str, Any]) -> Any:
    return sqlite3.connect(f"file:{quote(where['NAME'])}?mode=ro", uri=True, timeout=CONNECTS_WITHIN)


CONNECT = {"postgresql": _postgres, "mysql": _mysql, "sqlite3": _sqlite}
