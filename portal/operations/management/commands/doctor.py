from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from portal.operations import doctor


class Command(BaseCommand):
    help = "Looks at everything that can be looked at, and says what to do. It changes nothing and sends nothing."
    requires_system_checks: list[str] = []  # it says itself what they find

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--backups", type=Path, default=doctor.BACKUPS, metavar="FOLDER")

    def handle(self, *args: Any, **options: Any) -> None:
        troubles = 0
        with translation.override("en"):  # as the rest of it
            for subject, finding in doctor.examine(options["backups"]):
                troubles += finding.is_trouble
                self.stdout.write(f"{'✗' if finding.is_trouble else '·'} {subject}: {finding.words}")
        if troubles:
            raise CommandError(f"{troubles} troubles." if troubles > 1 else "One trouble.")
        self.stdout.write("Nothing is wrong that can be seen from here.")
