"""SQL that mail logins run thousands of times: planned once for each connection, and asked with the least ceremony.

A connection prepares where its OPTIONS set `prepare_threshold`, as the mail login service does; through a pooler,
which would mix prepared statements up, and on SQLite the same SQL runs as any other. Measured: a prepared statement
through the ORM's cursor takes the process four times as long as through libpq's own call, which is what is used here.
"""

from collections.abc import Callable, Generator, Iterable
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Connection, errors, pq

from accounts.lib import clock, commits

Row = tuple[Any, ...]
TYPES = {str: 25, int: 20, datetime: 1184, date: 1082}  # text, bigint, timestamptz, date
FINE = (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK)
READ: dict[int, Callable[[bytes], Any]] = {
    16: lambda text: text == b"t",
    20: int,
    21: int,
    23: int,
    1184: lambda text: clock.parsed(text.decode()),
}


class Repeated(str):
    """SQL that is asked again and again: the portal and its workers have PostgreSQL plan it once for each connection
    (portal/database/base.py). Anywhere else it is a text like any other."""

    __slots__ = ()


class Statement:
    """`%s` stands for a value: a text, an integer, a time or a day, always of the same type at the same place."""

    def __init__(self, name: str, sql: str) -> None:
        self.name = name.encode()
        self.sql = Repeated(sql)

    def row(self, *values: Any) -> Row | None:
        """The first row of the answer."""
        connection = connections["default"]
        if not _prepares(connection):
            return self._run(connection, values)
        with connection.wrap_database_errors:
            raw: Connection[Any] = connection.connection
            self._prepare(raw, values)
            return first(raw, raw.pgconn.exec_prepared(self.name, [str(value).encode() for value in values]))

    def _run(self, connection: BaseDatabaseWrapper, values: Iterable[Any]) -> Row | None:
        with connection.cursor() as cursor:
            cursor.execute(self.sql, [adapted(connection, value) for value in values])
            row: Row | None = cursor.fetchone() if cursor.description else None
            return row

    def _prepare(self, raw: "Connection[Any]", values: Iterable[Any]) -> None:
        known = vars(raw).setdefault("prepared_here", set())  # it lives as long as the connection
        if self.name not in known:
            first(raw, raw.pgconn.prepare(self.name, self.numbered, types(values)))
            known.add(self.name)

    @cached_property
    def numbered(self) -> bytes:
        """As PostgreSQL prepares it."""
        parts = self.sql.split("%s")
        return ("".join(f"{part}${number}" for number, part in enumerate(parts[:-1], 1)) + parts[-1]).encode()


def types(values: Iterable[Any]) -> list[int]:
    return [TYPES[type(value)] for value in values]


def adapted(connection: BaseDatabaseWrapper, value: Any) -> Any:
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value


def array(values: Iterable[Any]) -> str:
    """As PostgreSQL reads an array; of what is written without quotes and backslashes."""
    return "{" + ",".join(f'"{value}"' for value in values) + "}"


def moment(value: Any) -> datetime | None:
    """A time in an answer. SQLite answers in UTC without saying so, and with text where it computed the value."""
    if isinstance(value, str):
        value = clock.parsed(value)
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


Steps = tuple[tuple[Statement, list[Any]], ...]  # one after the other in one transaction of their own
Answer = TypeVar("Answer")
Asking = Generator[Steps, Row | None, Answer]  # what asks, and goes on with the first row of the last one's answer


def together(*steps: tuple[Statement, list[Any]]) -> Row | None:
    """One after the other in one transaction of their own; the first row of the last one's answer."""
    connection = connections["default"]
    if not _prepares(connection):
        with commits.at_once() if len(steps) == 1 else transaction.atomic(durable=True):
            return [statement._run(connection, values) for statement, values in steps][-1]
    with connection.wrap_database_errors:
        raw: Connection[Any] = connection.connection
        escape = pq.Escaping(raw.pgconn).escape_literal
        sent = []
        for statement, values in steps:
            statement._prepare(raw, values)
            given = b", ".join(bytes(escape(str(value).encode())) for value in values)
            sent.append(b"EXECUTE %s(%s)" % (statement.name, given))
        # Sent as one text, they are one transaction and one round trip; each still sees what was committed before it.
        return first(raw, raw.pgconn.exec_(b"; ".join(sent)))


class Many(NamedTuple):
    """The same for many rows, in one transaction."""

    of_postgresql: Statement  # takes an array for each column
    of_one: Statement

    def write(self, rows: Iterable[Row], one: Callable[[Row], Iterable[Any]] = tuple) -> None:
        """`one`: the values of a row as `of_one` takes them."""
        if connections["default"].vendor == "postgresql":
            self.of_postgresql.row(*map(array, zip(*rows, strict=True)))
        else:
            together(*((self.of_one, list(one(row))) for row in rows))


def _prepares(connection: BaseDatabaseWrapper) -> bool:
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        return False
    if connection.settings_dict["OPTIONS"].get("prepare_threshold") is None:
        return False
    if connection.connection is None:
        connection.ensure_connection()
    return True


def first(raw: "Connection[Any]", result: pq.abc.PGresult) -> Row | None:
    """The first row. Raises what the database says is wrong."""
    if result.status not in FINE:
        raise errors.error_from_result(result, raw.info.encoding)
    if not result.ntuples:
        return None
    row = []
    for column in range(result.nfields):
        text = result.get_value(0, column)
        row.append(text if text is None else READ.get(result.ftype(column), bytes.decode)(text))
    return tuple(row)
