from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.operations import backups


class Command(BaseCommand):
    help = "Brings back what manage.py backup wrote, into an empty database; the services must be stopped."
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--identity", type=Path, help="the file with the secret key of age, if FILE ends in .age")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            kept = backups.restore(options["file"], options["identity"])
        except (backups.Failed, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"The database is back. The settings of then are in {kept}: compare them with those of now.")
        self.stdout.write("Next: manage.py migrate, manage.py verify_events, and start the services.")
