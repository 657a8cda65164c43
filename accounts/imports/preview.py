"""What the page shows of a file before anything is imported: how it was read, what it would do, what is wrong."""

import hashlib
import json
from typing import Any

from django.utils.translation import gettext as _
from tablib import Dataset

from accounts.imports.resource import COMPARED, WRITTEN, PeopleResource
from accounts.lib import clock, series
from accounts.sealing import contents
from accounts.spreadsheets import spreadsheets
from accounts.spreadsheets.spreadsheets import Table
from accounts.users.models import User

REPORTED = 200  # errors, warnings, people, that the page shows
TOP = 8  # rows of the file
WIDE = 40  # characters of a cell


def of_table(table: Table, names: list[str]) -> dict[str, Any]:
    """How it was read: what can be chosen anew. As it is kept: among its rows are columns that are not read."""
    reading: dict[str, Any] = contents.packed(_read(table, names))
    return reading


def _read(table: Table, names: list[str]) -> dict[str, Any]:
    return {
        "encoding": table.encoding,
        "sheet": table.sheet,
        "sheets": table.sheets,
        "heading": table.heading,
        "headers": [header[:WIDE] for header in table.headers],
        "columns": names,
        "top": [[row.line, [text[:WIDE] for text in row.texts[: len(table.headers) + 1]]] for row in table.top],
        "shown": TOP,
        "notes": table.notes + _unread(table, names),
    }


def _unread(table: Table, names: list[str]) -> list[str]:
    unread = [header or "—" for header, name in zip(table.headers, names, strict=True) if not name]
    if not unread:
        return []
    return [_("These columns are not read: %(columns)s.") % {"columns": series.join(text[:WIDE] for text in unread)}]


def of_people(resource: PeopleResource) -> dict[str, Any]:
    """Counts of everything, and the first of each kind."""
    new, edited = resource.create_instances, resource.update_instances
    return {
        "error_count": len({complaint.line for complaint in resource.complaints}),
        "errors": resource.complaints[:REPORTED],
        "warning_count": len(resource.warnings),
        "warnings": resource.warnings[:REPORTED],
        "new": len(new),
        "changed": len(edited),
        "unchanged": resource.unchanged,
        "two_step": len(resource.starts),
        "disabled": len(disabled(resource)),
        "sample_new": [_line(resource, user) for user in new[:REPORTED]],
        "sample_changed": [_line(resource, user) for user in edited[:REPORTED]],
    }


def disabled(resource: PeopleResource) -> list[User]:
    return [user for user in resource.update_instances if not user.is_active and _was_active(resource, user)]


def _was_active(resource: PeopleResource, user: User) -> bool:
    return bool(resource.before[user.pk][COMPARED.index("is_active")])


def _line(resource: PeopleResource, user: User) -> dict[str, Any]:
    """One person: each value, and what it replaces."""
    was = dict(zip(COMPARED, resource.before.get(user.pk, ()), strict=False))
    start = resource.starts.get(user.username)
    cells = []
    for name in WRITTEN:
        now = getattr(user, name)
        cells.append({"now": _text(now), "was": _text(was[name]) if name in was and was[name] != now else ""})
    cells.append({"now": _text(start or user.two_step_from), "was": _text(user.two_step_from) if start else ""})
    return {"address": user.username, "cells": cells}


def _text(value: Any) -> str:
    if value is None:
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if hasattr(value, "tzinfo"):
        return clock.moment(value)
    return str(value) or "—"


def version_of(resource: PeopleResource) -> str:
    """Of all that would be written, and of what it would replace. Empty: nothing."""
    people = (*resource.create_instances, *resource.update_instances)
    plan = [
        (user.username, *(getattr(user, name) for name in WRITTEN), resource.starts.get(user.username),
         resource.before.get(user.pk))
        for user in people
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(plan, default=str).encode()).hexdigest() if people else ""


def wrong_rows(table: Table, resource: PeopleResource) -> bytes | None:
    """As a file: these rows as they stand in the original, and what is wrong. Corrected, it can be handed in."""
    told: dict[int, list[str]] = {}
    for line, cell, _address, text in resource.complaints:
        told.setdefault(line, []).append(f"{cell} {text}".strip())
    if not told:
        return None
    rows = [row for row in table.rows if row.line in told]
    width = max(len(table.headers), *(len(row.cells) for row in rows))
    headers = [*table.headers, *[""] * (width - len(table.headers)), _("row in the file"), _("what is wrong")]
    dataset = Dataset(headers=headers)
    for row in rows:
        texts = row.texts + [""] * (width - len(row.cells))
        dataset.append([*texts, str(row.line), "; ".join(told[row.line])])
    return spreadsheets.write(dataset, "xlsx")
