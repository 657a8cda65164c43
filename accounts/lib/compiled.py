"""Queries of the ORM that every sign-in asks: turned into SQL once, and asked with other values. To build one anew
takes several times as long as to ask it.

    OF_A_NAME = Query(lambda name: User.objects.filter(username=name))
    OF_A_NAME.first("zhangsan@example.edu")
"""

from collections.abc import Callable, Hashable, Iterable
from copy import copy
from inspect import signature
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression, QuerySet
from django.db.models.sql import UpdateQuery
from django.db.models.sql.constants import ROW_COUNT

from accounts.lib import prepared

Row = TypeVar("Row")
Changes = dict[str, Any]


class Given(Expression):
    """A value that is said when the query is asked: a text, a number, a time or a day, in the form that a row has."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.place = place

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


class Compiled(NamedTuple):
    rows: QuerySet[Any]
    compiler: Any
    sql: prepared.Repeated
    params: tuple[Any, ...]

    @classmethod
    def of(cls, rows: QuerySet[Any], compiler: Any) -> "Compiled":
        sql, params = compiler.as_sql()
        # How the values of an answer are read depends on its columns alone.
        compiler.get_converters = _remembered(compiler.get_converters)
        return cls(rows, compiler, prepared.Repeated(sql), params)

    def asked(self, values: tuple[Any, ...]) -> Any:
        """A compiler that has nothing left to do."""
        connection, compiler = connections[DEFAULT_DB_ALIAS], copy(self.compiler)
        said = list(_said(connection, self.params, values))
        compiler.connection, compiler.as_sql = connection, lambda *_, **__: (self.sql, said)
        return compiler


def _remembered(get_converters: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    known: dict[int, Any] = {}

    def remember(columns: list[Any]) -> Any:
        found = known.get(len(columns))
        return known.setdefault(len(columns), get_converters(columns)) if found is None else found

    return remember


def _said(connection: BaseDatabaseWrapper, params: Iterable[Any], values: tuple[Any, ...]) -> Iterable[Any]:
    for param in params:
        yield prepared.adapted(connection, values[param.place]) if isinstance(param, Given) else param


class Query(Generic[Row]):
    """`build`: of values that are said later. What it reads of settings, `depends` returns too."""

    def __init__(
        self, build: Callable[..., QuerySet[Any, Row]], depends: Callable[[], Hashable] = lambda: None
    ) -> None:
        self._build, self._depends = build, depends
        self._compiled: dict[Hashable, Compiled] = {}

    def first(self, *values: Any) -> Row | None:
        return next(iter(self.all(*values)), None)

    def all(self, *values: Any) -> list[Row]:
        key = (connections[DEFAULT_DB_ALIAS].vendor, self._depends())
        found = self._compiled.get(key) or self._compiled.setdefault(key, self._compile())
        rows, compiler = found.rows.all(), found.asked(values)
        rows.query.get_compiler = lambda *_, **__: compiler  # type: ignore[method-assign]
        return list(rows)

    def _compile(self) -> Compiled:
        rows = self._build(*_givens(self._build))
        return Compiled.of(rows, rows.query.get_compiler(DEFAULT_DB_ALIAS))


class Change:
    """`build`: of values that are said later, the rows and what is written into them. `values`: how many, where it
    takes any number."""

    def __init__(self, build: Callable[..., tuple[QuerySet[Any], Changes]], values: int | None = None) -> None:
        self._build, self._values = build, values
        self._compiled: dict[str, Compiled] = {}

    def run(self, *values: Any) -> int:
        """How many rows were changed."""
        key = connections[DEFAULT_DB_ALIAS].vendor
        found = self._compiled.get(key) or self._compiled.setdefault(key, self._compile())
        changed: int = found.asked(values).execute_sql(ROW_COUNT)
        return changed

    def _compile(self) -> Compiled:
        rows, changes = self._build(*_givens(self._build, self._values))
        query: Any = rows.query.chain(UpdateQuery)
        query.add_update_values(changes)
        return Compiled.of(rows, query.get_compiler(DEFAULT_DB_ALIAS))


def _givens(build: Callable[..., Any], values: int | None = None) -> Iterable[Given]:
    return map(Given, range(len(signature(build).parameters) if values is None else values))
