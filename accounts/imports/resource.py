"""People as rows of a file, in the words of django-import-export."""

from collections.abc import Callable, Iterator
from datetime import datetime, time
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.utils import timezone, translation
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.fields import Field
from import_export.instance_loaders import BaseInstanceLoader
from import_export.resources import ModelResource
from import_export.widgets import Widget

from accounts.lib import clock, formulas, spreadsheets
from accounts.lib.batches import batches
from accounts.users import clerks, usernames
from accounts.users.fields import may_change
from accounts.users.models import User
from accounts.users.permissions import right

# The columns, as a file may name them besides: in English, in Chinese, or as here.
COLUMNS = {
    "address": gettext_lazy("mailbox address"),
    "name": gettext_lazy("name"),
    "department": gettext_lazy("department"),
    "language": gettext_lazy("language"),
    "two_step_from": gettext_lazy("two-step from"),
    "active": gettext_lazy("active"),
    "phone": gettext_lazy("phone"),
}
ONLY_EXPORTED = frozenset({"phone"})
OTHER_NAMES = {
    "邮箱": "address", "邮箱地址": "address", "邮箱帐号": "address", "邮箱账号": "address", "账号": "address",
    "帐号": "address", "email": "address", "e-mail": "address", "mailbox": "address", "username": "address",
    "姓名": "name", "部门": "department", "院系": "department", "单位": "department", "语言": "language",
    "启用": "active", "有效": "active", "二次认证启用时间": "two_step_from", "手机": "phone", "手机号": "phone",
}  # fmt: skip
COMPARED = ("name", "department", "language", "is_active", "two_step_from")
LABELS = {"is_active" if name == "active" else name: label for name, label in COLUMNS.items()}  # by the field
WRITTEN = ["name", "department", "language", "is_active"]

YES = frozenset({"1", "yes", "y", "true", "是", "启用", "有效", "on"})
NO = frozenset({"0", "no", "n", "false", "否", "停用", "禁用", "无效", "off"})
LANGUAGES = {
    "zh": "zh-hans", "zh-hans": "zh-hans", "zh-cn": "zh-hans", "chinese": "zh-hans", "中文": "zh-hans",
    "简体中文": "zh-hans", "汉语": "zh-hans", "en": "en", "english": "en", "英文": "en", "英语": "en",
}  # fmt: skip


def columns(headers: list[Any]) -> list[str]:
    """Our names of a file's columns. Refuses what nobody could mean."""
    known = {name: name for name in COLUMNS} | OTHER_NAMES
    for language in ("zh-hans", "en"):
        with translation.override(language):
            known |= {str(label).casefold(): name for name, label in COLUMNS.items()}
    names = [known.get(" ".join(str(header).split()).casefold(), "") for header in headers]
    if strange := [str(header) or "—" for header, name in zip(headers, names, strict=True) if not name]:
        listed = ", ".join(text[:40] for text in strange[:10])
        raise spreadsheets.Refused(_("Unknown columns: %(columns)s. Known are: %(known)s.") % {
            "columns": listed, "known": ", ".join(str(label) for label in COLUMNS.values())
        })  # fmt: skip
    if twice := sorted({str(COLUMNS[name]) for name in names if names.count(name) > 1}):
        raise spreadsheets.Refused(_("These columns are there twice: %(columns)s.") % {"columns": ", ".join(twice)})
    if "address" not in names:
        raise spreadsheets.Refused(_("There is no column “%(column)s”.") % {"column": COLUMNS["address"]})
    return names


class Text(Widget):
    def __init__(self, field: str) -> None:
        super().__init__()
        self.longest: int = getattr(User._meta.get_field(field), "max_length", 0)

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        text = " ".join(formulas.written(str(value)).split())
        if len(text) > self.longest:
            raise ValueError(_("is longer than %(n)s characters") % {"n": self.longest})
        if not text.isprintable():
            raise ValueError(_("contains characters that cannot be shown"))
        return text


class Language(Widget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        try:
            return LANGUAGES[str(value).casefold()]
        except KeyError:
            raise ValueError(_("“%(text)s” is neither zh-hans nor en") % {"text": str(value)[:40]}) from None


class YesOrNo(Widget):
    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool:
        text = str(value).casefold()
        if text not in YES | NO:
            raise ValueError(_("“%(text)s” is neither yes nor no") % {"text": str(value)[:40]})
        return text in YES

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return _("yes") if value else _("no")


class Start(Widget):
    """A day, from its midnight on, or a day and a time, in the time zone of the site."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> datetime:
        text = str(value).replace("/", "-").replace(".", "-")
        text = "-".join(part.zfill(2) for part in text.split("-")) if " " not in text else text
        try:
            day = parse_date(text)
            at = datetime.combine(day, time.min) if day else parse_datetime(text)
        except ValueError:
            at = None
        if at is None or not 2000 <= at.year <= 2100:
            raise ValueError(_("“%(text)s” is no date like 2030-09-01") % {"text": str(value)[:40]})
        return timezone.make_aware(at) if timezone.is_naive(at) else at

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return clock.moment(value) if value else ""


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
    phone = Field(None, "phone", readonly=True)

    class Meta:
        model = User
        fields = ("address", "name", "department", "language", "two_step_from", "active", "phone")
        import_id_fields = ("address",)
        instance_loader_class = Loader
        use_bulk = True
        batch_size = None  # what is to be written is collected, and written by accounts/imports/imports.py
        skip_diff = True
        report_skipped = False
        clean_model_instances = False

    def __init__(
        self,
        lines: list[int] | None = None,
        each: Callable[[int], None] = lambda done: None,
        clerk: User | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.clerk = clerk  # with his rights as of now
        self.lines, self.each = lines or [], each
        self.complaints: list[tuple[int, str, str]] = []  # line, address, what
        self.warnings: list[tuple[int, str, str]] = []
        self.starts: dict[str, datetime] = {}  # by address: two-step is to begin
        self.before: dict[int, tuple[Any, ...]] = {}  # by key: what the rows compare with
        self.first: dict[str, int] = {}  # by address: its line
        self.unchanged = 0

    # --- Import ------------------------------------------------------------------------------------------------------

    def import_row(self, row: Any, instance_loader: Any, **kwargs: Any) -> Any:
        number: int = kwargs["row_number"]
        row["line"], row["written"] = self.lines[number - 1], str(row["address"])
        result = super().import_row(row, instance_loader, **kwargs)
        for text in _messages(result):
            self.complaints.append((row["line"], row["written"][:100], text))
        self.each(number)
        return result

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        if found := [name for name in COLUMNS if formulas.is_calculated(str(row.get(name, "")))]:
            named = ", ".join(str(COLUMNS[name]) for name in found)
            raise ValidationError(
                _("is a formula: %(columns)s. Save the file with values instead.") % {"columns": named}
            )
        name = mailbox(row["address"])
        if name is None:
            raise ValidationError(_("is no mailbox address"))
        if name in self.first:
            raise ValidationError(_("the same address stands in row %(row)s") % {"row": self.first[name]})
        self.first[name] = row["line"]
        written = formulas.written(str(row["address"]))
        if "@" in written and written != name:
            self._warn(row, _("will be written as %(address)s") % {"address": name})
        if not name.endswith(f"@{settings.MAIL_DOMAIN}"):
            self._warn(row, _("is not of %(domain)s") % {"domain": settings.MAIL_DOMAIN})
        row["address"] = name

    def _warn(self, row: Any, text: str) -> None:
        self.warnings.append((row["line"], row["written"][:100], text))

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
            self._warn(row, _("has two-step from an earlier date, which stays"))
        if instance.pk is not None:
            self.before[instance.pk] = before

    def skip_row(self, instance: User, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        if import_validation_errors:
            return False
        if instance.pk is None:
            self._hold_to_rights(instance, [] if instance.is_active else ["is_active"], is_new=True)
            return False
        now = tuple(getattr(instance, name) for name in COMPARED)
        if now == self.before[instance.pk] and instance.username not in self.starts:
            self.unchanged += 1
            return True
        if clerks.is_colleague(instance):
            raise ValidationError(_("belongs to the IT staff, whom an import does not change"))
        before = dict(zip(COMPARED, self.before[instance.pk], strict=True))
        self._hold_to_rights(instance, [name for name in WRITTEN if getattr(instance, name) != before[name]])
        return False

    def _hold_to_rights(self, user: User, changed: list[str], *, is_new: bool = False) -> None:
        """A file changes what this clerk could change on the page, and nothing more."""
        if self.clerk is None or (is_new and not self.clerk.has_perm(right("add", User))):
            raise ValidationError(_("is a new person, and you may not add people"))
        changed = changed + ["two_step_from"] * (user.username in self.starts)
        if lacking := [str(LABELS[name]) for name in changed if not may_change(self.clerk, name)]:
            raise ValidationError(_("you may not change: %(columns)s") % {"columns": ", ".join(lacking)})

    # --- Export ------------------------------------------------------------------------------------------------------

    def get_queryset(self) -> Any:
        return User.objects.select_related("phone").order_by("username")

    def dehydrate_phone(self, user: User) -> str:
        phone = getattr(user, "phone", None)
        return phone.masked if phone else ""

    def get_export_headers(self, selected_fields: Any = None) -> list[str]:
        return [str(COLUMNS[name]) for name in super().get_export_headers(selected_fields)]


def _messages(result: Any) -> Iterator[str]:
    """In words for the clerk, with the column where there is one."""
    if error := result.validation_error:
        if hasattr(error, "error_dict"):
            labels = {
                field.attribute: COLUMNS[name] for name, field in PeopleResource.fields.items() if field.attribute
            }
            for attribute, texts in error.message_dict.items():
                yield from (f"{labels.get(attribute, attribute)}: {text}" for text in texts)
        else:
            yield from error.messages
    for error in result.errors:
        yield _("cannot be read (%(error)s)") % {"error": type(error.error).__name__}
