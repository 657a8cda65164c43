from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.lib import clock
from accounts.users import usernames
from accounts.users.models import User
from portal.office import erasure


class Command(BaseCommand):
    help = "Says which accounts the next night erases. With an address: erases that one now; it has to be disabled."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", nargs="?", help="such as zhangsan@example.edu")
        parser.add_argument("--reason", default="", help="stands in the security log")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["address"]:
            self._erase(options["address"], options["reason"])
            return
        for user in erasure.due().select_related("absence").order_by("absence__since"):
            self.stdout.write(f"{user.username}: disabled since {clock.moment(user.absence.since)}")

    def _erase(self, address: str, reason: str) -> None:
        user = User.objects.filter(username=usernames.canonical(address) or "").first()
        if user is None:
            raise CommandError(f"There is no account {address}.")
        if user.is_active:
            raise CommandError(f"{user.username} is active: disable it first, so that all it has open ends.")
        erasure.erase(user, actor=None, reason=": ".join(filter(None, ("manage.py erase", reason))))
        self.stdout.write(f"{user.username} is erased. The security log keeps its events until their time is over.")
