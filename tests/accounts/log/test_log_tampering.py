"""Whatever is done to an event behind our back, its row is named.

LOG_ROWS: of how many; 10000 where there is time.
"""

import os
import random
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.audit import audit
from accounts.audit.audit import What
from accounts.log import chain
from accounts.log.models import LogEnd, SecurityEvent
from tests.kit import guards
from tests.kit.tampering import as_named, faults, named, sql, tampering, write

ROWS = int(os.environ.get("LOG_ROWS", "1000"))

# What an attacker writes into a column. The row changes, whatever was in it.
CHANGES = {
    "at": "at = '2020-01-01 00:00:00+00:00'",
    "kind": "kind = 'signed_out'",
    "user_id": "user_id = COALESCE(user_id, 0) + 1",
    "username": "username = 'lisi@example.edu'",
    "actor_id": "actor_id = 1",
    "actor_name": "actor_name = 'lisi@example.edu'",
    "address": "address = '192.0.2.10'",
    "detail": 'detail = \'{"channel": "imap"}\'',
    "detail left out": "detail = '{}'",
    "nonce": "nonce = 'z' || SUBSTR(nonce, 2)",
    "signature": "signature = 'z' || SUBSTR(signature, 2)",
    "previous": "previous = signature",
    "seal": "seal = signature",
    "position": "position = -position",
    "no position": "position = NULL",
    "row": "id = -id",
}
WORDS = (*SecurityEvent.CONTENT, "signature")
SWAPS = {
    "what they say": WORDS,
    "the words alone": ("address", "detail", "nonce"),
    "their places": ("position", "previous", "seal"),
    "all but the number of the row": (*WORDS, "position", "previous", "seal"),
}


def swap(pairs: list[tuple[int, int]], columns: tuple[str, ...]) -> None:
    """As a bold attacker does it who dropped the constraints: rows are written with each other's values."""
    rows = {row[0]: row[1:] for row in chain.events().values_list("pk", *columns)}
    unique = [name for name in columns if name in ("nonce", "position")]
    with connection.cursor() as cursor:
        both = [pk for pair in pairs for pk in pair]
        for name in unique:
            value = "'' " if name == "nonce" else "NULL"
            cursor.executemany(f"UPDATE {guards.TABLE} SET {name} = {value} WHERE id = %s", [(pk,) for pk in both])
        fields = {field.attname: field for field in SecurityEvent._meta.concrete_fields}

        def raw(pk: int) -> tuple[Any, ...]:
            return tuple(
                fields[name].get_db_prep_save(value, connection) for name, value in zip(columns, rows[pk], strict=True)
            )

        cursor.executemany(
            f"UPDATE {guards.TABLE} SET {', '.join(f'{name} = %s' for name in columns)} WHERE id = %s",
            [(*raw(other), pk) for one, two in pairs for pk, other in ((one, two), (two, one))],
        )


@pytest.mark.bypass("row 45: an entry of the log is changed, removed or moved")
@pytest.mark.slow
@pytest.mark.usefixtures("db")
def test_each_of_many_rows_is_named() -> None:
    """Every row, each kind of tampering, half of the rows at a time: the others are not blamed."""
    rows = write(ROWS)
    pks = [row.pk for row in rows]
    assert not faults()
    for half in (0, 1):
        for change, statement in CHANGES.items():
            with tampering():
                found = as_named(lambda: sql(f"UPDATE LOG SET {statement} WHERE id % 2 = {half}"))  # noqa: B023
                told = {abs(fault.pk) for fault in found if fault.pk}
                assert told == {pk for pk in pks if pk % 2 == half}, change
        with tampering():
            found = as_named(lambda: sql(f"DELETE FROM LOG WHERE position % 2 = {half}"))  # noqa: B023
            assert named(found) == [
                ("REMOVED", position, position) for position in range(1, ROWS + 1) if position % 2 == half
            ]
    for distance in (1, 17):
        pairs = [(pk, pk + distance) for pk in pks[:-distance] if (pk - pks[0]) % (2 * distance) < distance]
        pairs = [pair for number, pair in enumerate(pairs) if number % 2 == 0]  # others stay in place
        for columns in SWAPS.values():
            with tampering():
                found = as_named(lambda: swap(pairs, columns))  # noqa: B023
                assert {fault.pk for fault in found} == {pk for pair in pairs for pk in pair}, columns
    assert not faults()


@pytest.mark.bypass("row 45: an entry of the log is changed, removed or moved")
def test_any_one_row_is_named(crowd_or_not: None) -> None:
    """A few rows of a log, by chance, one at a time; the first and the last always."""
    pks = [row.pk for row in write(300)]
    places = dict(chain.events().filter(pk__in=pks).values_list("pk", "position"))
    chance = random.Random(2026)
    for pk in (pks[0], pks[-1], *chance.sample(pks, 3)):
        for change, statement in CHANGES.items():
            with tampering():
                found = as_named(lambda: sql(f"UPDATE LOG SET {statement} WHERE id = %s", pk))  # noqa: B023
                assert {abs(fault.pk) for fault in found if fault.pk} == {pk}, change
        with tampering():
            found = as_named(lambda: sql("DELETE FROM LOG WHERE id = %s", pk))  # noqa: B023
            assert named(found) == [("REMOVED", places[pk], places[pk])]
        other = chance.choice([other for other in pks if other != pk])
        for columns in SWAPS.values():
            with tampering():
                found = as_named(lambda: swap([(pk, other)], columns))  # noqa: B023
                assert {fault.pk for fault in found} == {pk, other}


def test_several_removed_in_a_row_are_told_in_one_line(crowd_or_not: None) -> None:
    first = chain.events().get(pk=write(20)[0].pk).position
    assert first
    with tampering():
        found = as_named(lambda: sql(f"DELETE FROM LOG WHERE position BETWEEN {first + 3} AND {first + 8}"))
        assert named(found) == [("REMOVED", first + 3, first + 8)]


def test_the_newest_rows_are_missed(crowd_or_not: None) -> None:
    write(20)
    last = LogEnd.objects.get(which="end").position
    with tampering():
        found = as_named(lambda: sql(f"DELETE FROM LOG WHERE position > {last - 5}"))
        assert named(found) == [("REMOVED", last - 4, last)]
        write(3)
        assert ("REMOVED", last - 4, last) in named(faults()), "what comes afterwards does not cover it"


ENDS = [
    "UPDATE log_logend SET position = position - 5 WHERE which = 'end'",
    "UPDATE log_logend SET seal = signature WHERE which = 'end'",
    "UPDATE log_logend SET signature = seal WHERE which = 'end'",
    "DELETE FROM log_logend WHERE which = 'end'",
]


@pytest.mark.parametrize("statement", ENDS)
def test_nor_is_it_covered_by_the_record_of_the_end(
    crowd_or_not: None, caplog: pytest.LogCaptureFixture, statement: str
) -> None:
    write(20)
    last = LogEnd.objects.get(which="end").position
    with tampering():
        sql(statement)
        found = as_named(lambda: sql(f"DELETE FROM LOG WHERE position > {last - 5}"))
        assert [fault.what for fault in found] == [What.END_LOST]
        write(3)
        assert "record of the end of the security log is lost" in caplog.text
        assert faults(), "what comes afterwards does not cover it"
    assert not faults()


@pytest.mark.usefixtures("db")
def test_a_log_that_was_emptied_does_not_begin_as_if_new() -> None:
    write(5)
    with tampering():
        found = as_named(lambda: sql("DELETE FROM LOG") or sql("DELETE FROM log_logend"))  # type: ignore[func-returns-value]
        assert [fault.what for fault in found] == [What.END_LOST]
        write(1)
        assert named(faults()) == [("REMOVED", 1, 1)]


@pytest.mark.usefixtures("db")
def test_an_older_end_that_was_put_back_is_found_from_outside() -> None:
    """Inside of the database everything fits; syslog, or an earlier run, remembers."""
    write(20)
    older = LogEnd.objects.filter(which="end").values().get()
    write(5)
    remembered = audit.end()
    assert audit.holds(*_place(remembered))
    with tampering():
        LogEnd.objects.filter(which="end").update(**older)
        assert not as_named(lambda: sql("DELETE FROM LOG WHERE position > 20"))
        assert not audit.holds(*_place(remembered))
        with pytest.raises(CommandError):
            call_command("verify_events", "--holds", remembered, stdout=StringIO())
        write(5)
        assert not audit.holds(*_place(remembered))


def _place(text: str) -> tuple[int, str]:
    position, _, seal = text.partition(":")
    return int(position), seal


INSERT = """
    INSERT INTO LOG (at, kind, username, actor_name, address, detail, nonce, signature, position, previous, seal)
    SELECT at, kind, username, actor_name, address, detail, {nonce}, {signature}, {position}, {previous}, seal
    FROM LOG WHERE id = %s
"""


@pytest.mark.parametrize(
    ("position", "previous"),
    [("NULL", "''"), ("(SELECT MAX(position) + 1 FROM LOG)", "seal"), ("-5", "seal"), ("0", "''")],
    ids=["waiting", "at the end", "before the beginning", "at zero"],
)
@pytest.mark.parametrize("copied", [True, False])
@pytest.mark.usefixtures("db")
def test_a_row_that_was_put_in_is_named(position: str, previous: str, copied: bool) -> None:
    pk = write(20)[7].pk
    with tampering():
        if copied:
            sql("DROP INDEX one_event_a_nonce")
        nonce, signature = ("nonce", "signature") if copied else ("'x' || SUBSTR(nonce, 2)", "seal")
        statement = INSERT.replace("{position}", position).replace("{previous}", previous)
        statement = statement.replace("{nonce}", nonce).replace("{signature}", signature)
        sql(statement, pk)
        new = chain.events().latest("pk").pk
        assert new != pk
        assert new in {fault.pk for fault in faults()}
        chain.seal_all()
        write(3)
        found = faults()
        assert new in {fault.pk for fault in found}, "our own hand does not make it genuine"
        assert {fault.pk for fault in found} <= {new, None}


@pytest.mark.usefixtures("db")
def test_rows_from_another_history_are_named() -> None:
    """A backup was put back, and the log went on from it. What had come after the backup is genuine, and not ours."""
    write(5)
    before = LogEnd.objects.filter(which="end").values().get()
    with tampering():
        write(3)
        other = list(chain.events().filter(position__in=(6, 7)).values())
        as_named(lambda: sql("DELETE FROM LOG WHERE position > 5"))
        LogEnd.objects.filter(which="end").update(**before)
        write(3)
        as_named(lambda: sql("DELETE FROM LOG WHERE position IN (6, 7)"))
        for values in other:
            SecurityEvent(**values).save_base(raw=True, force_insert=True)
        assert named(faults()) == [("UNLINKED", 8, None)]


def test_missing_triggers_are_told(crowd_or_not: None) -> None:
    write(3)
    with guards.lifted():
        assert [fault.what for fault in faults()] == [What.UNGUARDED]
    assert not faults()
