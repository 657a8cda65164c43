"""Migrations of tables that are long and in use."""

from typing import Any

from django.db.migrations.operations import AddIndex


class AddIndexWhileServed(AddIndex):
    """Who writes to the table meanwhile does not wait. Its migration has `atomic = False`, and nothing else in it."""

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        # One that was interrupted leaves its name behind.
        schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(self.index.name)}")
        schema_editor.add_index(to_state.apps.get_model(app_label, self.model_name), self.index, concurrently=True)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        concurrently = {"concurrently": True} if schema_editor.connection.vendor == "postgresql" else {}
        model = from_state.apps.get_model(app_label, self.model_name)
        schema_editor.remove_index(model, self.index, **concurrently)
