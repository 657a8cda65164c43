"""All that stands in the database goes over to how it is written now: sealed, under another key, or in clear again.

So many rows at a time, each batch by itself, beside running work: a row that was changed meanwhile was written anew and
is left alone. Interrupted and begun again, it goes on with what is left.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.models import BinaryField, Case, Count, F, Func, Model, QuerySet, TextField, Value, When
from django.db.models.functions import Cast, Left

from accounts.lib.batches import BATCH, batches
from accounts.sealing import atrest, contents, ring
from accounts.sealing.fields import ContentField, NumberField

CLEAR = ""  # in place of a key's name

Row = tuple[int, str]  # its key, and what stands there


class Batch(NamedTuple):
    column: str
    done: int
    lost: int = 0  # their key is not in NUMBER_KEYS


def keys() -> dict[str, Counter[str]]:
    """How many are written under which key, by the column."""
    return {str(column): column.keys() for column in _columns()}


class Standing(NamedTuple):
    """How what is there is written."""

    clear: int
    aes: int
    sm4: int
    left: int  # written otherwise than what is new
    unreadable: int


def standing() -> Standing:
    found = sum(keys().values(), Counter[str]())
    known, current = {CLEAR, *(key.name for key in ring.readable())}, _current()
    aes, sm4 = (sum(found[name] for name in found if name.startswith(begin)) for begin in ring.ALGORITHMS)
    return Standing(
        clear=found[CLEAR],
        aes=aes,
        sm4=sm4,
        left=found.total() - found[current],
        unreadable=sum(found[name] for name in found if name not in known),
    )


def run() -> Iterator[Batch]:
    for column in _columns():
        yield from column.run()


def _current() -> str:
    key = ring.writing()
    return key.name if key else CLEAR


def _columns() -> "Iterator[_Numbers | _Contents]":
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, NumberField):
                yield _Numbers(model, field)
            elif isinstance(field, ContentField):
                yield _Contents(model, field)


class _Column:
    def __init__(self, model: Any, field: Any) -> None:
        self.model: type[Model] = model
        self.field, self.name = field, field.name

    def __str__(self) -> str:
        return f"{self.model._meta.label}.{self.name}"

    @property
    def _all(self) -> QuerySet[Any]:
        return self.model._default_manager.exclude(**{f"{self.name}__isnull": True}).order_by("pk")


class _Numbers(_Column):
    def keys(self) -> Counter[str]:
        return Counter(dict(self._rows().order_by().values_list("key").annotate(count=Count("pk"))))

    def run(self) -> Iterator[Batch]:
        rows = self._rows().exclude(key=_current()).annotate(stored=Cast(self.name, TextField()))
        last = 0
        while batch := list(rows.filter(pk__gt=last).values_list("pk", "stored")[:BATCH]):
            last = batch[-1][0]
            yield self._write(batch)

    def _rows(self) -> QuerySet[Any]:
        named = [When(start=algorithm, then=Left(self.name, ring.NAME)) for algorithm in ring.ALGORITHMS]
        start = Left(self.name, len(ring.ALGORITHMS[0]))
        rows: QuerySet[Any] = self._all.alias(start=start).annotate(key=Case(*named, default=Value(CLEAR)))
        return rows

    def _write(self, batch: list[Row]) -> Batch:
        new = []
        for pk, stored in batch:
            try:
                new += [pk, stored, self.field.get_prep_value(atrest.read(stored))]
            except ring.Unreadable:
                continue
        each = [new[at : at + 3] for at in range(0, len(new), 3)]
        try:
            self._update(each)
        except IntegrityError:  # the same number in the same slot, under two keys
            for one in each:
                self._make_room(one)
        return Batch(str(self), len(each), len(batch) - len(each))

    def _make_room(self, one: list[Any]) -> None:
        try:
            self._update([one])
        except IntegrityError:
            self.model.step_aside(one[0])  # type: ignore[attr-defined]  # whoever has such a constraint
            self._update([one])

    def _update(self, each: list[list[Any]]) -> None:
        """One statement, of rows that are still as they were read."""
        if not each:
            return
        quoted = connection.ops.quote_name
        table, pk, number = map(quoted, (self.model._meta.db_table, self.model._meta.pk.column, self.field.column))
        values = ", ".join(["(%s, %s, %s)"] * len(each))
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                f"WITH fresh (pk, was, new) AS (VALUES {values}) UPDATE {table} SET {number} = fresh.new "  # noqa: S608
                f"FROM fresh WHERE {table}.{pk} = fresh.pk AND {table}.{number} = fresh.was",
                [value for one in each for value in one],
            )


class _Contents(_Column):
    """Few, and large."""

    def keys(self) -> Counter[str]:
        return Counter(name for _pk, name in self._heads())

    def run(self) -> Iterator[Batch]:
        for batch in batches([pk for pk, name in self._heads() if name != _current()]):
            done = sum(self._write(pk) for pk in batch)
            yield Batch(str(self), done, len(batch) - done)

    def _heads(self) -> Iterator[tuple[int, str]]:
        head: Any = Func(F(self.name), 1, len(contents.MARK) + ring.NAME, function="SUBSTR", output_field=BinaryField())
        for pk, found in self._all.annotate(head=head).values_list("pk", "head"):
            start = bytes(found)
            yield pk, start.removeprefix(contents.MARK).decode() if start.startswith(contents.MARK) else CLEAR

    def _write(self, pk: int) -> bool:
        try:
            with transaction.atomic():
                row = self._all.select_for_update().only(self.name).filter(pk=pk).first()
                if row is not None:
                    row.save(update_fields=[self.name])
        except ring.Unreadable:
            return False
        return True
