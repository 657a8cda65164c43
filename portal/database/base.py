"""Django's engine for PostgreSQL, on connections that do not wait for ever."""

import time
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import psycopg
from django.db.backends import utils
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql import base

from accounts.lib import clock
from accounts.lib.prepared import Repeated
from portal.database import hosts, waiting
from portal.database.pulse import pulse

ANSWERS_WITHIN = 1.0  # seconds
COMMITS_WITHIN = 2.0  # seconds
NOW = "SELECT extract(epoch FROM clock_timestamp())::float"  # in nobody's time zone
WAITING = "ARRAY(SELECT pid || ' ' || query_start FROM pg_stat_activity WHERE wait_event = 'SyncRep')"


class _Driver(ModuleType):
    """Psycopg, with another kind of connection."""

    connect = waiting.Connection.connect

    def __getattr__(self, name: str) -> Any:
        return getattr(psycopg, name)


class Cursor(utils.CursorWrapper):
    """Django's, which writes values into the SQL, so that PostgreSQL plans each statement anew; but what is asked again
    and again is planned once (docs/decisions/0124-planned-once.md)."""

    def _execute(self, sql: Any, params: Any, *ignored: Any) -> Any:
        if isinstance(sql, Repeated):
            self.cursor = base.ServerBindingCursor(self.db.connection)  # type: ignore[call-arg]
        return super()._execute(sql, params, *ignored)  # type: ignore[misc]


class DatabaseWrapper(base.DatabaseWrapper):
    Database = _Driver("psycopg")

    def get_connection_params(self) -> dict[str, Any]:
        return hosts.in_order(super().get_connection_params())

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """And it is asked what time it is: machines differ."""
        connection = super().get_new_connection(conn_params)
        hosts.note(connection)
        if self._plans_once():
            connection.prepare_threshold = 0  # the first time; of Cursor's other statements psycopg prepares none
        with connection.cursor() as cursor:
            asked = datetime.now(UTC)
            _measure(asked, cursor.execute(NOW).fetchone())
        connection.rollback()
        return connection

    def make_cursor(self, cursor: Any) -> utils.CursorWrapper:
        return Cursor(cursor, self) if self._plans_once() else super().make_cursor(cursor)

    def _plans_once(self) -> bool:
        """A pooler by transactions says so as Django has it: each transaction may have another connection there. Who
        sets `prepare_threshold` knows better."""
        settings = self.settings_dict
        return not settings.get("DISABLE_SERVER_SIDE_CURSORS") and "prepare_threshold" not in settings["OPTIONS"]

    def is_usable(self) -> bool:
        """Asked before the first statement of a request or a task: it need not be connected anew to notice that this
        machine's clock was set."""
        if self.connection is None:
            return False
        asked = datetime.now(UTC)
        try:
            _measure(asked, self.connection.execute(NOW).fetchone())
        except psycopg.Error:
            return False
        return True


def _measure(asked: datetime, answer: tuple[float] | None) -> None:
    if answer:
        clock.measure(datetime.fromtimestamp(answer[0], UTC), asked)


class Probe:
    """A connection of its own, kept: that a new one is refused says little where all are taken."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        self._parameters = {name: value for name, value in parameters.items() if name not in OF_DJANGO}
        self._line: waiting.Connection | None = None
        self._commits: dict[str, float] = {}

    def answers(self) -> bool:
        waiting.within(ANSWERS_WITHIN)
        if self._line is not None:
            try:
                return self._ask(self._line)
            except waiting.Silent:
                self._line = None
                return False
            except psycopg.Error:  # it was cut, which says nothing about a new one
                self._line = None
        try:
            self._line = waiting.Connection.connect(autocommit=True, **hosts.in_order(self._parameters))
            hosts.note(self._line)
            return self._ask(self._line)
        except psycopg.Error:
            return False

    def _ask(self, line: waiting.Connection) -> bool:
        """It reads, and no commit waits in vain for a second machine. Such a one is there as long as none is; whoever
        made it has gone."""
        asked = datetime.now(UTC)
        answer = line.execute(f"{NOW}, {WAITING}").fetchone()  # one round trip: the line may be a slow one
        _measure(asked, answer)
        now, found = time.monotonic(), answer[1] if answer else []
        self._commits = {commit: self._commits.get(commit, now) for commit in found}
        return all(now - since < COMMITS_WITHIN for since in self._commits.values())


def watch(wrapper: BaseDatabaseWrapper) -> None:
    """From now on the waits of this process end when the database does not answer."""
    parameters: dict[str, Any] = wrapper.get_connection_params()
    pulse.start(Probe(parameters).answers)


OF_DJANGO = ("context", "cursor_factory", "prepare_threshold", "autocommit")
