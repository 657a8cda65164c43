"""Columns of what NUMBER_KEYS seals. Python has what is meant; the row, what accounts/sealing/atrest.py says."""

from typing import Any

from django.core.exceptions import FieldError
from django.db.models import BinaryField, CharField, lookups
from django.db.models.functions import Right
from django.db.models.query_utils import DeferredAttribute
from phonenumber_field.modelfields import PhoneNumberField

from accounts.sealing import atrest, contents
from accounts.sealing.atrest import Beside

LOOKUPS = ("exact", "in", "isnull", "of_country", "of_range", "ends")


class NumberField(CharField):  # type: ignore[type-arg]  # the mail login service has no generics of Django
    """E.164. It is found whole, in each form in which it may stand; by a part only as `beside` says."""

    def __init__(self, *args: Any, beside: Beside = Beside.NOTHING, **options: Any) -> None:
        self.beside = beside
        super().__init__(*args, **({"max_length": atrest.LONGEST} | options))

    def deconstruct(self) -> Any:
        """Migrations see what the rows have."""
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.CharField", args, options

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return text if text is None else atrest.written(text, self.beside)

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        return value if value is None or value[:1] == "+" else atrest.read(value)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in LOOKUPS:
            raise FieldError(f"{self.name} may be sealed, and is not found by {lookup_name}: {', '.join(LOOKUPS)}")
        return super().get_lookup(lookup_name)


class PhoneField(NumberField, PhoneNumberField):  # type: ignore[misc]  # the library has no types
    """A number that somebody can be called at. Python has it as E.164: parsed anew each time that it is read, it would
    cost more than the row."""

    descriptor_class = DeferredAttribute

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        del options["region"]
        return name, path, args, options

    def clean(self, value: Any, model_instance: Any) -> str:
        return str(super().clean(value, model_instance))


class ContentField(BinaryField):  # type: ignore[type-arg]
    def get_prep_value(self, value: Any) -> Any:
        return value if value is None else contents.hidden(bytes(value))

    def from_db_value(self, value: Any, *_: Any) -> bytes | None:
        return value if value is None else contents.shown(bytes(value))

    def deconstruct(self) -> Any:
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.BinaryField", args, options


# --- How a number is found --------------------------------------------------------------------------------------------


class _Is(lookups.Exact):
    prepare_rhs = False


class _Among(lookups.In):
    prepare_rhs = False


class _Begins(lookups.StartsWith):
    prepare_rhs = False


def _one_of(column: Any, forms: list[str]) -> Any:
    return _Among(column, forms) if len(forms) > 1 else _Is(column, forms[0])


def _whole(lookup: Any, numbers: list[Any]) -> list[str]:
    if any(hasattr(number, "resolve_expression") for number in numbers):
        raise FieldError("Numbers of two columns may be sealed in two ways: they are not compared by the database.")
    return [form for number in numbers for form in atrest.every(str(number), lookup.lhs.output_field.beside)]


@NumberField.register_lookup
class Exact(_Is):
    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return _one_of(self.lhs, _whole(self, [self.rhs])).as_sql(compiler, connection)


@NumberField.register_lookup
class In(_Among):
    def as_sql(self, compiler: Any, connection: Any) -> Any:
        rhs: Any = self.rhs
        found = _whole(self, [rhs] if hasattr(rhs, "resolve_expression") else list(rhs))
        return _Among(self.lhs, found).as_sql(compiler, connection)


class _Part(lookups.BuiltinLookup):
    prepare_rhs = False


class _Beginning(_Part):
    def forms(self) -> list[str]:
        raise NotImplementedError

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        parts = [_Begins(self.lhs, form).as_sql(compiler, connection) for form in self.forms()]
        return f"({' OR '.join(sql for sql, _ in parts)})", [value for _, values in parts for value in values]


@NumberField.register_lookup
class OfCountry(_Beginning):
    """By the calling code."""

    lookup_name = "of_country"

    def forms(self) -> list[str]:
        return atrest.of_country(int(self.rhs))


@NumberField.register_lookup
class OfRange(_Beginning):
    """All digits but the last four are those of this number."""

    lookup_name = "of_range"

    def forms(self) -> list[str]:
        return atrest.of_range(str(self.rhs))


@NumberField.register_lookup
class Ends(_Part):
    """By the last four digits. One in thousands of what is found, where numbers are sealed, ends otherwise."""

    lookup_name = "ends"

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return _one_of(Right(self.lhs, atrest.END), atrest.ends(str(self.rhs))).as_sql(compiler, connection)
