"""Every permission that code, templates or tests name exists: one that is misspelt would be denied to everybody, or let
everybody pass who has all of them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission

from accounts.bans.models import Ban
from accounts.users.models import User
from accounts.users.permissions import right

ROOT = Path(__file__).parent.parent.parent
CODE = [path for folder in ("accounts", "apppasswords", "portal", "tests") for path in (ROOT / folder).rglob("*.py")]
TEMPLATES = list((ROOT / "templates").rglob("*.html"))
LABELS = "|".join(config.label for config in apps.get_app_configs())
ACTS = "view|add|change|delete|lift|export|see|help|roll"
# Tasks are named alike: delete_expired is no permission.
IN_CODE = re.compile(rf"[\"' ]((?:{LABELS})\.(?:{ACTS})_(?!expired\b)\w+)\b")
IN_TEMPLATES = re.compile(r"\bperms\.(\w+\.\w+)")


def named(files: list[Path], pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for file in files:
        for name in pattern.findall(file.read_text()):
            yield name, str(file.relative_to(ROOT))


def test_every_permission_that_is_named_exists(db: None) -> None:
    rows = Permission.objects.values_list("content_type__app_label", "codename")
    known = {f"{label}.{codename}" for label, codename in rows}
    here = Path(__file__)
    found = [*named([path for path in CODE if path != here], IN_CODE), *named(TEMPLATES, IN_TEMPLATES)]
    assert len(found) > 5
    assert [(name, file) for name, file in found if name not in known] == []


@pytest.mark.parametrize("text", ['"bans.lift_bans"', "'accounts.view_ban'"])
def test_a_misspelt_one_is_found(text: str) -> None:
    assert IN_CODE.findall(f"has_perm({text})")


def test_they_are_made_from_the_models() -> None:
    assert right("view", Ban) == "bans.view_ban"
    assert right("lift", Ban) == "bans.lift_ban"
    assert right("help_people", User) == "accounts.help_people"
    with pytest.raises(ValueError, match="has no permission"):
        right("lift", User)


def test_the_product_writes_none_by_hand() -> None:
    product = [path for path in CODE if path.is_relative_to(ROOT / "portal") or path.is_relative_to(ROOT / "accounts")]
    by_hand = named([path for path in product if path.name != "permissions.py"], IN_CODE)
    assert [(name, file) for name, file in by_hand if "migrations" not in file] == []
