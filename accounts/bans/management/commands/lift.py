from argparse import ArgumentParser
from ipaddress import ip_address, ip_network
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.bans import bans
from accounts.bans.models import Ban
from accounts.lib import clock, origins
from accounts.users import usernames

COMMAND = "manage.py lift"


def meant(text: str) -> list[Ban]:
    """Bans in force of this client address, or of this account wherever it comes from."""
    present = list(Ban.objects.filter(bans.in_force()).order_by("pk"))
    if "@" in text:
        account = usernames.canonical(text)
        return [ban for ban in present if ban.account == account]
    address = origins.parse(text)
    if address is None:
        raise CommandError(f"{text!r} is neither a client's address, such as 203.0.113.9, nor a mailbox address.")
    return [ban for ban in present if ip_address(str(address)) in ip_network(ban.network)]


class Command(BaseCommand):
    help = "Lifts the bans of a client's address, or of an account: for who is banned out of the administration itself."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="such as 203.0.113.9, 2001:db8::7 or zhangsan@example.edu")
        parser.add_argument("--reason", default="", help="stands in the security log")

    def handle(self, *args: Any, **options: Any) -> None:
        reason = ": ".join(filter(None, (COMMAND, options["reason"])))
        lifted = [ban for ban in meant(options["address"]) if bans.lift(ban, None, reason=reason)]
        if not lifted:
            raise CommandError(f"No ban of {options['address']} is in force.")
        for ban in lifted:
            whom = f"{ban.account} at {ban.network}" if ban.account else ban.network
            self.stdout.write(f"Lifted: {whom}, banned until {clock.briefly(ban.until)}.")
