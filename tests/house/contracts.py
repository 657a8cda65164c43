"""A kind of contract for import-linter: only these modules know a library, or a part of one; all others are forbidden.

import-linter's own `forbidden` names who must not, so a new module is free until somebody thinks of it; and it knows
outside packages as a whole only, while `django.contrib.admin` is a part of one.
"""

import ast
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Every import of a file with its line, those inside functions too; `from a import b` is a.b."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def file_of(module: str) -> Path | None:
    path = Path(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


class OnlyTheseKnow(Contract):
    type_name = "only_these_know"

    known = fields.ListField(subfield=fields.StringField())  # dotted names of what is known
    known_to = fields.ListField(subfield=fields.StringField())  # modules; `*` stands for anything

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        broken, used = [], set()
        for module in sorted(graph.modules):
            file = file_of(module)
            if file is None:  # outside
                continue
            for line, name in imported(file):
                if not any(f"{name}.".startswith(f"{one}.") for one in self._list("known")):
                    continue
                allowed = {pattern for pattern in self._list("known_to") if fnmatchcase(module, pattern)}
                used |= allowed
                if not allowed:
                    broken.append(f"{module} -> {name} (l.{line})")
        unused = [pattern for pattern in self._list("known_to") if pattern not in used]
        return ContractCheck(kept=not broken and not unused, metadata={"broken": broken, "unused": unused})

    def _list(self, name: str) -> list[str]:
        return list(getattr(self, name))

    def render_broken_contract(self, check: ContractCheck) -> None:
        metadata: dict[str, Any] = check.metadata
        for line in metadata["broken"]:
            output.print_error(f"{line} is not allowed.")
        for pattern in metadata["unused"]:
            output.print_error(f"{pattern} is allowed to, and does not.")
