"""Each contract of pyproject.toml bites: a forbidden import is planted for it, in a copy, and the contract names it."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
COPIED = ("accounts", "apppasswords", "portal", "tests", "pyproject.toml")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS: list[dict[str, Any]] = PROJECT["tool"]["importlinter"]["contracts"]

pytestmark = pytest.mark.slow


def modules(contract: dict[str, Any], container: str) -> list[list[str]]:
    """The modules that exist of each layer, from top to bottom."""
    found = []
    for layer in contract["layers"]:
        names = [name.strip(" ()") for name in re.split(r"[|:]", layer)]
        names = [f"{container}.{name}".strip(".") for name in names]
        found.append([name for name in names if file_of(ROOT, name).exists()])
    return [layer for layer in found if layer]


def file_of(root: Path, module: str) -> Path:
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def plant(root: Path, module: str, line: str) -> None:
    path = file_of(root, module)
    path.write_text(f"{path.read_text()}\n{line}\n" if path.exists() else f"{line}\n")


def plants(contract: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Module, line to add, and what the contract must say of it."""
    if contract["type"] == "only_these_know":
        name = contract["known"][0]
        yield "accounts.lib.numbers", f"import {name}", f"accounts.lib.numbers -> {name} (l."
        return
    for container in contract.get("containers", [""]):
        layers = modules(contract, container)
        if len(layers) > 1:
            low, high = layers[-1][0], layers[0][0]
            yield low, f"import {high}", f"{low} -> {high}"
        for layer in layers:
            if len(layer) > 1:
                yield layer[0], f"import {layer[1]}", f"{layer[0]} -> {layer[1]}"
        if contract.get("exhaustive"):
            yield f"{container}.stray", "", f"- {container}.stray"


def linted(root: Path) -> str:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    wide = os.environ | {"COLUMNS": "1000"}  # no line is broken
    done = subprocess.run(command, cwd=root, env=wide, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def sections(printed: str) -> dict[str, str]:
    """What was said of each broken contract, by its name."""
    _head, _mark, told = printed.partition("Broken contracts")
    found = {}
    for contract in CONTRACTS:
        name = contract["name"]
        match = re.search(rf"^{re.escape(name)}\n-+\n(.*?)(?=^[^\n]+\n-{{3,}}\n|\Z)", told, re.DOTALL | re.MULTILINE)
        found[name] = match[1] if match else ""
    return found


def test_each_contract_names_the_import_that_was_planted_for_it(tmp_path: Path) -> None:
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    wanted: dict[str, list[str]] = {}
    for contract in CONTRACTS:
        for module, line, told in plants(contract):
            plant(tmp_path, module, line)
            wanted.setdefault(contract["name"], []).append(told)
    said = sections(linted(tmp_path))
    missing = {name: [told for told in lines if told not in said[name]] for name, lines in wanted.items()}
    assert not {name: lines for name, lines in missing.items() if lines}
    assert wanted.keys() == said.keys()
