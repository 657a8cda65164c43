"""What stands in the database goes over, on both databases, beside running work, and back again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoDbBlocker, Settings

from accounts.delivery.models import Sms
from accounts.imports.models import Roster
from accounts.phones.models import Phone, Suggestion
from accounts.sealing import rotation
from accounts.users.models import User
from tests.accounts.sealing.test_numbers import AES, NUMBER, SM, stored
from tests.kit.databases import database
from tests.kit.outgoing import make_sms
from tests.kit.servers import migrated

PEOPLE = 7
STEPS = [[AES], [SM, AES], ["plain", SM]]  # one after the other: sealed, under another key, in clear again
MODELS = (Phone, Suggestion, Sms)


@pytest.fixture(scope="module")
def on_postgresql(postgresql: str, django_db_blocker: DjangoDbBlocker) -> str:
    url = f"{postgresql.rpartition('/')[0]}/numbers"
    with django_db_blocker.unblock():
        with database(postgresql), connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE numbers")
        migrated.migrate(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, db: None, settings: Settings) -> Iterator[None]:
    """People with numbers, in clear; five of them share one."""
    settings.NUMBER_KEYS = []
    if request.param == "sqlite":
        fill()
        yield
        return
    with database(request.getfixturevalue("on_postgresql")):
        fill()
        yield
        User.objects.all().delete()
        Roster.objects.all().delete()


def fill() -> None:
    for n in range(PEOPLE):
        user = User.objects.create_user(f"p{n}@example.edu")
        shared = n < 5
        number = NUMBER if shared else f"+8613900139{n:03}"
        Phone.objects.create(user=user, number=number, slot=n + 1 if shared else 1)
        Suggestion.objects.create(user=user, number=number)
        make_sms(user, number=number)
    Roster.objects.create(name="people.csv", content=b"13800138000", wrong=b"PK", language="en")
    Roster.objects.create(name="none.csv", content=None, language="en")


def seen() -> list[object]:
    return [
        sorted(Phone.objects.values_list("user__username", "number", "slot")),
        sorted(Suggestion.objects.values_list("user__username", "number")),
        sorted(Sms.objects.values_list("user__username", "number")),
        sorted((row.name, row.content, row.wrong) for row in Roster.objects.all()),
        Phone.objects.filter(number=NUMBER).count(),
    ]


def whole() -> int:
    """How many went over."""
    batches = list(rotation.run())
    assert not any(batch.lost for batch in batches)
    return sum(batch.done for batch in batches)


def beginnings() -> set[str]:
    return {text[:4] for model in MODELS for text in stored(model)} | {
        bytes(content)[8:12].decode() for content in raw_files()
    }


def raw_files() -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM imports_roster WHERE content IS NOT NULL")
        return [bytes(row[0]) for row in cursor.fetchall()]


def test_over_and_back(filled: None, settings: Settings) -> None:
    before, clear = seen(), [stored(model) for model in MODELS]
    everything = 3 * PEOPLE + 2
    for ring, begin in zip(STEPS, ("aes:", "sm4:", None), strict=True):
        settings.NUMBER_KEYS = ring
        assert rotation.standing().left == everything
        assert seen() == before
        assert whole() == everything
        assert rotation.standing().left == whole() == 0
        settings.NUMBER_KEYS = ring[:1]
        assert seen() == before, "the old key is needed no more"
        if begin:
            assert beginnings() == {begin}
    assert [stored(model) for model in MODELS] == clear
    assert raw_files() == [b"13800138000"]


def test_interrupted_and_begun_again(filled: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    before = seen()
    settings.NUMBER_KEYS = [SM]
    going = rotation.run()
    done = sum(next(going).done for _ in range(3))
    assert rotation.standing().left == 3 * PEOPLE + 2 - done
    assert seen() == before
    assert whole() == 3 * PEOPLE + 2 - done


def test_what_changes_meanwhile_stays_changed(
    filled: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The batch has been read, and is about to be written."""
    settings.NUMBER_KEYS = [AES]
    user = User.objects.get(username="p6@example.edu")
    write = rotation._Numbers._update

    def late(self: rotation._Numbers, each: list[list[object]]) -> None:
        if self.model is Suggestion:
            Suggestion.objects.filter(user=user).update(number="+8613700137000")
        if self.model is Phone:
            Phone.objects.filter(user=user).delete()
        write(self, each)

    monkeypatch.setattr(rotation._Numbers, "_update", late)
    whole()
    assert Suggestion.objects.get(user=user).number == "+8613700137000"
    assert not Phone.objects.filter(user=user).exists()


def test_two_that_were_bound_in_one_slot_under_two_keys(filled: None, settings: Settings) -> None:
    """As by two processes of which one was restarted later: each row keeps its number, and has a slot of its own."""
    settings.NUMBER_KEYS = [AES]
    late = User.objects.create_user("late@example.edu")
    Phone.objects.create(user=late, number=NUMBER, slot=2)
    whole()
    slots = Phone.objects.filter(number=NUMBER).values_list("slot", flat=True)
    assert len(slots) == len(set(slots)) == 6
    assert rotation.standing().left == 0


def test_what_cannot_be_read_is_left_and_counted(filled: None, settings: Settings) -> None:
    settings.NUMBER_KEYS = [AES]
    whole()
    settings.NUMBER_KEYS = [SM]
    assert rotation.standing().unreadable == 3 * PEOPLE + 2
    batches = list(rotation.run())
    assert sum(batch.lost for batch in batches) == 3 * PEOPLE + 2
    assert not any(batch.done for batch in batches)
    settings.NUMBER_KEYS = [SM, AES]
    assert whole() == 3 * PEOPLE + 2


def test_a_code_on_its_way_is_still_right(filled: None, settings: Settings) -> None:
    sms = Sms.objects.filter(expires_at__gt=timezone.now() - timedelta(days=1))[0]
    digits = sms.digits()
    settings.NUMBER_KEYS = [SM]
    whole()
    assert Sms.objects.get(pk=sms.pk).digits() == digits
