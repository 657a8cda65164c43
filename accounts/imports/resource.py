"""People as rows of a file, in the words of django-import-export."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from import_export.fields import Field
from import_export.instance_loaders import BaseInstanceLoader
from import_export.resources import ModelResource
from tablib import Dataset

from accounts.imports.cells import Day, Language, Start, Text, YesOrNo, fault
from accounts.imports.columns import COLUMNS, FIELDS, LABELS, ONLY_EXPORTED, of_heading
from accounts.lib import formulas, series
from accounts.lib.batches import batches
from accounts.spreadsheets.rows import Cell, Row, letter
from accounts.spreadsheets.spreadsheets import Table
from accounts.users import clerks, usernames, ways
from accounts.users.fields import may_change
from accounts.users.models import OVER, User
from accounts.users.permissions import right

COMPARED = ("name", "department", "language", "is_active", "last_day", "two_step_from")
WRITTEN = ["name", "department", "language", "is_active", "last_day"]


class Complaint(NamedTuple):
    line: int
    cell: str  # B5; empty: the row as a whole
    address: str  # as it is written there
    text: str


class Loader(BaseInstanceLoader):
    """All people of the file, read in batches before the first row."""

    def __init__(self, resource: "PeopleResource", dataset: Any = None) -> None:
        super().__init__(resource, dataset)
        names = {name for name in map(mailbox, dataset["address"]) if name}
        self.people: dict[str, User] = {}
        for batch in batches(sorted(names)):
            self.people |= {user.username: user for user in User.objects.filter(username__in=batch)}

    def get_instance(self, row: Any) -> User | None:
        return self.people.get(row["address"])


def mailbox(text: Any) -> str | None:
    return usernames.canonical(usernames.complete(formulas.written(str(text)), settings.MAIL_DOMAIN))


class PeopleResource(ModelResource):
    address = Field("username", "address")
    name = Field("name", "name", Text("name"))
    department = Field("department", "department", Text("department"))
    language = Field("language", "language", Language())
    two_step_from = Field("two_step_from", "two_step_from", Start())
    active = Field("is_active", "active", YesOrNo())
    last_day = Field("last_day", "last_day", Day())
    phone = Field(None, "phone", readonly=True)
    ways = Field(None, "ways", readonly=True)

    class Meta:
        model = User
        fields = ("address", "name", "department", "language", "two_step_from", "active", "last_day", "phone", "ways")
        import_id_fields = ("address",)
        instance_loader_class = Loader
        use_bulk = True
        batch_size = None  # what is to be written is collected, and written by accounts/imports/imports.py
        skip_diff = True
        report_skipped = False
        clean_model_instances = False

    def __init__(
        self, clerk: User | None = None, each: Callable[[int], None] = lambda done: None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.clerk, self.each = clerk, each  # with his rights as of now
        self.lines: list[int] = []  # of each row that is imported: where it stands in the file
        self.letters: dict[str, str] = {}  # of the columns, as the spreadsheet program calls them
        self.complaints: list[Complaint] = []
        self.warnings: list[Complaint] = []
        self.starts: dict[str, datetime] = {}  # by address: two-step is to begin
        self.before: dict[int, tuple[Any, ...]] = {}  # by key: what the rows compare with
        self.first: dict[str, int] = {}  # by address: its line
        self.unchanged = 0

    # --- Import ------------------------------------------------------------------------------------------------------

    def check(self, table: Table, names: list[str]) -> None:
        """What the rows would do; nothing is written. One that is wrong keeps no other from being right."""
        self.letters = {name: letter(at) for at, name in enumerate(names) if name}
        dataset = Dataset(headers=list(self.letters))
        for row in table.rows:
            cells = {name: cell for name, cell in zip(names, row.cells, strict=False) if name}
            if self._is_whole(row, cells):
                dataset.append([cell.text for cell in cells.values()])
                self.lines.append(row.line)
        # The inner one: the other wraps even a trial in a transaction, which hides our progress and locks out others.
        result = self.import_data_inner(
            dataset, dry_run=True, raise_errors=False, using_transactions=False, collect_failed_rows=False
        )
        for error in result.base_errors:
            raise error.error
        self.complaints.sort()

    def _is_whole(self, row: Row, cells: dict[str, Cell]) -> bool:
        written = cells["address"].text if "address" in cells else ""
        if row.fault:
            lines = f"{row.line}–{row.last}" if row.last > row.line else ""
            text = _("rows %(lines)s: %(fault)s") % {"lines": lines, "fault": row.fault} if lines else str(row.fault)
            self.complaints.append(Complaint(row.line, "", written[:100], text))
            return False
        if cells and all(of_heading(cell.text) == name for name, cell in cells.items()):
            self.complaints.append(Complaint(row.line, "", written[:100], _("the headings once more")))
            return False
        faults = {name: fault(cell, name) for name, cell in cells.items() if cell.text and name not in ONLY_EXPORTED}
        for name, found in faults.items():
            if found:
                self._complain(row.line, written, name, found)
        return not any(faults.values())

    def _complain(self, line: int, written: str, name: str, text: str) -> None:
        if name in COLUMNS and name != "address":
            text = _("%(column)s: %(what)s") % {"column": COLUMNS[name], "what": text}
        cell = f"{self.letters[name]}{line}" if name in self.letters else ""
        self.complaints.append(Complaint(line, cell, written[:100], text))

    def import_row(self, row: Any, instance_loader: Any, **kwargs: Any) -> Any:
        number: int = kwargs["row_number"]
        row["line"], row["written"] = self.lines[number - 1], str(row["address"])
        result = super().import_row(row, instance_loader, **kwargs)
        for name, text in _messages(result):
            self._complain(row["line"], row["written"], name, text)
        self.each(number)
        return result

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        if not row["address"]:
            raise ValidationError({"username": _("there is no mailbox address")})
        name = mailbox(row["address"])
        if name is None:
            raise ValidationError({"username": _("is not a mailbox address")})
        if name in self.first:
            told = _("the same address is in row %(row)s") % {"row": self.first[name]}
            raise ValidationError({"username": told})
        self.first[name] = row["line"]
        written = formulas.written(str(row["address"]))
        if "@" in written and written != name:
            self._warn(row, "address", _("will be written as %(address)s") % {"address": name})
        if not usernames.is_ours(name):
            domains = ", ".join(settings.MAIL_DOMAINS)
            self._warn(row, "address", _("is not an address of %(domain)s") % {"domain": domains})
        row["address"] = name

    def _warn(self, row: Any, name: str, text: str) -> None:
        self.warnings.append(Complaint(row["line"], f"{self.letters[name]}{row['line']}", row["written"][:100], text))

    def init_instance(self, row: Any = None) -> User:
        return User(password=make_password(None))

    def import_field(self, field: Any, instance: Any, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:
        """An empty cell changes nothing."""
        if row.get(field.column_name, "") != "":
            super().import_field(field, instance, row, is_m2m, **kwargs)

    def import_instance(self, instance: User, row: Any, **kwargs: Any) -> None:
        before = tuple(getattr(instance, name) for name in COMPARED)
        date = instance.two_step_from
        super().import_instance(instance, row, **kwargs)
        wanted = instance.two_step_from
        instance.two_step_from = date  # written behind the rules of roll-outs
        if wanted and (date is None or wanted < date.replace(second=0, microsecond=0)):  # files have minutes
            self.starts[instance.username] = wanted
        elif wanted and date and wanted > date:
            self._warn(row, "two_step_from", _("has two-step from an earlier date, which stays"))
        if instance.pk is not None:
            self.before[instance.pk] = before

    def skip_row(self, instance: User, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        if import_validation_errors:
            return False
        if instance.pk is None:
            rare = {"is_active": not instance.is_active, "last_day": instance.last_day is not None}
            self._hold_to_rights(instance, [name for name, is_set in rare.items() if is_set], is_new=True)
            _hold_to_last_day(instance)
            return False
        now = tuple(getattr(instance, name) for name in COMPARED)
        if now == self.before[instance.pk] and instance.username not in self.starts:
            self.unchanged += 1
            return True
        if clerks.is_colleague(instance):
            raise ValidationError(_("belongs to the IT staff, whom an import does not change"))
        before = dict(zip(COMPARED, self.before[instance.pk], strict=True))
        self._hold_to_rights(instance, [name for name in WRITTEN if getattr(instance, name) != before[name]])
        _hold_to_last_day(instance)
        return False

    def _hold_to_rights(self, user: User, changed: list[str], *, is_new: bool = False) -> None:
        """A file changes what this clerk could change on the page, and nothing more."""
        if self.clerk is None or (is_new and not self.clerk.has_perm(right("add", User))):
            raise ValidationError(_("is a new person, and you may not add people"))
        changed = changed + ["two_step_from"] * (user.username in self.starts)
        if lacking := [str(LABELS[name]) for name in changed if not may_change(self.clerk, name)]:
            raise ValidationError(_("you may not change: %(columns)s") % {"columns": series.join(lacking)})

    # --- Export ------------------------------------------------------------------------------------------------------

    def get_queryset(self) -> Any:
        return User.objects.select_related("phone").order_by("username")

    def dehydrate_phone(self, user: User) -> str:
        phone = getattr(user, "phone", None)
        return phone.masked if phone else ""

    def before_export(self, queryset: QuerySet[User], **kwargs: Any) -> None:
        self.held = ways.of_many(queryset)

    def dehydrate_ways(self, user: User) -> str:
        return "、".join(str(way.label) for way in self.held.get(user.pk, []))

    def get_export_headers(self, selected_fields: Any = None) -> list[str]:
        return [str(COLUMNS[name]) for name in super().get_export_headers(selected_fields)]


def _hold_to_last_day(user: User) -> None:
    if user.is_active and user.has_left():
        raise ValidationError({"last_day": OVER})


def _messages(result: Any) -> Iterator[tuple[str, str]]:
    """In words for the clerk, with the column where there is one."""
    if error := result.validation_error:
        if hasattr(error, "error_dict"):
            columns = {field: name for name, field in FIELDS.items()}
            for field, texts in error.message_dict.items():
                yield from ((columns.get(field, field), text) for text in texts)
        else:
            yield from (("", text) for text in error.messages)
    for error in result.errors:
        yield "", _("cannot be read (%(error)s)") % {"error": type(error.error).__name__}
