"""What of a release may be run while the release before it serves."""

from typing import Any

import pytest
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Q

from accounts.lib.growing import AddIndexWhileServed
from portal.operations.upgrading import phases
from portal.operations.upgrading.phases import Phase

pytestmark = pytest.mark.django_db

# The newest of each app that landed before this was held; whoever runs them stops the services for it.
BEFORE = {
    "accounts": "0004", "apppasswords": "0008", "bans": "0003", "browsers": "0002", "delivery": "0007",
    "directory": "0004", "elsewhere": "0002", "factors": "0003", "imports": "0002", "log": "0018",
    "office": "0002", "phones": "0003", "rollouts": "0003", "signin": "0006",
}  # fmt: skip
OURS = ("accounts.", "apppasswords.", "portal.")

TABLE = migrations.CreateModel(
    "Thing",
    [
        ("id", models.BigAutoField(primary_key=True)),
        ("name", models.CharField(max_length=9)),
        ("kind", models.CharField(max_length=9, null=True)),
    ],
    options={"indexes": [models.Index(fields=["name"], name="things")]},
)


def migration(*operations: Operation, name: str = "0002", after: str = "0001", **more: Any) -> migrations.Migration:
    said = {"operations": list(operations), "dependencies": [("things", after)], **more}
    made: migrations.Migration = type("Migration", (migrations.Migration,), said)(name, "things")
    return made


def judged(*made: migrations.Migration) -> list[phases.Step]:
    state = ProjectState()
    TABLE.state_forwards("things", state)
    return list(phases.steps(made, state))


def phase(*operations: Operation, **more: Any) -> Phase:
    return judged(migration(*operations, **more))[0].phase


def test_what_the_old_code_does_not_notice() -> None:
    other = migrations.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))])
    index = models.Index(fields=["kind"], name="kinds")
    for operation in (
        other,
        migrations.AddField("Thing", "note", models.CharField(max_length=9, null=True)),
        migrations.AddField("Thing", "note", models.CharField(max_length=9, db_default="")),
        migrations.AlterField("Thing", "name", models.CharField("called", max_length=9, choices=[("a", "A")])),
        migrations.AlterField("Thing", "name", models.CharField(max_length=20, null=True)),
        AddIndexWhileServed("Thing", index),
        migrations.AlterModelOptions("Thing", {"ordering": ["name"]}),
    ):
        assert phase(operation) is Phase.EXPAND, operation
    assert (
        phase(other, migrations.AddField("Other", "name", models.CharField(max_length=9, default=""))) is Phase.EXPAND
    )


def test_what_waits_for_the_old_code_to_be_gone() -> None:
    gone = migration(migrations.RemoveField("Thing", "kind"))
    for operation in (migrations.RemoveField("Thing", "kind"), migrations.DeleteModel("Thing"),
                      migrations.RemoveIndex("Thing", "things")):  # fmt: skip
        assert phase(operation) is Phase.CONTRACT, operation
    back = migrations.AddField("Thing", "kind", models.CharField(max_length=9, null=True))
    assert [step.phase for step in judged(gone, migration(back, name="0003", after="0002"))] == [Phase.CONTRACT] * 2


def test_what_is_for_two_releases() -> None:
    constraint = models.CheckConstraint(condition=~Q(name=""), name="has_a_name")
    for operation, why in (
        (migrations.AddField("Thing", "note", models.CharField(max_length=9, default="")), "db_default"),
        (migrations.AddField("Thing", "note", models.CharField(max_length=9, null=True, unique=True)), "index"),
        (migrations.AddIndex("Thing", models.Index(fields=["kind"], name="kinds")), "AddIndexWhileServed"),
        (migrations.RemoveField("Thing", "name"), "db_default"),
        (migrations.AlterField("Thing", "kind", models.CharField(max_length=9, default="")), "not what"),
        (migrations.AlterField("Thing", "name", models.CharField(max_length=5)), "not what"),
        (migrations.AlterField("Thing", "name", models.TextField()), "not what"),
        (migrations.RenameField("Thing", "name", "title"), "nobody can tell"),
        (migrations.AddConstraint("Thing", constraint), "nobody can tell"),
        (migrations.RunPython(migrations.RunPython.noop), "nobody can tell"),
    ):
        (step,) = judged(migration(operation))
        assert step.phase is Phase.NEVER, operation
        assert why in step.why
    assert phase(migrations.RunPython(migrations.RunPython.noop), phase="expand") is Phase.EXPAND
    assert phase(migrations.RunPython(migrations.RunPython.noop), phase="contract") is Phase.CONTRACT


def test_every_migration_of_ours_can_be_run_while_people_are_served() -> None:
    loader = MigrationLoader(connection)
    plan = [loader.graph.nodes[node] for node in loader.graph._generate_plan(loader.graph.leaf_nodes(), at_end=True)]
    new = [one for one in plan if one.__module__.startswith(OURS) and one.name[:4] > BEFORE.get(one.app_label, "0001")]
    known = [(one.app_label, one.name) for one in plan if one not in new]
    stopping = [step for step in phases.steps(new, loader.project_state(known)) if step.phase is Phase.NEVER]
    assert not stopping, "\n".join(f"{step.migration}: {step.why}" for step in stopping)
