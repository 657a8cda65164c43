"""The first page of the administration says what needs somebody."""

import secrets
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.bans.models import Ban
from accounts.delivery.models import Sms
from accounts.imports.models import Roster
from accounts.phones import helpcodes, phones
from accounts.rollouts.models import Rollout
from portal.office.overview import today
from portal.operations import heartbeats
from portal.operations.models import Heartbeat
from tests.conftest import MakeUser
from tests.kit.officers import clerk_with
from tests.kit.people import Person


def sms(person: Person, age: timedelta, **fields: object) -> Sms:
    assert person.user
    now = timezone.now()
    return Sms.objects.create(
        user=person.user, number="+8613800138000", purpose="sign_in", language="en", created_at=now - age,
        expires_at=now + timedelta(minutes=2), sweep_at=now, nonce=secrets.token_hex(8), **fields,
    )  # fmt: skip


def said(clerk: Person) -> list[tuple[str, bool]]:
    page = clerk.get("/admin/", HTTP_ACCEPT_LANGUAGE="en")
    return [(item.text, item.is_trouble) for item in page.context["today"]]


def test_nothing_to_do_is_said(office: Person) -> None:
    assert said(office) == []
    assert (
        "Nothing needs your attention at the moment."
        in office.get("/admin/", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    )


def test_trouble_first_and_each_leads_to_just_that(office: Person, wangwu: Person) -> None:
    sms(wangwu, timedelta(minutes=3))
    sms(wangwu, timedelta(seconds=5))
    sms(wangwu, timedelta(hours=2), status="failed", reason="office")
    sms(wangwu, timedelta(hours=3), status="failed", reason="number")
    sms(wangwu, timedelta(days=3), status="failed", reason="number")
    Ban.objects.create(network="203.0.113.9", until=timezone.now() + timedelta(hours=1))
    Ban.objects.create(network="203.0.113.8", until=timezone.now() - timedelta(hours=1))
    Rollout.objects.create(start=timezone.now(), working=True)
    Roster.objects.create(name="people.csv", failed=True, language="en")
    assert wangwu.user
    assert office.user
    phone = phones.of(wangwu.user)
    assert phone
    helpcodes.issue(wangwu.user, (phone.pk, 0), actor=office.user)
    told = said(office)
    texts = [text for text, _trouble in told]
    assert [trouble for _text, trouble in told] == sorted([trouble for _text, trouble in told], reverse=True)
    assert "1 SMS has been waiting for more than a minute: check the worker and the gateway." in texts
    assert "1 SMS failed today because the gateway refuses to work for us." in texts
    assert "1 SMS failed within a day." in texts
    assert "1 ban is in force." in texts
    assert "Import “people.csv” was stopped by an error." in texts
    assert "1 help-desk code was given within a day." in texts
    for item in office.get("/admin/").context["today"]:
        assert office.get(item.url).status_code == 200, item
    waiting = next(item for item in today.items(office.user) if "minute" in item.text or "分钟" in item.text)
    shown = office.get(waiting.url).context["cl"].result_list
    assert {row.status for row in shown} == {"queued"}


def test_dead_workers_and_wrong_clocks_are_named(office: Person, wangwu: Person) -> None:
    now = timezone.now()
    for queue in heartbeats.queues():
        Heartbeat.objects.create(queue=queue, host="worker-1", at=now, ahead=0)
    assert said(office) == []
    Heartbeat.objects.filter(queue="files").update(at=now - timedelta(minutes=5))
    Heartbeat.objects.filter(queue=settings.CELERY_TASK_DEFAULT_QUEUE).update(ahead=-1800)
    assert said(office) == [
        ("Nothing has been heard from the workers for files: until they run, this work waits.", True),
        ("The clock of worker-1 is -1800 seconds off the database’s. Times go by the database’s clock.", True),
    ]


@pytest.mark.parametrize(("words", "found"), [(8, True), (9, False), (700, False)])
def test_a_page_that_was_pasted_is_no_search(office: Person, wangwu: Person, words: int, found: bool) -> None:
    """Each word would ask every row again, and a process would be busy for seconds."""
    page = office.get("/admin/accounts/user/", {"q": " ".join(["wangwu"] * words)}, HTTP_ACCEPT_LANGUAGE="en")
    assert ("Nothing was searched" not in page.content.decode()) is found
    assert [row.username for row in page.context["cl"].result_list if row.username.startswith("wangwu")]


@pytest.mark.parametrize("role", ["help desk", "two-step manager", "auditor"])
def test_nobody_is_told_of_what_he_may_not_see(make_user: MakeUser, wangwu: Person, role: str) -> None:
    Ban.objects.create(network="203.0.113.9", until=timezone.now() + timedelta(hours=1))
    Roster.objects.create(name="people.csv", failed=True, language="en")
    clerk = clerk_with(make_user, role)
    for item in clerk.get("/admin/").context["today"]:
        assert clerk.get(item.url).status_code == 200, item


def test_a_person_is_found_from_every_page(office: Person, wangwu: Person) -> None:
    for page in ("/admin/", "/admin/bans/ban/", "/admin/dashboard/", f"/admin/accounts/user/{wangwu.user.pk}/desk/"):  # type: ignore[union-attr]
        assert 'action="/admin/find/"' in office.get(page).content.decode(), page


def test_the_list_of_bans_opens_on_those_in_force(office: Person) -> None:
    over = Ban.objects.create(network="203.0.113.8", until=timezone.now() - timedelta(hours=1))
    present = Ban.objects.create(network="203.0.113.9", until=timezone.now() + timedelta(hours=1))

    def shown(query: str) -> set[int]:
        return {ban.pk for ban in office.get(f"/admin/bans/ban/{query}").context["cl"].result_list}

    assert shown("") == shown("?in_force=yes") == {present.pk}
    assert shown("?in_force=all") == {present.pk, over.pk}
    assert shown("?q=203.0.113.8") == {over.pk}, "who searches means all"
    assert shown("?in_force=no") == {over.pk}
