"""Department mailboxes from a file: a row for each mailbox and each who uses it. All of it is taken, or nothing."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.imports.cells import fault
from accounts.imports.columns import plain
from accounts.lib import formulas
from accounts.spreadsheets import spreadsheets
from accounts.spreadsheets.rows import Refused, Row
from accounts.users.models import User
from portal.office.admin.people.departments.forms import OwnersForm, told
from portal.office.admin.people.imports import FileForm

MOST = 1000  # rows: they are checked while the clerk waits
SHOWN = 20  # complaints
COLUMNS = {
    "mailbox": "公务邮箱 部门邮箱 公共邮箱 共享邮箱 邮箱 邮箱地址 mailbox departmentmailbox sharedmailbox",
    "name": "邮箱名称 名称 部门 部门名称 name department nameofthemailbox",
    "owner": "使用人 使用人邮箱 使用者 成员 成员邮箱 负责人 负责人邮箱 owner owners user usedby member",
}
NEEDED = ("mailbox", "owner")


@dataclass
class Department:
    mailbox: str
    name: str = ""
    owners: list[str] = field(default_factory=list)

    def form(self, clerk: User) -> OwnersForm:
        data = {"mailbox": self.mailbox, "name": self.name, "owners": "\n".join(self.owners)}
        return OwnersForm(data, clerk=clerk)


class OwnersFileForm(FileForm):
    """Whose mailbox a person’s mailbox is, is not changed by a file: that is said for each, on the form above it."""

    def __init__(self, *args: Any, clerk: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clerk = clerk
        self.forms: list[OwnersForm] = []

    def clean_file(self) -> Any:
        file = super().clean_file()
        try:
            self.forms = [department.form(self.clerk) for department in read(file.read())]
        except Refused as refusal:
            raise ValidationError(str(refusal), code="file") from None
        complaints = [told(form.data["mailbox"], text) for form in self.forms for text in _complaints(form)]
        if complaints:
            more = len(complaints) - SHOWN
            rest = [_("and %(n)s more") % {"n": more}] if more > 0 else []
            raise ValidationError(complaints[:SHOWN] + rest, code="rows")
        return file

    def save(self, origin: str) -> int:
        """How many people use one now who did not."""
        with transaction.atomic():
            return sum(form.save(origin) for form in self.forms)


def _complaints(form: OwnersForm) -> list[str]:
    return [str(text) for texts in form.errors.values() for text in texts]


def read(content: bytes) -> list[Department]:
    """By mailbox, as the rows first name them. Refused, if it is not all clear what is meant."""
    table = spreadsheets.read(content, headings=lambda text: bool(_of_heading(text)), known=frozenset(_known()))
    names = [_of_heading(header) for header in table.headers]
    if any(names.count(name) != 1 for name in NEEDED) or names.count("name") > 1:
        raise Refused(_("It needs the columns 公务邮箱 and 使用人 (mailbox, owner), each once."))
    if len(table.rows) > MOST:
        raise Refused(_("The file has more than %(n)s rows. Split it.") % {"n": MOST})
    found: dict[str, Department] = {}
    for row in table.rows:
        cells = _cells(row, names)
        department = found.setdefault(cells["mailbox"].casefold(), Department(cells["mailbox"]))
        name = cells.get("name", "")
        if name and department.name and name != department.name:
            what = _("“%(name)s” is another name of this mailbox than above") % {"name": name}
            raise Refused(_("Row %(row)s: %(what)s") % {"row": row.line, "what": what})
        department.name = department.name or name
        if cells["owner"] not in department.owners:
            department.owners.append(cells["owner"])
    return list(found.values())


def _cells(row: Row, names: list[str]) -> dict[str, str]:
    cells = {name: cell for name, cell in zip(names, row.cells, strict=False) if name}
    what = str(row.fault) or next(
        filter(None, (fault(cell, _kind(name)) for name, cell in cells.items() if cell.text)), ""
    )
    texts = {name: " ".join(formulas.written(cell.text).split()) for name, cell in cells.items()}
    if not what and not all(texts.get(name) for name in NEEDED):
        what = _("the mailbox or who uses it is missing")
    if what:
        raise Refused(_("Row %(row)s: %(what)s") % {"row": row.line, "what": what})
    return texts


def _kind(name: str) -> str:
    return "name" if name == "name" else "address"


@cache
def _known() -> dict[str, str]:
    return {plain(word): name for name, words in COLUMNS.items() for word in words.split()}


def _of_heading(text: str) -> str:
    return _known().get(plain(text), "") if len(text) <= 100 else ""
