"""Recovery codes, as somebody makes them and reads them off the page."""

import re
from typing import Any

from tests.kit.people import Person

PAPER = "/security/factors/recovery/"


def codes_on(page: Any) -> list[str]:
    return re.findall(r'class="recovery-code">([^<]+)<', page.content.decode())


def make_codes(person: Person) -> list[str]:
    """By the button of the page."""
    version = re.search(r'name="version" value="(\d+)"', person.get(PAPER).content.decode())
    assert version
    return codes_on(person.post(PAPER, {"version": version[1]}))
