"""What may stand in a cell, column by column."""

import re
import unicodedata
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from import_export.widgets import Widget

from accounts.lib import clock, formulas
from accounts.spreadsheets import damage
from accounts.spreadsheets.rows import DATE, ERROR, FORMULA, NUMBER, TRUTH, Cell
from accounts.users.models import User

YES = frozenset({"1", "yes", "y", "true", "是", "启用", "有效", "on", "正常", "√"})
NO = frozenset({"0", "no", "n", "false", "否", "停用", "禁用", "无效", "off", "×"})
LANGUAGES = {
    "zh": "zh-hans", "zh-hans": "zh-hans", "zh-cn": "zh-hans", "chinese": "zh-hans", "中文": "zh-hans",
    "简体中文": "zh-hans", "汉语": "zh-hans", "en": "en", "english": "en", "英文": "en", "英语": "en",
}  # fmt: skip
WORDS = frozenset({"address", "name", "department"})


def fault(cell: Cell, column: str) -> str | None:
    """What nobody meant by this cell, whatever may stand in its column."""
    text = cell.text
    if cell.kind == FORMULA or formulas.is_calculated(text):
        return _("is a formula. Save the file with values instead.")
    if cell.kind == ERROR:
        return str(damage.of("#N/A"))
    if found := damage.of(text):
        return str(found)
    if column not in WORDS:
        return None
    if cell.kind == DATE:
        return str(damage.of_words("1月2日"))
    if cell.kind == TRUTH or (cell.kind == NUMBER and not text.isdigit()):
        return _("is a number or a yes-or-no value of the spreadsheet program, not a text")
    found = damage.of_words(formulas.written(text)) if column != "address" else None
    return str(found) if found else None


class Text(Widget):
    def __init__(self, field: str) -> None:
        super().__init__()
        self.longest: int = getattr(User._meta.get_field(field), "max_length", 0)

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        text = " ".join(formulas.written(str(value)).split())
        if len(text) > self.longest:
            raise ValueError(_("is longer than %(n)s characters") % {"n": self.longest})
        return text


class Language(Widget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        try:
            return LANGUAGES[_plain(value)]
        except KeyError:
            raise ValueError(_("“%(text)s” is neither zh-hans nor en") % {"text": str(value)[:40]}) from None


class YesOrNo(Widget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool:
        text = _plain(value)
        if text not in YES | NO:
            raise ValueError(_("“%(text)s” is neither yes nor no") % {"text": str(value)[:40]})
        return text in YES

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return _("yes") if value else _("no")


class Start(Widget):
    """A day, from its midnight on, or a day and a time, in the time zone of the site."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> datetime:
        text = _written_with_hyphens(_plain(value))
        try:
            day = parse_date(text)
            at = datetime.combine(day, time.min) if day else parse_datetime(text)
        except ValueError:
            at = None
        if at is None or not 2000 <= at.year <= 2100:
            raise ValueError(_("“%(text)s” is not a date like 2030-09-01") % {"text": str(value)[:40]})
        return timezone.make_aware(at) if timezone.is_naive(at) else at

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return clock.moment(value) if value else ""


class Day(Widget):
    """A day, whatever time a spreadsheet program has added to it."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> date:
        return timezone.localtime(Start().clean(value)).date()

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return clock.day(value) if value else ""


_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?P<rest>.*)", re.DOTALL)
_TIME = re.compile(r"\s*(?:上午|am)?\s*(\d{1,2})[:时点](\d{1,2})?(?:分)?(?::?(\d{1,2})秒?)?", re.IGNORECASE)


def _written_with_hyphens(text: str) -> str:
    """2030年9月1日 8:30 as 2030-09-01 08:30."""
    if re.fullmatch(r"\d{8}", text):
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    found = _DAY.fullmatch(text)
    if not found:
        return text
    year, month, day, rest = found.groups()
    date = f"{year}-{month:0>2}-{day:0>2}"
    if clock_time := _TIME.fullmatch(rest):
        hour, minute, second = clock_time.groups(default="0")
        return f"{date} {hour:0>2}:{minute:0>2}:{second:0>2}"
    return date + rest


def _plain(value: Any) -> str:
    return " ".join(unicodedata.normalize("NFKC", str(value)).casefold().split())
