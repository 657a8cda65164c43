"""What a plan does, as the office reads it: figures, and the first lines of each kind."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from accounts.directory.plan import Plan
from accounts.lib import numbers
from accounts.users.models import User

SHOWN = 200  # of each kind

Lines = dict[str, list[list[str]]]


def of(plan: Plan) -> dict[str, Any]:
    lines = _lines(plan)
    figures = {kind: len(found) for kind, found in lines.items()}
    return figures | {"lines": {kind: found[:SHOWN] for kind, found in lines.items() if found}}


def version_of(plan: Plan) -> str:
    """Another one as soon as anybody is treated otherwise. Whether leavers are held is another question."""
    lines = _lines(plan)
    lines["leavers"] = sorted(lines["leavers"] + lines.pop("held"))
    return hashlib.sha256(json.dumps(lines, sort_keys=True).encode()).hexdigest()


def _lines(plan: Plan) -> Lines:
    """Each begins with the address that somebody has afterwards."""
    moved = [edit for edit in plan.edits if "department" in edit.before]
    named = [edit for edit in plan.edits if "name" in edit.before]
    found = {
        "new": [[new.user.username, new.user.name, new.user.department] for new in plan.new],
        "adopted": _people(new.user for new in plan.adopted),
        "leavers": _people(plan.leavers),
        "held": _people(plan.held),
        "back": _people(plan.back),
        "moved": [[edit.user.username, edit.before["department"], edit.user.department] for edit in moved],
        "named": [[edit.user.username, edit.before["name"], edit.user.name] for edit in named],
        "renamed": [[edit.user.username, edit.was, edit.user.username] for edit in plan.edits if edit.was],
        "phones": [[user.username, numbers.masked(number) if number else "—"] for user, number in plan.phones],
        "faults": [[address, fault.value] for address, fault in plan.faults],
    }
    return {kind: sorted(lines) for kind, lines in found.items()}


def _people(users: Iterable[User]) -> list[list[str]]:
    return [[user.username, user.name, user.department] for user in users]
