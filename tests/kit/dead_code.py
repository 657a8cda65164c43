"""Code that nothing uses, found by vulture. It does not see what templates, settings and `list_display` name, nor what
a base class from elsewhere calls: these words are told to it. The rest of the exceptions is in pyproject.toml."""

import ast
import importlib
import inspect
import keyword
import os
import pkgutil
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import django
from django.conf import global_settings
from django.db.models.options import DEFAULT_NAMES

ROOT = Path(__file__).parent.parent.parent
APPS = ("accounts", "apppasswords", "portal")
PRODUCT = (*APPS, "manage.py")
ALL = (*PRODUCT, "benchmarks", "tests")
TAG = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)
NAME = re.compile(r"[^\W\d]\w*")
DOTTED = re.compile(r"[^\W\d][\w.:-]*")


def main() -> int:
    """What only tests use is no use, so the product is searched without them first."""
    known = {*_in_templates(), *_overridden(), *dir(global_settings), *DEFAULT_NAMES}
    return _search(PRODUCT, known) | _search(ALL, known)


def _search(code: tuple[str, ...], known: set[str]) -> int:
    with tempfile.NamedTemporaryFile("w", suffix=".py") as words:
        words.write("\n".join({*known, *_in_code(code)} - set(keyword.kwlist)))
        words.flush()
        vulture = Path(sys.executable).with_name("vulture")
        return subprocess.run([vulture, *code, words.name], cwd=ROOT, check=False).returncode


def _in_templates() -> Iterator[str]:
    for template in (ROOT / "templates").rglob("*.*"):
        for tag in TAG.findall(template.read_text()):
            yield from NAME.findall(tag)


def _in_code(code: tuple[str, ...]) -> Iterator[str]:
    """`"accounts.models.User"`, `"phone__number"`; not sentences that speak of something. And parameters: who calls
    gives them."""
    for path in code:
        for file in [ROOT / path] if path.endswith(".py") else (ROOT / path).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.arg):
                    yield node.arg
                elif isinstance(node, ast.Constant) and isinstance(node.value, str) and DOTTED.fullmatch(node.value):
                    yield from (name for name in re.split(r"\W|__", node.value) if name.isidentifier())


def _overridden() -> Iterator[str]:
    """What base classes of Django and of other packages have."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    for app in APPS:
        for module in pkgutil.walk_packages([str(ROOT / app)], f"{app}."):
            if ".migrations" not in module.name:
                for kind in _classes(module.name):
                    for base in kind.__mro__:
                        if not base.__module__.startswith(APPS):
                            yield from vars(base)


def _classes(module: str) -> list[type]:
    """None where it needs an extra that is not installed."""
    try:
        return [kind for _, kind in inspect.getmembers(importlib.import_module(module), inspect.isclass)]
    except ModuleNotFoundError as error:
        if error.name != "ldap":
            raise
        return []


if __name__ == "__main__":
    sys.exit(main())
