import locale
from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.delivery import checks, explanations, gateways
from accounts.delivery.errors import SmsError
from accounts.delivery.gateways.gateway import Finding
from accounts.delivery.gateways.message import Message
from accounts.lib import numbers


class Command(BaseCommand):
    help = "Asks each SMS gateway whether an SMS would go out: credentials, balance, signature, templates, reports."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--gateway", help="only this one", choices=gateways.configured())
        parser.add_argument("--to", metavar="NUMBER", help="send a test to this number, through each of them")
        parser.add_argument("--dry", action="store_true", help="show what a platform would be asked, without secrets")

    def handle(self, *args: Any, **options: Any) -> None:
        names = [options["gateway"]] if options["gateway"] else list(gateways.configured())
        with translation.override(_language()):
            if options["dry"]:
                self._dry(names)
                return
            number = _number(options["to"]) if options["to"] else None
            troubles = self._say(_("This site"), checks.of_site())
            for name in names:
                troubles += self._say(name, checks.of_gateway(name))
                if number:
                    troubles += self._say(name, [_sent(name, number)])
            if troubles:
                raise CommandError(_("%(count)s troubles.") % {"count": troubles})
            self.stdout.write(_("SMS would go out."))

    def _say(self, name: str, findings: Iterable[Finding]) -> int:
        troubles = 0
        for finding in findings:
            troubles += finding.is_trouble
            self.stdout.write(f"{'✗' if finding.is_trouble else '·'} {name}: {finding.words}")
        return troubles

    def _dry(self, names: list[str]) -> None:
        found: list[Any] = [gateways.gateway(name) for name in names]
        shown = [gateway for gateway in found if hasattr(gateway, "dry")]
        if not shown:
            raise CommandError(_("No gateway is described by a file of SMS_HTTP_FILES."))
        for gateway in shown:
            self.stdout.write(gateway.dry(_message("+8613800138000", "sign_in", "123456")))


def _language() -> str:
    """Of the terminal."""
    return "zh-hans" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"


def _number(typed: str) -> str:
    found = numbers.parse(typed)
    if isinstance(found, numbers.Refusal):
        raise CommandError(found.label)
    return found


def _message(number: str, purpose: str, code: str | None) -> Message:
    return Message(number, purpose, "test@", code, 0, timezone.now() + timedelta(minutes=5))


def _sent(name: str, number: str) -> Finding:
    try:
        found = gateways.send(_message(number, "test", None), name)
    except SmsError as error:
        why = f"{error.code}. {explanations.of(error.code)}"
        return Finding(_("It was not sent: %(error)s") % {"error": why}, is_trouble=True)
    return Finding(_("It was taken, as %(number)s. Has it arrived?") % {"number": found})
