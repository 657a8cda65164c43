import csv
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any, TextIO

from django.core.management.base import BaseCommand

from accounts.security import takeover
from accounts.security.takeover import Line


class Command(BaseCommand):
    help = (
        "Takes over password hashes of another mail server, for people who have no password here: lines of address and "
        "hash on standard input, divided by a tab, a comma or (as in Dovecot's passwd files) a colon."
    )

    stealth_options = ("stdin",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be")

    def handle(self, *args: Any, **options: Any) -> None:
        outcome = takeover.take(_lines(options.get("stdin") or sys.stdin), write=not options["dry_run"])
        for text in outcome.wrong:
            self.stderr.write(f"line {text}")
        will = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"{outcome.taken} {will}taken over, {outcome.kept} have a password here or must choose one, "
            f"{outcome.unknown} not known here, {len(outcome.wrong)} refused"
        )
        if outcome.wrong:
            raise SystemExit(1)


def _lines(source: TextIO) -> Iterator[Line]:
    for number, text in enumerate(source, 1):
        if not text.strip():
            continue
        address, value = _fields(text.rstrip("\r\n"))
        yield Line(number, address.strip(), value.strip())


def _fields(text: str) -> tuple[str, str]:
    """What comes first divides: an address has none of them."""
    found = [mark for mark in "\t,:" if mark in text]
    mark = min(found, key=text.index, default=":")
    if mark == ":":
        address, _mark, rest = text.partition(":")
        return address, rest.partition(":")[0]
    row = next(csv.reader([text], delimiter=mark))
    return row[0], ",".join(row[1:])
