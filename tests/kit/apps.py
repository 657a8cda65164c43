"""Authenticator apps, as Debian's oathtool plays them: it knows the key from the page, and what time it is."""

import re
import subprocess
from datetime import timedelta

from django.utils import timezone

from tests.kit.people import Person

NEW, AT_SIGN_IN = "/security/factors/app/", "/sign-in/app/new/"
STEP = timedelta(seconds=30)


def key_on(page: str) -> str:
    """What somebody types into the app."""
    found = re.search(r"data-key[^>]*>([A-Z2-7 ]+)<", page)
    assert found, page
    return found[1]


def shows(key: str, *, later: timedelta = timedelta()) -> str:
    """What the app shows now, by a clock that is so far ahead."""
    now = (timezone.now() + later).strftime("%Y-%m-%d %H:%M:%S UTC")
    command = ["oathtool", "--totp", "--base32", f"--now={now}", key.replace(" ", "")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def add_app(person: Person, name: str = "my phone", page: str = NEW) -> str:
    """From the page with the key. Returns the key, which the app knows from now on."""
    key = key_on(person.get(page).content.decode())
    response = person.post(page, {"code": shows(key), "name": name})
    assert response.status_code == 302, response.content.decode()
    return key
