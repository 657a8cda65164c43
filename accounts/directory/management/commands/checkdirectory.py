from argparse import ArgumentParser
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.directory import diagnosis


class Command(BaseCommand):
    help = "Says what is wrong with LDAP_…, and what would happen to a person. It asks for no password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", nargs="?", metavar="ADDRESS", help="the mailbox of somebody")

    def handle(self, *args: Any, **options: Any) -> None:
        address = options["address"]
        faults = 0
        for finding in chain(diagnosis.of_settings(), diagnosis.of_person(address) if address else ()):
            faults += finding.is_fault
            self.stdout.write(("✗ " if finding.is_fault else "✓ ") + finding.text)
        if faults:
            raise CommandError("Something is wrong." if faults == 1 else f"{faults} things are wrong.")
