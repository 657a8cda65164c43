import random
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.users.models import User
from portal.development.history import History
from portal.development.rows import name_of
from portal.development.year import PEOPLE


class Command(BaseCommand):
    help = "Adds ten thousand people with a year of history, so that the dashboard shows something. Needs DEBUG."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--people", type=int, default=PEOPLE)
        parser.add_argument("--seed", type=int, default=1, help="The same seed makes the same history.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("invented people have no place among real ones; they are added only while DEBUG is on.")
        if User.objects.filter(username=name_of(1)).exists():
            raise CommandError(f"the history is there already. To begin again, delete {settings.VAR} and start anew.")
        started = timezone.now()
        history = History(random.Random(options["seed"]), options["people"])  # noqa: S311 (nothing secret)
        for step in (
            history.people,
            history.sms,
            history.mail_logins,
            history.failures,
            history.sign_ins,
            history.sums,
            history.seals,
        ):
            self.stdout.write(f"  {step.__name__.replace('_', ' ')} ...", ending="")
            self.stdout.flush()
            self.stdout.write(f" {step():,}")
        seconds = (timezone.now() - started).total_seconds()
        self.stdout.write("  The security log has the last two days; of older sign-ins there are the figures.")
        self.stdout.write(f"A year of {options['people']:,} people, made in {seconds:.0f} s.")
