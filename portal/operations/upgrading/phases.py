"""When a migration may be run while people are served: expand, deploy, contract.

What only adds is run before the new code is there, so the old code must not notice it. What takes away is run when no
old process is left. All else would stop somebody, and has to become two releases; or it says itself, by a line
`phase = "expand"` or `phase = "contract"` in its class, what nobody can tell from its operations.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from django.db import connection, migrations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Field

from accounts.lib.growing import AddIndexWhileServed


class Phase(StrEnum):
    EXPAND = "expand"
    CONTRACT = "contract"
    NEVER = "never"


class Step(NamedTuple):
    migration: migrations.Migration
    phase: Phase
    why: str  # it is NEVER


UNNOTICED = (
    migrations.CreateModel, AddIndexWhileServed, migrations.RemoveConstraint, migrations.AlterModelOptions,
    migrations.AlterModelManagers,
)  # fmt: skip
TAKES_AWAY = (migrations.DeleteModel, migrations.RemoveIndex)


def steps(plan: Iterable[migrations.Migration], state: ProjectState) -> Iterator[Step]:
    """`state`: of the database now. What depends on something that is run late is run late too."""
    late: set[tuple[str, str]] = set()
    for migration in plan:
        found = list(_looks(migration, state))
        phase = Phase(getattr(migration, "phase", _latest(each for each, _ in found)))
        if phase is Phase.EXPAND and late.intersection(migration.dependencies):
            phase = Phase.CONTRACT
        if phase is Phase.CONTRACT:
            late.add((migration.app_label, migration.name))
        yield Step(migration, phase, "; ".join(why for each, why in found if each is phase is Phase.NEVER))


def _latest(phases: Iterable[Phase]) -> Phase:
    return max(phases, key=list(Phase).index, default=Phase.EXPAND)


def _looks(migration: migrations.Migration, state: ProjectState) -> Iterator[tuple[Phase, str]]:
    """Of each operation; `state` is carried past it. A table that is made here is nobody's yet."""
    made: set[str] = set()
    for operation in migration.operations:
        before = state.clone()
        operation.state_forwards(migration.app_label, state)
        if isinstance(operation, migrations.CreateModel):
            made.add(operation.name_lower)
        table = str(getattr(operation, "model_name", "")).lower()
        yield (Phase.EXPAND, "") if table in made else _look(operation, migration.app_label, table, before, state)


def _look(operation: Operation, app: str, table: str, before: ProjectState, after: ProjectState) -> tuple[Phase, str]:
    def field(state: ProjectState) -> Any:
        return state.apps.get_model(app, table)._meta.get_field(operation.name)  # type: ignore[attr-defined]

    match operation:
        case migrations.AddField():
            return _added(operation.name, table, field(after))
        case migrations.RemoveField():
            return _removed(operation.name, table, field(before))
        case migrations.AlterField():
            return _altered(operation.name, table, field(before), field(after))
        case _ if isinstance(operation, UNNOTICED):
            return Phase.EXPAND, ""
        case _ if isinstance(operation, TAKES_AWAY):
            return Phase.CONTRACT, ""
        case migrations.AddIndex():
            return Phase.NEVER, f"while {operation.describe()} nobody writes to {table}: AddIndexWhileServed"
    return Phase.NEVER, f"nobody can tell what the old code makes of this: {operation.describe()}"


def _added(name: str, table: str, field: Any) -> tuple[Phase, str]:
    if not _is_optional(field):
        return Phase.NEVER, f"the old code writes to {table} without {name}: db_default, or null=True"
    if field.concrete and (field.unique or field.db_index):
        return Phase.NEVER, f"while the index of {name} is made nobody writes to {table}: db_index=False at first"
    return Phase.EXPAND, ""


def _removed(name: str, table: str, field: Any) -> tuple[Phase, str]:
    if _is_optional(field):
        return Phase.CONTRACT, ""
    return Phase.NEVER, f"the new code writes to {table} without {name}, which must be: db_default, a release before"


def _altered(name: str, table: str, old: Field[Any, Any], new: Field[Any, Any]) -> tuple[Phase, str]:
    editor: Any = connection.schema_editor(collect_sql=True)
    if not editor._field_should_be_altered(old, new) or _is_wider(old, new):
        return Phase.EXPAND, ""
    return Phase.NEVER, f"{name} of {table} is not what the other code takes it for"


def _is_optional(field: Any) -> bool:
    return bool(field.many_to_many or field.null or field.has_db_default())


def _is_wider(old: Field[Any, Any], new: Field[Any, Any]) -> bool:
    """It takes all that the old one took, and the table is not written anew for it."""
    (_, old_path, old_words, before), (_, new_path, new_words, now) = old.deconstruct(), new.deconstruct()
    differing = {
        word for word in {*before, *now} - set(old.non_db_attrs)
        if word != "to" and before.get(word) != now.get(word)
    }  # fmt: skip
    wider = {"null": bool(now.get("null")), "db_default": "db_default" in now}
    wider["max_length"] = (now.get("max_length") or 0) > (before.get("max_length") or 0)
    return (old_path, old_words) == (new_path, new_words) and all(wider.get(word, False) for word in differing)
