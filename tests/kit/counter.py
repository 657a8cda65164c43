"""A clerk at the page about one person."""

import re
from html import unescape

from tests.kit.people import Person

WHY = {"why": "counter", "note": "window 3"}


def path(person: Person) -> str:
    assert person.user
    return f"/admin/accounts/user/{person.user.pk}/desk/"


def version(clerk: Person, person: Person, act: str) -> str:
    """What the page that the clerk looks at was showing."""
    page = clerk.get(path(person)).content.decode()
    found = re.search(rf'name="act" value="{act}">\s*<input type="hidden" name="version" value="([^"]*)"', page)
    assert found, f"no button {act}"
    return found.group(1)


def press(clerk: Person, person: Person, act: str, held: str | None = None, **data: str) -> str:
    held = version(clerk, person, act) if held is None else held
    response = clerk.post(path(person), {"act": act, "version": held, **WHY, **data}, follow=True)
    assert response.status_code == 200
    return unescape(response.content.decode())
