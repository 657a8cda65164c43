"""What a session is kept in: under a key of its own, never in another's place, and what it holds for so long."""

import asyncio
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from pytest_django import Settings

from accounts.sessions.storage import lifetimes, notes, store
from accounts.sessions.storage.store import SessionStore

pytestmark = pytest.mark.django_db


def kept(whose: str) -> SessionStore:
    session = SessionStore()
    session["whose"] = whose
    session.save()
    return session


def held(session: SessionStore) -> object:
    return SessionStore(session.session_key).get("whose")


def test_a_new_session_takes_the_place_of_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even under the same key, which 165 bits of chance never bring."""
    first = kept("first")
    assert len(first.session_key or "") == 32
    monkeypatch.setattr(SessionStore, "_get_new_session_key", lambda _self: first.session_key)
    with pytest.raises(IntegrityError), transaction.atomic():
        kept("second")
    assert held(first) == "first"


def test_a_session_is_there_under_its_key_and_under_nothing_else() -> None:
    session = kept("mine")
    key = session.session_key or ""
    assert [session.exists(one) for one in (key, store.digest(key), key[:-1])] == [True, False, False]
    assert SessionStore(store.digest(key)).get("whose") is None


def test_one_ends_and_no_other_one() -> None:
    mine, theirs, third = kept("mine"), kept("theirs"), kept("third")
    mine.delete()
    assert [held(one) for one in (mine, theirs, third)] == [None, "theirs", "third"]
    theirs.delete(third.session_key)
    assert [held(one) for one in (theirs, third)] == ["theirs", None]


def test_under_its_new_key_it_is_the_same_and_under_the_old_one_nothing() -> None:
    session, other = kept("mine"), kept("theirs")
    former = session.session_key
    session.cycle_key()
    session.cycle_key()
    session["more"] = 1
    session.save()
    assert (held(session), SessionStore(session.session_key)["more"], held(other)) == ("mine", 1, "theirs")
    assert SessionStore(former).get("whose") is None
    assert Session.objects.count() == 2


def test_what_was_ended_meanwhile_gets_no_new_key_with_what_it_held() -> None:
    """Whoever goes on there begins with a session that no former key leads to."""
    session = kept("mine")
    former = session.session_key
    session.cycle_key()
    Session.objects.all().delete()
    session.save()
    assert session.session_key not in (None, former)
    assert Session.objects.count() == 1


def test_what_was_ended_is_not_written_again() -> None:
    session = kept("mine")
    Session.objects.all().delete()
    session["more"] = 1
    with pytest.raises(UpdateError):
        session.save()
    assert not Session.objects.exists()


def test_a_new_key_is_written_though_nothing_else_has_changed() -> None:
    """And whatever becomes of other sessions meanwhile, the former key opens nothing."""
    session, other = SessionStore(kept("mine").session_key), kept("theirs")
    former = session.session_key
    session.cycle_key()
    assert session.modified
    session.delete(other.session_key)
    session.save()
    assert (held(session), SessionStore(former).get("whose")) == ("mine", None)


def test_one_that_is_deleted_before_its_new_key_is_written_is_gone() -> None:
    session = kept("mine")
    session.cycle_key()
    session.delete()
    assert not Session.objects.exists()


def test_what_is_over_goes_and_nothing_else(clock: time_machine.Traveller) -> None:
    over, live = kept("over"), kept("live")
    Session.objects.filter(pk=store.digest(over.session_key or "")).update(expire_date=timezone.now())
    assert held(over) is None
    clock.shift(timedelta(seconds=1))
    store.delete_expired()
    assert list(Session.objects.values_list("pk", flat=True)) == [store.digest(live.session_key or "")]


@pytest.mark.parametrize("name", ["aexists", "acreate_model_instance", "adelete", "_aget_session_from_db"])
def test_no_way_goes_by_the_key_itself(name: str) -> None:
    with pytest.raises(NotImplementedError):
        asyncio.run(getattr(SessionStore("x" * 32), name)())


@pytest.mark.parametrize(
    ("seconds", "is_young"), [(-61, False), (-60, True), (0, True), (299, True), (300, False), (301, False)]
)
def test_what_is_young(clock: time_machine.Traveller, seconds: int, *, is_young: bool) -> None:
    assert lifetimes.is_young(lifetimes.now() - seconds, timedelta(minutes=5)) is is_young
    assert not lifetimes.is_young(str(lifetimes.now()), timedelta(minutes=5)), "a text is no time"


def test_a_step_is_remembered_for_as_long_as_a_half_way_sign_in_lives(
    clock: time_machine.Traveller, settings: Settings
) -> None:
    request = HttpRequest()
    request.session, request.user = SessionStore(), AnonymousUser()
    assert notes.recall(request, "number") is None
    notes.remember(request, "number", "138")
    notes.remember(request, "other", "139")
    clock.shift(settings.HALFWAY_LIFETIME - timedelta(seconds=1))
    assert notes.recall(request, "number") == "138"
    notes.drop(request, "other", "nothing")
    assert notes.recall(request, "other") is None
    clock.shift(timedelta(seconds=1))
    assert notes.recall(request, "number") is None
