"""Who is called what at a platform that knows accounts and no phones: a file of the office, beside the platform's."""

import csv
import logging
from pathlib import Path

from accounts.users import usernames

logger = logging.getLogger(__name__)


class Accounts:
    """Lines of mailbox and account. What is edited there counts from the next message on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp, self._found = self._now(), read(path)

    def of(self, mailbox: str) -> str:
        """Empty: there is none."""
        try:
            if (stamp := self._now()) != self._stamp:
                self._stamp, self._found = stamp, read(self.path)
        except (OSError, ValueError) as error:  # in the midst of an edit, say: what was known counts on
            logger.error("%s cannot be read: %s", self.path, error)
        return self._found.get(mailbox, "")

    def _now(self) -> tuple[int, int]:
        found = self.path.stat()
        return found.st_mtime_ns, found.st_size


def read(path: Path) -> dict[str, str]:
    """ValueError: a line says neither a mailbox nor an account, or one mailbox has two."""
    found: dict[str, str] = {}
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for number, line in enumerate(csv.reader(lines), 1):
            if not any(line):
                continue
            mailbox = usernames.canonical(line[0])
            if mailbox is None or len(line) != 2 or not line[1].strip() or not line[1].isprintable():
                raise ValueError(f"line {number} is no mailbox and account, as in hongmeng@example.edu,20080017")
            if found.setdefault(mailbox, line[1].strip()) != line[1].strip():
                raise ValueError(f"line {number} names another account for {mailbox}")
    return found
