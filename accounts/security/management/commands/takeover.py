import csv
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError

from accounts.lib import formulas
from accounts.security.takeover import oldserver, takeover
from accounts.security.takeover.oldserver import Row


class Command(BaseCommand):
    help = (
        "Takes over password hashes of another mail server, for people who have no password here: lines of address and "
        "hash on standard input, divided by a tab, a comma or (as in Dovecot's passwd files) a colon; or what "
        "TAKEOVER_QUERY finds in its database."
    )

    stealth_options = ("stdin",)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be")
        parser.add_argument("--from-database", action="store_true", help="ask TAKEOVER_DATABASE_URL by TAKEOVER_QUERY")
        parser.add_argument(
            "--people", action="store_true", help="write who is there as a file for the import of people, and no more"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = oldserver.read() if options["from_database"] else _lines(options.get("stdin") or sys.stdin)
            if options["people"]:
                self._list(rows)
            else:
                self._take(rows, is_trial=options["dry_run"])
        except oldserver.Unreadable as error:
            raise CommandError(f"The database of the other mail server cannot be read: {error}.") from None

    def _list(self, rows: Iterable[Row]) -> None:
        table = csv.writer(self.stdout)
        table.writerow(["address", "name"])
        table.writerows([formulas.harmless(row.address), formulas.harmless(row.name)] for row in rows)

    def _take(self, rows: Iterable[Row], *, is_trial: bool) -> None:
        outcome = takeover.take(rows, write=not is_trial, each=self._tell)
        for text in outcome.wrong:
            self.stderr.write(f"line {text}")
        will = "would be " if is_trial else ""
        self.stdout.write(
            f"{outcome.taken} {will}taken over, {outcome.kept} have a password here, must choose one or may have none, "
            f"{outcome.unknown} not known here, {len(outcome.wrong)} refused"
        )
        if outcome.wrong:
            raise SystemExit(1)

    def _tell(self, done: int, of: int) -> None:
        if done < of:
            self.stderr.write(f"{done} of {of}")


def _lines(source: TextIO) -> Iterator[Row]:
    for number, text in enumerate(source, 1):
        if not text.strip():
            continue
        address, value = _fields(text.rstrip("\r\n"))
        yield Row(number, address.strip(), value.strip())


def _fields(text: str) -> tuple[str, str]:
    """What comes first divides: an address has none of them."""
    found = [mark for mark in "\t,:" if mark in text]
    mark = min(found, key=text.index, default=":")
    if mark == ":":
        address, _mark, rest = text.partition(":")
        return address, rest.partition(":")[0]
    row = next(csv.reader([text], delimiter=mark))
    return row[0], ",".join(row[1:])
