"""Every text that a person hands in has passed `invisible.dropped`: a new form, or a new page, cannot forget it."""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.test import RequestFactory

from accounts.lib.seen import Seen
from tests.conftest import MakeUser

OURS = ("accounts", "apppasswords", "portal")

# Read from a request without a form: words that the page itself wrote, or that the rule looks up.
WRITTEN_BY_THE_PAGE = {
    "act", "browser", "days", "department", "emailaddress", "entry", "format", "grant_type", "max_age", "next", "p",
    "page", "prefer", "prompt", "state", "version", "csrfmiddlewaretoken", 'request.POST.get(FIELD, \'\')',
}  # fmt: skip
# Read raw, and passed on to what drops it.
PASSED_ON = {
    "code": "a blank one is told from none; the form reads it",
    "number": "numbers.parse drops it",
    "username": "usernames.canonical drops it",
    "name": "a password in it is looked for before the form reads it",
}


def _forms() -> set[type[forms.BaseForm]]:
    for package in OURS:
        for path in (settings.BASE_DIR / package).rglob("*.py"):
            if "migrations" not in path.parts and path.stem != "__init__":
                source = path.read_text()
                if "Form" in source or "forms" in source:
                    importlib.import_module(".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts))
    return {form for form in _below(forms.BaseForm) if form.__module__.startswith(OURS)}


def _below(base: type[forms.BaseForm]) -> Iterator[type[forms.BaseForm]]:
    for one in base.__subclasses__():
        yield one
        yield from _below(one)


def test_every_form_reads_what_can_be_seen() -> None:
    found = _forms()
    assert len(found) > 15
    assert [form.__qualname__ for form in found if not issubclass(form, Seen)] == []


def test_nor_do_the_forms_that_the_administration_makes(make_user: MakeUser) -> None:
    request = RequestFactory().get("/")
    request.user = make_user("itoffice", is_staff=True, is_superuser=True)
    for model, page in admin.site._registry.items():
        made = [page.form, page.add_form if isinstance(page, UserAdmin) else page.form, page.action_form,
                page.get_changelist(request).search_form_class]  # fmt: skip
        assert all(issubclass(form, Seen) for form in made if form), (model, made)


def test_what_is_read_without_a_form() -> None:
    strange = []
    for package in OURS:
        for path in sorted((settings.BASE_DIR / package).rglob("*.py")):
            strange += [f"{path.name}: {name}" for name in _read_raw(path)]
    assert strange == []


def _read_raw(path: Path) -> Iterator[str]:
    """Names of fields in request.POST.get("name"), outside of invisible.dropped(...)."""
    tree = ast.parse(path.read_text())
    dropped = {
        inner
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("dropped")
        for inner in ast.walk(call)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".POST.get", ".GET.get")):
            name = str(getattr(node.args[0], "value", ast.unparse(node)))
            if node not in dropped and name not in WRITTEN_BY_THE_PAGE | PASSED_ON.keys():
                yield name
