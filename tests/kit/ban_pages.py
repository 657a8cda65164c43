"""The pages of bans, and wrong passwords that lead to some."""

import re
from typing import Any

from accounts.bans import failures
from accounts.bans.models import Ban

BANS, FAILURES = "/admin/bans/ban/", "/admin/bans/failure/"
CAMPUS, HOME = "10.20.0.1", "198.51.100.7"
ONE = "wangwu@example.edu"


def fail(tries: list[tuple[str, str]], address: str = HOME, channel: str = "imap") -> Ban:
    """The last of these bans."""
    for account, password in tries:
        failures.note_failure(address, account, password, channel)
    return Ban.objects.latest("pk")


def text_of(page: Any) -> str:
    return re.sub(r"<[^>]+>|\s+", " ", page.content.decode())
