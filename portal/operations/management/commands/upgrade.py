from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from portal.operations import doctor
from portal.operations.upgrading import upgrades
from portal.operations.upgrading.phases import Phase


class Command(BaseCommand):
    help = (
        "What deploy/upgrade needs to know and to do: is all ready, what only adds, do workers work, what takes away."
    )
    requires_system_checks: list[str] = []  # `check` says itself what they find

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["check", "expand", "heard", "contract"])
        parser.add_argument("--backups", type=Path, default=doctor.BACKUPS, metavar="FOLDER")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "check":
            self._check(options["backups"])
            return
        if options["what"] == "heard":
            if silent := upgrades.silent():
                raise CommandError(f"No worker of this machine takes from {', '.join(silent)}.")
            return
        try:
            count = upgrades.run(Phase(options["what"]), self.stdout.write)
        except upgrades.Failed as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{options['what']}: {count} migrations")

    def _check(self, folder: Path) -> None:
        with translation.override("en"):
            found = list(upgrades.troubles(folder))
        for words in found:
            self.stdout.write(f"✗ {words}")
        if found:
            raise CommandError("Not now.")
        self.stdout.write("check: nothing is in the way")
