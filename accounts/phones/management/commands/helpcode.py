from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.lib import clock
from accounts.phones import helpcodes, phones
from accounts.phones.helpcodes import Refusal
from accounts.users import usernames
from accounts.users.models import User

COMMAND = "manage.py helpcode"
WHY_NOT = {
    Refusal.DISABLED: "The account is disabled.",
    Refusal.TWO_STEP_OFF: "Two-step is off: the password alone opens the account.",
    Refusal.NO_WAY: "Nothing is bound: the sign-in asks for a phone by itself.",
    Refusal.PAUSED: "Too many wrong codes were entered; codes are paused for an hour.",
    Refusal.GONE: "Somebody else gave a code at the same moment. Try again.",
}


class Command(BaseCommand):
    help = "Gives a help-desk code to who lost phone or app, the last administrator included, and shows it once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", help="the mailbox address of the account")
        parser.add_argument("--reason", required=True, help="stands in the security log, and is told to the owner")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=usernames.canonical(options["address"])).first()
        if user is None:
            raise CommandError(f"There is no account {options['address']}.")
        given = helpcodes.issue(
            user,
            helpcodes.version(phones.of(user), helpcodes.of(user)),
            actor=None,
            reason=f"{COMMAND}: {options['reason']}",
        )
        if isinstance(given, Refusal):
            raise CommandError(WHY_NOT[given])
        row, code = given
        self.stdout.write(f"{code[:4]} {code[4:]}")
        self.stdout.write(
            f"For {user.username}, once, until {clock.briefly(row.expires_at)}: on the page of the code, after the "
            "password. The owner is told."
        )
