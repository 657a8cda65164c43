"""Somebody who signs in elsewhere and comes back."""

from typing import Any
from urllib.parse import quote

import requests

from accounts.elsewhere.models import Arrival
from tests.kit.people import Person
from tests.kit.servers.sources import Cas, Provider


def leave(person: Person, slug: str, next_path: str = "") -> str:
    """Signed in there: the address that leads back."""
    query = f"?next={quote(next_path)}" if next_path else ""
    out = person.get(f"/sign-in/elsewhere/{slug}/{query}")
    assert out.status_code == 302, out.content.decode()
    there = requests.get(out.headers["Location"], allow_redirects=False, timeout=10)
    return there.headers["Location"].removeprefix("http://localhost:8000")


def come(person: Person, slug: str, next_path: str = "") -> Any:
    return person.get(leave(person, slug, next_path))


def is_nowhere(person: Person) -> bool:
    """Neither in nor half-way."""
    return person.get("/").headers["Location"].startswith("/sign-in/?") and not Arrival.objects.exists()


def be(source: Cas | Provider, address: str) -> None:
    if isinstance(source, Cas):
        source.attributes = f"<cas:mail>{address}</cas:mail>"
    else:
        source.claims["email"] = address


def be_by_both(source: Cas | Provider, address: str) -> None:
    """By two steps, as it says."""
    be(source, address)
    if isinstance(source, Cas):
        source.attributes += "<cas:mfa>yes</cas:mfa>"
    else:
        source.claims["amr"] = ["pwd", "mfa"]
