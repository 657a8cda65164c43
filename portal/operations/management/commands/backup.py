from argparse import ArgumentParser
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.sealing import rotation
from portal.operations import backups


class Command(BaseCommand):
    help = "Writes the database and the settings into one file, and deletes old ones. mailkey-backup.timer runs it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="such as /var/backups/mailkey")
        parser.add_argument(
            "--recipient", default="", help="a public key of age (age1...): only its owner can read the file"
        )
        parser.add_argument("--keep", type=int, default=30, metavar="DAYS", help="older ones are deleted (30)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            file = backups.write(options["folder"], options["recipient"])
        except (backups.Failed, OSError) as error:
            raise CommandError(str(error)) from error
        gone = backups.delete_old(options["folder"], timedelta(days=options["keep"]))
        self.stdout.write(self._numbers())
        self.stdout.write(f"{file}: {file.stat().st_size:,} bytes. Deleted: {gone} older than {options['keep']} days.")

    def _numbers(self) -> str:
        found = rotation.standing()
        sealed = found.aes + found.sm4
        key = " (NUMBER_KEYS, which opens them, is among the settings in it)" if sealed else ""
        return f"Phone numbers in it: {found.clear} in clear, {sealed} sealed{key}."
