"""What a clerk does at the pages of the administration."""

import re
from html import unescape
from typing import Any

from tests.kit.people import Person

USERS, BANS = "/admin/accounts/user/", "/admin/bans/ban/"


def pk(person: Person) -> int:
    assert person.user
    return person.user.pk


def act(office: Person, page: str, action: str, *rows: int, **data: str) -> str:
    """An action of a list, on some of its rows."""
    response = office.post(page, {"action": action, "_selected_action": list(rows), **data}, follow=True)
    text: str = response.content.decode()
    return text


def edit_page(person: Person) -> str:
    return f"{USERS}{pk(person)}/change/"


def form_of(clerk: Person, page: str) -> dict[str, str]:
    """The fields of a page as a browser would send them."""
    fields, page = {}, clerk.get(page).content.decode()
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        is_tick = 'type="checkbox"' in tag
        if name and (not is_tick or "checked" in tag):
            fields[name.group(1)] = unescape(value.group(1)) if value else "on" if is_tick else ""
    for name, options in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        if chosen := re.search(r'<option value="([^"]*)" selected', options):
            fields[name] = unescape(chosen[1])
    return {name: value for name, value in fields.items() if name not in ("_continue", "_addanother")}


def edit(clerk: Person, person: Person, **changes: str | None) -> Any:
    """The form of an account as it was shown, with some fields changed; None takes a tick away."""
    form: dict[str, str | None] = {**form_of(clerk, edit_page(person)), **changes}
    return clerk.post(edit_page(person), {name: value for name, value in form.items() if value is not None})
