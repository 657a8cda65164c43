"""What the queue carries, and the daily tidying."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts import tasks
from accounts.models import Delivery, Failure, Mail, SecurityEvent, Sms, SmsDay, TrustedBrowser
from portal.celery import app
from tests.deliveries import make_sms
from tests.people import Person


@pytest.mark.bypass("row 44: CVE-2021-23727")
def test_the_queue_speaks_json_and_keeps_no_results() -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == app.conf.event_serializer == "json"
    assert app.conf.result_backend is None
    for name, task in app.tasks.items():
        if not name.startswith("celery."):
            assert task.ignore_result, name
            assert task.serializer == "json", name


def test_a_task_carries_the_row_and_dies_with_the_code(wangwu: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    published: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.send_sms, "apply_async", lambda **message: published.append(message))
    wangwu.enter_password()
    (message,) = published
    assert message["args"] == [Sms.objects.get().pk]
    assert set(message) == {"args", "expires"}
    assert 298 <= message["expires"] <= 300


def test_delete_expired(wangwu: Person) -> None:
    """What is older than 30 days, sessions and trusted browsers that are over; the security log stays."""
    assert wangwu.user
    user, now = wangwu.user, timezone.now()
    event = SecurityEvent.objects.create(kind=SecurityEvent.Kind.SIGNED_IN, user=user, at=now - timedelta(days=400))
    kept, gone = now - timedelta(days=30) + timedelta(minutes=1), now - timedelta(days=30, minutes=1)
    for at in (kept, gone):
        make_sms(user, created_at=at)
        Mail.objects.create(user=user, event=event, language="en", created_at=at, expires_at=at)
        Failure.objects.create(network="192.0.2.1", account=user.username, password_digest="0", channel="web", at=at)
    for days in (29, 32):
        SmsDay.objects.create(day=now.date() - timedelta(days=days))
    for name, expires_at in (("live", now + timedelta(minutes=1)), ("over", now - timedelta(minutes=1))):
        TrustedBrowser.objects.create(
            user=user, phone=user.phone, digest=name, browser="", system="", address="192.0.2.1", expires_at=expires_at
        )
        store = SessionStore()
        store[name] = True
        store.create()
        Session.objects.filter(pk=store.session_key).update(expire_date=expires_at)

    tasks.delete_expired.delay()

    models: list[type[Delivery]] = [Sms, Mail]
    for model in models:
        assert [row.created_at for row in model._default_manager.all()] == [kept]
    assert [failure.at for failure in Failure.objects.all()] == [kept]
    assert SmsDay.objects.count() == 1
    assert [browser.digest for browser in TrustedBrowser.objects.all()] == ["live"]
    assert [session.get_decoded() for session in Session.objects.all()] == [{"live": True}]
    assert SecurityEvent.objects.count() == 1
