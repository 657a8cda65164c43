from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import override

from accounts.directory import people
from accounts.directory.asking.answers import Away
from accounts.directory.plan import Plan

SHOWN = 20  # of each kind


class Command(BaseCommand):
    help = "Makes people as the directory has them: new ones, edited ones, other addresses, leavers."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
        parser.add_argument(
            "--changes", action="store_true", help="read only who has changed since the last time: nobody is missed"
        )
        parser.add_argument("--leavers", type=int, metavar="N", help="so many may be disabled: as a dry run has said")

    def handle(self, *args: Any, **options: Any) -> None:
        leavers, changes = options["leavers"], options["changes"]
        plan = self._look(leavers, changes) if options["dry_run"] else people.sync(leavers, only_changes=changes)
        if plan is None:
            raise CommandError("Nothing was changed; the log says why. (manage.py checkdirectory)")
        if changes and plan.is_whole:
            self.stdout.write("All were read: what has changed since is not known.")
        self._tell(plan)

    @staticmethod
    def _look(leavers: int | None, changes: bool) -> Plan:
        try:
            return people.look(leavers, only_changes=changes)
        except Away as error:
            raise CommandError(f"The directory cannot be read: {error}. (manage.py checkdirectory)") from None

    def _tell(self, plan: Plan) -> None:
        self._list("new", [new.user.username for new in plan.new])
        self._list("edited", [f"{edit.user.username} {', '.join(edit.changed)}" for edit in plan.edits if edit.changed])
        renamed = [f"{edit.was} → {edit.user.username}" for edit in plan.edits if edit.was]
        self._list("with another address; rename their mailboxes on the mail server", renamed)
        self._list("with another phone in the directory", [user.username for user, _number in plan.phones])
        self._list("back", [user.username for user in plan.back])
        self._list("disabled", [user.username for user in plan.leavers])
        with override("en"):  # as the rest of what it says
            self._list("wrong in the directory", [f"{address}: {fault.label}" for address, fault in plan.faults])
        if plan.held:
            self._list("not disabled, since they are so many", [user.username for user in plan.held])
            command = "syncpeople" if plan.is_whole else "syncpeople --changes"
            raise CommandError(f"If they have left: manage.py {command} --leavers {len(plan.held)}")

    def _list(self, what: str, lines: list[str]) -> None:
        if lines:
            self.stdout.write(f"{len(lines)} {what}:")
            self.stdout.writelines(f"  {line}\n" for line in lines[:SHOWN])
            if len(lines) > SHOWN:
                self.stdout.write("  …")
