from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.factors import authenticators
from accounts.sealing import rotation
from portal.operations import keys

SAID_EVERY = 1_000  # authenticator apps
SAID_EVERY_NUMBERS = 50_000


class Command(BaseCommand):
    help = "Which keys there are and what old ones are needed for; new ones, written into .env. Restart afterwards."

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--renew", choices=keys.KEYS, metavar="NAME", help="a new one in the first place")
        what.add_argument(
            "--reseal",
            action="store_true",
            help="authenticator apps go over to the first of FACTOR_KEYS, phone numbers to the first of NUMBER_KEYS",
        )
        what.add_argument("--drop", choices=keys.KEYS, metavar="NAME", help="old ones, if nothing hangs on them")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["renew"]:
                said = keys.renew(options["renew"])
                self.stdout.write(f"{options['renew']} is new: {said}. Restart all services, on all machines.")
            elif options["drop"]:
                self.stdout.write(
                    f"{options['drop']}: {keys.drop(options['drop'])} old ones are gone. Restart all services."
                )
            elif options["reseal"]:
                self._reseal()
                self._reseal_numbers()
            else:
                self._show()
        except (keys.Failed, OSError) as error:
            raise CommandError(str(error)) from error

    def _show(self) -> None:
        for name in keys.KEYS:
            if not keys.old(name):
                self.stdout.write(f"{name}: no old one")
                continue
            try:
                left = [f"{count} {what}" for what, count in keys.needed(name).items()]
            except keys.Failed as error:
                left = [str(error)]
            self.stdout.write(f"{name}: {keys.old(name)} old; {', '.join(left) or 'nothing hangs on it: --drop'}")

    def _reseal(self) -> None:
        lost = done = 0
        for done, is_current in enumerate(authenticators.reseal_all(), 1):
            lost += not is_current
            if not done % SAID_EVERY:
                self.stdout.write(f"{done} ...")
        self.stdout.write(f"{done} authenticator apps are under the first key" + (f", but {lost}" if lost else ""))

    def _reseal_numbers(self) -> None:
        done, lost, told = Counter[str](), 0, 0
        for batch in rotation.run():
            done[batch.column] += batch.done
            lost += batch.lost
            if sum(done.values()) >= told + SAID_EVERY_NUMBERS:
                told = sum(done.values())
                self.stdout.write(f"{batch.column}: {done[batch.column]} ...")
        self.stdout.write(f"{sum(done.values())} phone numbers and files went over" + (f", but {lost}" if lost else ""))
