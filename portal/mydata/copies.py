"""A copy of what is kept of somebody, for himself: one file with it as JSON and as a page to read."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from accounts.delivery import notices
from accounts.lib import clock
from accounts.log import events
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from portal.mydata.parts import PARTS, Column, Part

A_DAY = 5  # each reads all that there is


class Section(NamedTuple):
    """For a reader."""

    title: str
    labels: list[str]
    rows: list[list[str]]

    @property
    def fields(self) -> list[tuple[str, str]]:
        """A single row reads better from top to bottom."""
        return list(zip(self.labels, self.rows[0], strict=True)) if len(self.rows) == 1 else []


def claim(user: User, *, address: str) -> bool:
    """Whether he may have one more today. He is told by mail: it may be somebody else at his browser."""
    with transaction.atomic():
        user.hold()
        since = timezone.now() - timedelta(days=1)
        taken = SecurityEvent.objects.filter(user=user, kind=events.Kind.DATA_TAKEN, at__gt=since)
        if taken.count() >= A_DAY:
            return False
        notices.by_mail(user, events.record(events.Kind.DATA_TAKEN, user, address=address))
    return True


def write(user: User) -> bytes:
    """In the language that is active."""
    read = [(part, list(part.rows(user))) for part in PARTS]
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        plain = {part.name: [_plain(part, row) for row in rows] for part, rows in read}
        archive.writestr("data.json", json.dumps(plain, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2))
        sections = [_section(*each) for each in read]
        context = {
            "owner": user,
            "at": timezone.now(),
            "sections": [section for section in sections if section.rows],
            "without": [section.title for section in sections if not section.rows],
        }
        archive.writestr("data.html", render_to_string("mydata/file.html", context))
    return file.getvalue()


def _value(column: Column, row: Any) -> Any:
    return column.read(row) if column.read else getattr(row, column.name)


def _plain(part: Part, row: Any) -> dict[str, Any]:
    return {column.name: _value(column, row) for column in part.shown}


def _section(part: Part, rows: list[Any]) -> Section:
    shown = [column for column in part.shown if column.name not in ("kind", "detail")]  # they are said in words
    return Section(str(part.title), list(_labels(part, shown)), [[_said(each, row) for each in shown] for row in rows])


def _labels(part: Part, columns: list[Column]) -> Iterator[str]:
    for column in columns:
        label = column.label or getattr(part.model._meta.get_field(column.name), "verbose_name", column.name)
        yield capfirst(str(label))


def _said(column: Column, row: Any) -> str:
    display = getattr(row, f"get_{column.name}_display", None)
    value = display() if display and not column.read else _value(column, row)
    if column.name == "language":
        value = dict(settings.LANGUAGES).get(value, value)
    match value:
        case None | "":
            return "—"
        case bool():
            return _("yes") if value else _("no")
        case datetime():
            return clock.moment(value, seconds=True)
        case date():
            return clock.day(value)
        case list():
            return "、".join(map(str, value)) or "—"
        case _other:
            return str(value)
