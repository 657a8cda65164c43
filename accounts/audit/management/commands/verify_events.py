import logging
import re
from argparse import ArgumentParser, ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.audit import audit
from accounts.audit.audit import Audit, Fault, Stretch, What
from accounts.lib import clock

logger = logging.getLogger(__name__)


def position_and_seal(text: str) -> tuple[int, str]:
    found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text)
    if not found:
        raise ArgumentTypeError("what is wanted is a position, a colon, and the 64 characters of its seal")
    return int(found[1]), found[2]


class Command(BaseCommand):
    help = "Says whether the security log is whole, and names each event that was changed, removed, moved or put in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--holds",
            type=position_and_seal,
            metavar="POSITION:SEAL",
            help="the log must still hold this event, which syslog or an earlier run has told",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = Audit(progress=self._progress if options["verbosity"] else lambda rows: None)
        faults = 0
        for fault in found.faults():
            faults += 1
            self.stdout.write(said(fault))
        if options["holds"] and not audit.holds(*options["holds"]):
            faults += 1
            self.stdout.write(said(Fault(What.NOT_THE_LOG, options["holds"][0])))
        if faults:
            logger.error("The security log is not whole: %s faults in %s events.", faults, found.rows)
            raise CommandError(f"{found.rows} events, {faults} faults.{_whole_parts(found)}")
        if not found.begins or not found.ends:
            self.stdout.write("The security log is empty.")
            return
        self.stdout.write(f"The security log is whole: {found.rows} events {_from_to(found.begins, found.ends)}.")
        if held := audit.end():
            self.stdout.write(f"Its end, to be kept elsewhere: {held}")

    def _progress(self, rows: int) -> None:
        self.stderr.write(f"{rows} events read")


def said(fault: Fault) -> str:
    if fault.last is not None and fault.last > fault.position:  # type: ignore[operator]
        return f"positions {fault.position} to {fault.last}: each {fault.what.value}"
    where = [f"position {fault.position}"] if fault.position is not None else []
    if fault.pk is not None:
        where.append(f"row {fault.pk}")
    if fault.at is not None:
        where.append(f"of {clock.moment(fault.at, seconds=True)}")
    return f"{', '.join(where)}: {fault.what.value}" if where else fault.what.value


def _clock(moment: Stretch) -> str:
    return clock.moment(moment.at, seconds=True)


def _from_to(first: Stretch, last: Stretch) -> str:
    return f"from {_clock(first)} (position {first.position}) to {_clock(last)} (position {last.position})"


def _whole_parts(found: Audit) -> str:
    parts = []
    if found.begins and found.whole_until:
        parts.append(_from_to(found.begins, found.whole_until))
    if found.whole_since and found.ends and (not found.whole_until or found.whole_since > found.whole_until):
        parts.append(_from_to(found.whole_since, found.ends))
    return f" Whole {' and '.join(parts)}." if parts else " Nothing of it is whole."
