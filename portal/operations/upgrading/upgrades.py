"""To another version while people are served. deploy/upgrade calls this from the tree of the new one."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.checks import run_checks
from django.core.management.sql import emit_post_migrate_signal
from django.db import OperationalError, connection, migrations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from portal import celery
from portal.operations import doctor, heartbeats
from portal.operations.upgrading import phases
from portal.operations.upgrading.phases import Phase, Step

EXAMINED = ("queue and clocks", "backups", "disk")
DRAINED_WITHIN = 60.0  # seconds
LOCK_WAITED_FOR = "400ms"  # who asks for the table meanwhile waits as long, and a mail login has 800
LOCK_TRIES = 100
HEARD_WITHIN = 90.0  # seconds
LOOKED_EVERY = 0.5  # seconds


class Failed(Exception):
    """Why, in a sentence."""


def troubles(folder: Path = doctor.BACKUPS) -> Iterator[str]:
    """Why this version is not to be gone over to now. Nothing is changed. `folder`: of backups."""
    for fault in run_checks(include_deployment_checks=not settings.DEBUG):
        if fault.is_serious() and not fault.is_silenced():
            yield f"settings: {fault.msg} {fault.hint or ''} ({fault.id})"
    for subject, finding in doctor.examine(folder, EXAMINED):
        if finding.is_trouble:
            yield f"{subject}: {finding.words}"
    executor = MigrationExecutor(connection)
    known = {app for app, _ in executor.loader.graph.nodes}
    for app, name in sorted(executor.loader.applied_migrations.keys() - executor.loader.graph.nodes.keys()):
        if app in known and (app, name) not in executor.loader.replacements:
            yield f"migrations: the database has {app}.{name}, of a newer version"
    for step in missing(executor):
        if step.phase is Phase.NEVER:
            yield f"migrations: {step.migration} is not for while people are served: {step.why}"
    yield from _queues()


def missing(executor: MigrationExecutor) -> list[Step]:
    """What the database has not seen yet, in its order."""
    plan = [migration for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]
    return list(phases.steps(plan, _state(executor)))


def run(phase: Phase, said: Callable[[str], object]) -> int:
    """How many migrations of this phase were run."""
    executor = MigrationExecutor(connection)
    found = missing(executor)
    wanted = [step.migration for step in found if step.phase is phase]
    if phase is Phase.CONTRACT and len(wanted) < len(found):
        raise Failed("There are migrations that belong before the new code: expand first.")
    for migration in wanted:
        said(f"{phase}: {migration}")
        _run_one(migration)
    emit_post_migrate_signal(verbosity=1, interactive=False, db=connection.alias)
    return len(wanted)


def silent() -> list[str]:
    """Queues that workers of this machine took from until just now, and since now do not; after a wait for them."""
    start, end = timezone.now(), time.monotonic() + HEARD_WITHIN
    lately = heartbeats.heard_here(start - heartbeats.SILENT_AFTER)
    while missed := sorted(lately - heartbeats.heard_here(start)):
        if time.monotonic() > end:
            return missed
        time.sleep(LOOKED_EVERY)
    return []


def _run_one(migration: migrations.Migration) -> None:
    """Whoever uses its table makes it wait, and not the other way round: it steps back, and tries again."""
    for last in (False,) * (LOCK_TRIES - 1) + (True,):
        try:
            with _short_locks(migration):
                MigrationExecutor(connection).migrate([(migration.app_label, migration.name)])
        except OperationalError as error:
            if last or not isinstance(error.__cause__, LockNotAvailable):
                raise Failed(f"{migration}: {error}") from error
            time.sleep(LOOKED_EVERY)
        else:
            return


@contextmanager
def _short_locks(migration: migrations.Migration) -> Iterator[None]:
    if not migration.atomic or connection.vendor != "postgresql":
        yield
        return
    _wait_for_locks(LOCK_WAITED_FOR)
    try:
        yield
    finally:
        _wait_for_locks("0")


def _wait_for_locks(limit: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [limit])


def _state(executor: MigrationExecutor) -> ProjectState:
    applied = [node for node in executor.loader.graph.nodes if node in executor.loader.applied_migrations]
    return executor.loader.project_state(applied)


def _queues() -> Iterator[str]:
    """What old code has queued is better done by old code."""
    end = time.monotonic() + DRAINED_WITHIN
    while True:
        lengths = celery.waiting(heartbeats.queues())
        if lengths is None:
            yield "queue: the broker does not answer, so nobody knows what work is left"
            return
        full = [queue for queue, length in lengths.items() if length]
        if not full:
            return
        if time.monotonic() > end:
            yield f"queue: there is still work in {', '.join(full)}: wait for it, or see what the worker does"
            return
        time.sleep(LOOKED_EVERY)
