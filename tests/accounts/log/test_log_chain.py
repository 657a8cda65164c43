"""The chain of the security log: it is added to and nothing else, by many at once, under keys that change."""

from collections.abc import Callable
from datetime import timedelta
from queue import Queue
from threading import Event, Thread
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import IntegrityError
from django.utils import timezone
from pytest_django import Settings

from accounts.audit.audit import Audit, What
from accounts.log import chain, events, sealer, signatures, tasks
from accounts.log.models import EventStaysError, LogEnd, SecurityEvent
from tests.kit.crowd import Crowd
from tests.kit.databases import database
from tests.kit.newcomers import Newcomer
from tests.kit.people import Person
from tests.kit.tampering import faults, sql, write

Kind = SecurityEvent.Kind


# --- Added to, and nothing else ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_the_model_refuses() -> None:
    write(3)
    event = SecurityEvent.objects.latest("pk")
    event.username = "another@example.edu"
    attempts: list[Callable[[], Any]] = [
        event.save,
        event.delete,
        lambda: SecurityEvent.objects.update(address="192.0.2.9"),
        lambda: SecurityEvent.objects.filter(pk=event.pk).update(address="192.0.2.9"),
        SecurityEvent.objects.all().delete,
        lambda: SecurityEvent.objects.bulk_update([event], ["username"]),
        lambda: SecurityEvent.objects.update_or_create({"address": "192.0.2.9"}, pk=event.pk),
    ]
    for attempt in attempts:
        with pytest.raises(EventStaysError), transaction.atomic():
            attempt()
    assert not faults()
    assert SecurityEvent.objects.filter(address="192.0.2.1").count() == 3


REFUSED = [
    "UPDATE LOG SET address = '192.0.2.9'",
    "UPDATE LOG SET detail = '{}'",
    "UPDATE LOG SET at = at",
    "UPDATE LOG SET position = position + 100",
    "UPDATE LOG SET position = NULL",
    "UPDATE LOG SET seal = ''",
    "UPDATE LOG SET signature = ''",
    "UPDATE LOG SET id = id + 100",
    "DELETE FROM LOG",
    "DELETE FROM LOG WHERE position = (SELECT MAX(position) FROM LOG)",
    "DELETE FROM LOG WHERE position IS NULL",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_the_database_refuses(crowd_or_not: None, statement: str) -> None:
    write(3)
    SecurityEvent.objects.create(kind=Kind.REFUSED)  # without a place
    with pytest.raises(IntegrityError, match="only added to"), transaction.atomic():
        sql(statement)
    chain.seal_all()
    assert not faults()


def test_an_event_without_its_place_is_not_rewritten_with_it(crowd_or_not: None) -> None:
    event = SecurityEvent.objects.create(kind=Kind.REFUSED, address="192.0.2.1")
    with pytest.raises(IntegrityError, match="only added to"), transaction.atomic():
        sql("UPDATE LOG SET position = 1000000, address = '192.0.2.9' WHERE id = %s", event.pk)


@pytest.mark.slow
def test_a_table_of_postgresql_is_not_truncated(postgresql_crowd: Crowd, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock(), database(postgresql_crowd.database_url):
        with pytest.raises(IntegrityError, match="only added to"):
            sql("TRUNCATE LOG CASCADE")
        assert chain.events().exists() or not faults()


def test_a_deleted_user_leaves_the_events_as_they_are(wangwu: Person) -> None:
    assert wangwu.user
    wangwu.sign_in()
    before = SecurityEvent.objects.filter(user=wangwu.user).count()
    gone = wangwu.user.pk
    wangwu.user.delete()
    assert SecurityEvent.objects.filter(user_id=gone).count() == before > 0
    assert not faults()


# --- Keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("db")
def test_keys_are_changed_without_a_break(settings: Settings) -> None:
    write(5)
    settings.EVENT_LOG_KEYS = ["a new key", *settings.EVENT_LOG_KEYS]
    write(5)
    assert not faults()
    settings.EVENT_LOG_KEYS = ["a new key"]
    assert {fault.position for fault in faults()} == {1, 2, 3, 4, 5}


@pytest.mark.usefixtures("db")
def test_no_key_is_in_the_database(settings: Settings) -> None:
    write(2)
    held = str(list(chain.events().values())) + str(list(LogEnd.objects.values()))
    assert not any(key in held for key in settings.EVENT_LOG_KEYS)


def test_one_form_whatever_the_database_made_of_it() -> None:
    """PostgreSQL gives numbers back as it likes and sorts keys its own way."""
    for one, other in [
        ({"a": 1.0, "b": 2}, {"b": 2, "a": 1}),
        ({"a": 1e22}, {"a": 10**22}),
        ({"a": (1, 2)}, {"a": [1, 2]}),
        ({1: "x"}, {"1": "x"}),
    ]:
        assert signatures.signature([one]) == signatures.signature([other])
    for one, other in [
        ({"a": 1}, {"a": "1"}),
        ({"a": None}, {}),
        ({"a": "b"}, {"b": "a"}),
        ({"a": True}, {"a": "true"}),
    ]:
        assert signatures.signature([one]) != signatures.signature([other])
    assert signatures.signature(["a", "b"]) != signatures.signature(["ab", ""])
    assert signatures.signature([1, ""]) != signatures.seal(1, "", 1, "")


def test_whatever_is_recorded_is_read_as_it_was_written(crowd_or_not: None) -> None:
    details: list[dict[str, Any]] = [
        {"名": "张三", "emoji": "📮", "quote": "\"'\\\n\u2028"},
        {"float": 0.1, "large": 1e22, "small": 1e-7, "minus": -0.0, "int": 2**53 + 1},
        {"nested": {"list": [1, [2.0, None, True]], "empty": {}}},
        {"tuple": ("a", "b")},
    ]
    for detail in details:
        SecurityEvent.objects.create(kind=Kind.ACCOUNT_EDITED, detail=detail)
    chain.seal_all()
    assert not faults()


# --- Many at once -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_crowd_writes_one_chain(crowd: Crowd) -> None:
    """Four processes, transactions of one and of many events, every third of them in vain."""
    owner = Newcomer().user
    for _ in range(5):
        calls = [{"user": owner.pk, "events_each": 1 + number % 5, "in_vain": number % 3 == 0} for number in range(96)]
        before = SecurityEvent.objects.filter(user=owner).count()
        crowd.rush("record", calls)
        made = sum(int(call["events_each"]) for call in calls if not call["in_vain"])
        assert SecurityEvent.objects.filter(user=owner).count() == before + made
        crowd.rush("seal", [{}] * 8)
        assert not chain.waiting().exists()
        assert not faults()
        positions = list(chain.events().order_by("position").values_list("position", flat=True))
        assert positions == list(range(1, len(positions) + 1))
    assert not SecurityEvent.objects.filter(user=owner, detail__name="in vain").exists()


@pytest.mark.slow
def test_a_long_transaction_holds_nobody_up(postgresql_crowd: Crowd, django_db_blocker: Any) -> None:
    """It recorded an event and does not end. The others' events are sealed meanwhile, and its own comes after them."""
    with django_db_blocker.unblock(), database(postgresql_crowd.database_url):
        owner = Newcomer().user
        with transaction.atomic():
            slow = events.record(Kind.CONFIRMED, owner)
            postgresql_crowd.rush("record", [{"user": owner.pk, "events_each": 1}] * 48)
            postgresql_crowd.rush("seal", [{}])
            others = chain.events().filter(user=owner).exclude(pk=slow.pk)
            assert others.count() == 48
            assert not others.filter(position=None).exists()
        chain.seal_all()
        place = chain.events().get(pk=slow.pk).position
        assert place is not None
        assert place > max(position or 0 for position in others.values_list("position", flat=True))
        assert not faults()


@pytest.mark.slow
def test_an_audit_beside_a_cut_and_new_events(crowd: Crowd) -> None:
    owner = Newcomer().user
    write(50, owner)
    crowd.rush("seal", [{}])
    found = Audit()
    looking = found.faults()
    crowd.rush("record", [{"user": owner.pk, "events_each": 2}] * 24)
    crowd.rush("seal", [{}])
    assert not list(looking)
    assert found.rows >= 50


def test_events_have_their_places_when_the_answer_comes(wangwu: Person) -> None:
    wangwu.sign_in()
    kinds = chain.events().exclude(position=None).order_by("position").values_list("kind", flat=True)
    assert list(kinds) == ["signed_in"]
    assert not chain.waiting().exists()


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that answers people: the rounds of its thread are the test's."""
    monkeypatch.setattr(sealer, "_threads", [Thread()])
    monkeypatch.setattr(sealer, "_recorded", Event())


@pytest.mark.usefixtures("serving")
def test_what_was_recorded_within_a_second_is_sealed_together(
    wangwu: Person, lisi: Person, django_assert_max_num_queries: Any
) -> None:
    wangwu.sign_in()
    lisi.sign_in()
    assert chain.waiting().count() == 2
    assert not faults(), "it waits, and not for too long"
    with django_assert_max_num_queries(12):
        sealer.gather()
    assert not chain.waiting().exists()
    assert not faults()


@pytest.mark.usefixtures("serving")
def test_what_another_process_left_is_sealed_in_the_next_round(wangwu: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    wangwu.sign_in()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(chain, "_take_end", lambda: None)  # another process has it
        sealer.gather()
    assert sealer._recorded.is_set()
    sealer.gather()
    assert not chain.waiting().exists()
    assert not sealer._recorded.is_set()


@pytest.mark.usefixtures("serving")
def test_the_thread_gathers_after_each_event(monkeypatch: pytest.MonkeyPatch) -> None:
    rounds: Queue[str] = Queue()

    def gather() -> None:
        sealer._recorded.clear()
        rounds.put("one")

    monkeypatch.setattr(sealer, "GATHERS", 0)
    monkeypatch.setattr(sealer, "gather", gather)
    sealer.begin()
    for _ in range(2):
        sealer.soon()
        assert rounds.get(timeout=10) == "one"
    assert rounds.empty()


def test_a_fault_of_the_chain_is_no_fault_of_a_page(wangwu: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "_take_end", lambda: 1 / 0)
    wangwu.sign_in()
    assert wangwu.is_in()
    assert chain.waiting().count() == 1
    monkeypatch.undo()
    tasks.seal.delay()
    assert not faults()


@pytest.mark.usefixtures("db")
def test_an_event_that_waits_too_long_is_told() -> None:
    late = timezone.now() - timedelta(minutes=2)
    event = SecurityEvent.objects.create(kind=Kind.SIGNED_OUT, at=late)
    SecurityEvent.objects.create(kind=Kind.SIGNED_OUT)
    (fault,) = faults()
    assert (fault.what, fault.pk) == (What.WAITING, event.pk)
    tasks.seal.delay()
    assert not faults()
