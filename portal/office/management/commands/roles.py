from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.office import roles


class Command(BaseCommand):
    help = "Makes the roles that are missing, and says where the others differ from what Mailkey gives them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reset", choices=roles.ROLES, help="give this role back what Mailkey gives it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["reset"]:
            roles.reset(options["reset"])
            self.stdout.write(f"{options['reset']}: as Mailkey gives it")
        for name in roles.make():
            self.stdout.write(f"{name}: made")
        roles.give_new()  # of what was made just now: it is written down
        for role, added, taken in roles.differences():
            for sign, permissions in (("+", added), ("-", taken)):
                for permission in sorted(permissions):
                    self.stdout.write(f"{role}: {sign} {permission}")
