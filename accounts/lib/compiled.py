"""Queries of the ORM that every sign-in asks: turned into SQL once, and asked with other values. To build one anew
takes several times as long as to ask it.

    OF_A_NAME = Query(lambda name: User.objects.filter(username=name))
    OF_A_NAME.first("zhangsan@example.edu")
"""

from collections.abc import Callable, Hashable
from copy import copy
from inspect import signature
from typing import Any, Generic, NamedTuple, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, QuerySet
from django.db.models.sql.compiler import SQLCompiler

from accounts.lib import prepared

Row = TypeVar("Row")


class Given(Expression):
    """A value that is said when the query is asked: a text, a number, a time or a day, in the form that a row has."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.place = place

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


class Compiled(NamedTuple):
    rows: QuerySet[Any]
    compiler: SQLCompiler
    sql: str
    params: tuple[Any, ...]


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
        connection = connections[DEFAULT_DB_ALIAS]
        key = (connection.vendor, self._depends())
        found = self._compiled.get(key) or self._compiled.setdefault(key, self._compile())
        said = [prepared.adapted(connection, values[one.place]) if isinstance(one, Given) else one
                for one in found.params]  # fmt: skip
        compiler: Any = copy(found.compiler)
        compiler.connection, compiler.as_sql = connection, lambda *_, **__: (found.sql, said)
        rows = found.rows.all()
        rows.query.get_compiler = lambda *_, **__: compiler  # type: ignore[method-assign]
        return list(rows)

    def _compile(self) -> Compiled:
        rows = self._build(*(Given(place) for place in range(len(signature(self._build).parameters))))
        compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
        return Compiled(rows, compiler, *compiler.as_sql())
