import locale
import time
from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.codes import codes
from accounts.delivery import checks, explanations, gateways
from accounts.delivery.gateways.gateway import Finding
from accounts.delivery.gateways.message import Message
from accounts.delivery.models import Sms
from accounts.lib import numbers
from accounts.log import events
from accounts.users import usernames
from accounts.users.models import User
from portal.office.desk.press import test_refusal_text

COMMAND = "manage.py checksms"
LONGEST = 30  # seconds that a worker has for the test
Status = Sms.Status


class Command(BaseCommand):
    help = "Asks each SMS gateway whether an SMS would go out: credentials, balance, signature, templates, reports."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--gateway", help="only this one", choices=gateways.configured())
        parser.add_argument(
            "--to", metavar="NUMBER", help="send a test to this number, as its route says or through --gateway"
        )
        parser.add_argument(
            "--by", metavar="MAILBOX", help="whose test it is, and who is named in it; the first administrator"
        )
        parser.add_argument("--dry", action="store_true", help="show what a platform would be asked, without secrets")

    def handle(self, *args: Any, **options: Any) -> None:
        names = [options["gateway"]] if options["gateway"] else list(gateways.configured())
        with translation.override(_language()):
            if options["dry"]:
                self._dry(names)
                return
            test = (_user(options["by"]), _number(options["to"])) if options["to"] else None
            troubles = self._say(_("This site"), checks.of_site())
            for name in names:
                troubles += self._say(name, checks.of_gateway(name))
            if test:
                troubles += self._say(_("Test"), [_sent(*test, options["gateway"] or "")])
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


def _user(address: str | None) -> User:
    """To whom the test is written down: it has a row like every SMS."""
    whose = {"username": usernames.canonical(address)} if address else {"is_superuser": True}
    user = User.objects.filter(is_active=True, **whose).order_by("pk").first()
    if user is None:
        raise CommandError(_("There is no account %(address)s.") % {"address": address or _("of an administrator")})
    return user


def _sent(user: User, number: str, via: str) -> Finding:
    """As the administration sends one: the same limits and switches, the same queue, the same story."""
    issued = codes.issue(user, number, Sms.Purpose.TEST, "", address="", language=user.language, via=via)
    if issued.sms is None:
        return Finding(test_refusal_text(issued), is_trouble=True)
    reason = f"{COMMAND} {via}".strip()
    events.record(events.Kind.TEST_SMS, user, number=numbers.masked(number), reason=reason)
    return _found(_waited_for(issued.sms))


def _waited_for(sms: Sms) -> Sms:
    ends = time.monotonic() + LONGEST
    sms.refresh_from_db()
    while _is_on_its_way(sms) and time.monotonic() < ends:
        time.sleep(0.2)
        sms.refresh_from_db()
    return sms


def _is_on_its_way(sms: Sms) -> bool:
    return sms.status in (Status.QUEUED, Status.CLAIMED) or (sms.status == Status.DELAYED and not sms.error)


def _found(sms: Sms) -> Finding:
    if sms.status in (Status.SENT, Status.DELIVERED):
        told = {"gateway": sms.gateway, "number": sms.gateway_id}
        return Finding(_("%(gateway)s took it, as %(number)s. Has it arrived?") % told)
    if _is_on_its_way(sms):
        return Finding(_("No worker sent it: is one running, and the queue?"), is_trouble=True)
    why = f"{sms.error}. {explanations.of(sms.error)}".strip()
    if sms.status == Status.UNKNOWN:
        return Finding(_("Nobody knows whether it was sent: %(error)s") % {"error": why}, is_trouble=True)
    return Finding(_("It was not sent: %(error)s") % {"error": why}, is_trouble=True)
