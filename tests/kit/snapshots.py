"""All that the database holds, to see whether something was changed."""

from typing import Any

from django.apps import apps
from django.contrib.sessions.models import Session

from accounts.presses.models import Press


def everything() -> dict[str, list[Any]]:
    """Every row of every table, sessions decoded. Messages that wait to be shown once do not count, nor does it that a
    form came."""
    rows: dict[str, list[Any]] = {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for model in apps.get_models()
        if model is not Press
    }
    rows[Session._meta.label] = [
        (session.pk, {key: value for key, value in session.get_decoded().items() if key != "_messages"})
        for session in Session.objects.order_by("pk")
    ]
    return rows


def changed(before: dict[str, list[Any]]) -> list[str]:
    """The tables that differ now."""
    after = everything()
    return [table for table in before if before[table] != after[table]]
