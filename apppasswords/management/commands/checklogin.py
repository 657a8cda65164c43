from argparse import ArgumentParser
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from accounts.lib import clock, origins
from apppasswords.maillogin.decision import PROTOCOLS, Login, Outcome, Reason, Verdict, explain

WHY = {
    Reason.APP_PASSWORD: "the password is one of this person's app passwords.",
    Reason.MAILBOX_PASSWORD: "it is the mailbox password, and two-step is off.",
    Reason.BARE_NAME: "the user name is not a whole mail address. Mail programs must give the part after @ too.",
    Reason.UNKNOWN: "there is no such mailbox.",
    Reason.DISABLED: "the account is disabled.",
    Reason.WRONG: "the password is neither an app password nor, with two-step off, the mailbox password.",
    Reason.OTHER_USE: "it is one of this person's app passwords, which was not made for this protocol.",
    Reason.ELSEWHERE: "it is one of this person's app passwords, which was not made for this network.",
    Reason.ENDED: "it is one of this person's app passwords, whose last day is over.",
    Reason.UNUSED: "it is one of this person's app passwords, which has ended as it was not used for long.",
    Reason.NEEDS_APP_PASSWORD: "it is the mailbox password, but two-step is on: mail programs need an app password.",
    Reason.MUST_CHANGE: "it is the mailbox password, which has expired in the directory.",
    Reason.CANNOT_TELL: "the directory does not answer, or is asked no more now (manage.py checkdirectory).",
}


class Command(BaseCommand):
    help = "Says whether a mail program with this password would get in, and why. It counts no failure."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("user", metavar="ADDRESS", help="the user name as the mail program sends it")
        parser.add_argument("--protocol", choices=PROTOCOLS, default="imap")
        parser.add_argument("--from", dest="address", default="127.0.0.1", metavar="IP", help="the program's address")

    def handle(self, *args: Any, **options: Any) -> None:
        if origins.parse(options["address"]) is None:
            raise CommandError(f"{options['address']} is no IP address.")
        password = getpass("Password (not shown): ")
        try:
            verdict = explain(Login(options["user"], password, options["protocol"], options["address"]))
        except Error as error:
            raise CommandError(f"cannot tell: the database does not answer ({type(error).__name__}).") from None
        self.stdout.write(self._said(verdict, options["address"]))

    @staticmethod
    def _said(verdict: Verdict, address: str) -> str:
        if verdict.outcome is Outcome.BANNED and verdict.banned_until:
            until = clock.moment(verdict.banned_until)
            return f"Refused: after too many wrong passwords {address} is banned until {until}."
        said = {Outcome.YES: "Let in", Outcome.CANNOT_TELL: "Cannot tell"}.get(verdict.outcome, "Refused")
        return f"{said}: {WHY[verdict.reason]}"
