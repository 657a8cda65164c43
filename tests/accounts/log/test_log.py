"""The security log as the IT office reads and exports it."""

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone, translation

from accounts.log import chain, events, formats, sentences
from accounts.log.models import SecurityEvent
from tests.conftest import MakeUser
from tests.kit.people import Person

Kind = SecurityEvent.Kind
LOG = "/admin/log/securityevent/"
EXPORT = LOG + "export/"


def colleague(make_user: MakeUser, *permissions: str) -> Person:
    user = make_user("auditor", phone="13700137001", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    person = Person(user)
    person.arrive()
    return person


def shown(person: Person, **filters: str) -> list[str]:
    """The sentences in the list."""
    page = person.get(LOG, filters).content.decode()
    return [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r'<td class="field-sentence">(.*?)</td>', page)]


# --- About whom -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Somebody:
    pk: int
    username: str


def test_an_event_is_about_anybody_with_a_key_and_a_name(db: None) -> None:
    """The log knows no more of people: neither their model nor what becomes of them."""
    owner, clerk = Somebody(7, "lisi@example.edu"), Somebody(8, "itoffice@example.edu")
    events.record(Kind.SIGNED_OUT, owner, actor=clerk)
    events.record_many(Kind.SIGNED_OUT, [owner], actor=clerk)
    events.record_each(Kind.SIGNED_OUT, [(owner, {})], actor=clerk)
    about = SecurityEvent.objects.values_list("user_id", "username", "actor_id", "actor_name")
    assert list(about) == [(7, owner.username, 8, clerk.username)] * 3


# --- Sentences --------------------------------------------------------------------------------------------------------


def said(kind: SecurityEvent.Kind, detail: dict[str, Any], *, user: str = "", actor: str = "") -> str:
    with translation.override("en"):
        return sentences.full(SecurityEvent(kind=kind, username=user, actor_name=actor, detail=detail))


def test_who_did_what_to_whom() -> None:
    lisi, clerk = "lisi@example.edu", "itoffice@example.edu"
    browser = {"browser": "Firefox 140", "system": "Linux", "method": "code"}
    assert said(Kind.SIGNED_IN, browser, user=lisi) == f"{lisi}: signed in with Firefox 140 on Linux (with a code)"
    assert said(Kind.PHONE_UNBOUND, {"old_number": "138****8000"}, user=lisi, actor=clerk) == (
        f"{clerk}, for {lisi}: phone 138****8000 unbound"
    )
    assert said(Kind.REFUSED, {"channel": "web"}) == "Somebody: wrong password (web page)"
    assert said(Kind.BARE_NAME, {"channel": "imap"}, user=lisi).endswith("(IMAP)")
    assert said(Kind.BAN_LIFTED, {"account": ""}, actor=clerk) == f"{clerk}: ban lifted"
    assert said(Kind.BROWSERS_FORGOTTEN, {"browsers": ["A", "B"]}, user=lisi).endswith("A、B")
    until = timezone.now().isoformat()
    assert said(Kind.BANNED, {"until": until, "failures": 10}).startswith("address banned until 20")
    assert said(Kind.CODES_PAUSED, {"until": until}, user=lisi).endswith(f"({lisi})")


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    "detail", [{}, {"until": "nonsense", "method": 7, "purpose": "no", "start": None, "before": 1}]
)
def test_every_kind_has_words_whatever_its_details_are(kind: SecurityEvent.Kind, detail: dict[str, Any]) -> None:
    sentence = said(kind, detail, user="lisi@example.edu")
    with translation.override("en"):
        assert str(kind.label) in sentence


# --- List and filters -------------------------------------------------------------------------------------------------


@pytest.fixture
def some_events(make_user: MakeUser, clerk: Person) -> None:
    zhangsan, lisi = make_user("zhangsan"), make_user("lisi")
    gone = make_user("gone")
    events.record(Kind.PHONE_BOUND, zhangsan, number="138****8000", address="192.0.2.1")
    events.record(Kind.PHONE_UNBOUND, lisi, actor=clerk.user, old_number="139****9000", address="192.0.2.2")
    events.record(Kind.SIGNED_OUT, gone)
    gone.delete()


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"username": "zhangsan@example.edu"}, ["zhangsan"]),
        ({"username": " ＺｈａｎｇＳａｎ@example.edu"}, ["zhangsan"]),
        ({"username": "zhang"}, ["zhangsan"]),
        ({"username": "gone@example.edu"}, ["gone"]),
        ({"username": "nobody@example.edu"}, []),
        ({"username": "a\0b"}, []),
        ({"actor_name": "itoffice@example.edu"}, ["lisi"]),
        ({"actor_name": "office", "username": "zhangsan@example.edu"}, []),
        ({"kind__exact": "phone_bound"}, ["zhangsan"]),
        ({"q": "192.0.2.2"}, ["lisi"]),
    ],
)
def test_filters(office: Person, some_events: None, filters: dict[str, str], found: list[str]) -> None:
    told = [sentence for sentence in shown(office, **filters) if "短信验证码" not in sentence]
    assert [name for name in ("gone", "lisi", "zhangsan") if name in " ".join(told)] == found
    assert len(told) == len(found)


def test_a_name_filter_keeps_the_others(office: Person, some_events: None) -> None:
    page = office.get(LOG, {"kind__exact": "phone_bound", "username": "zhang"}).content.decode()
    by_mailbox, by_clerk = re.findall(r'<form method="get" class="name-filter">(.*?)</form>', page, re.DOTALL)
    kind, typed = ('<input type="hidden" name="kind__exact" value="phone_bound">', 'name="username" value="zhang"')
    assert kind in by_mailbox
    assert kind in by_clerk
    assert f'<input type="text" {typed}' in by_mailbox
    assert f'<input type="hidden" {typed}' in by_clerk


def test_nobody_writes_in_it(office: Person, some_events: None) -> None:
    """A superuser neither."""
    event = SecurityEvent.objects.latest("pk")
    before = list(SecurityEvent.objects.values())
    for path in (LOG + "add/", f"{LOG}{event.pk}/delete/", f"{LOG}{event.pk}/change/"):
        assert office.post(path, {"kind": "signed_out", "post": "yes"}).status_code == 403
    office.post(LOG, {"action": "delete_selected", "_selected_action": event.pk, "post": "yes"})
    assert list(SecurityEvent.objects.values()) == before


def test_the_list_costs_the_same_for_many(office: Person, django_assert_max_num_queries: Any) -> None:
    for _ in range(50):
        events.record(Kind.SIGNED_OUT, office.user, actor=office.user)
    with django_assert_max_num_queries(15):
        office.get(LOG)


# --- Export -----------------------------------------------------------------------------------------------------------


def exported(person: Person, form: str, **filters: str) -> str:
    response = person.post(EXPORT, {"format": form}, query_params=filters)
    assert response.status_code == 200
    assert response.streaming
    assert f".{form}" in response.headers["Content-Disposition"]
    return b"".join(response).decode()


def test_csv(office: Person, some_events: None) -> None:
    text = exported(office, "csv", username="zhangsan@example.edu")
    assert text.startswith("\ufeff")
    head, row = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert head == list(formats.COLUMNS)
    line = dict(zip(head, row, strict=True))
    assert (line["kind"], line["user"], line["address"]) == ("phone_bound", "zhangsan@example.edu", "192.0.2.1")
    assert json.loads(line["detail"]) == {"number": "138****8000"}


def test_json_lines(office: Person, some_events: None) -> None:
    chain.seal_all()
    lines = [json.loads(line) for line in exported(office, "jsonl").splitlines()]
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    written = {event.pk: event for event in SecurityEvent.objects.exclude(kind=Kind.LOG_EXPORTED)}
    assert {line["id"] for line in lines} == set(written)
    for line in lines:
        event = written[line["id"]]
        assert (line["position"], line["seal"], line["kind"]) == (event.position, event.seal, event.kind)
        assert line["detail"] == event.detail


def test_no_cell_of_an_export_is_calculated(office: Person) -> None:
    """A name may begin like a formula, and spreadsheet programs take every cell that does for one."""
    events.record(Kind.SIGNED_OUT, Somebody(7, "=cmd|x@example.edu"), actor=Somebody(8, "+1@example.edu"))
    _head, row = csv.reader(io.StringIO(exported(office, "csv", kind__exact="signed_out").removeprefix("\ufeff")))
    assert {"'=cmd|x@example.edu", "'+1@example.edu"} <= set(row)


def test_an_export_is_in_the_log(office: Person, some_events: None) -> None:
    exported(office, "csv", kind__exact="phone_bound", q="13800138000")
    event = SecurityEvent.objects.get(kind=Kind.LOG_EXPORTED)
    assert event.actor == office.user
    assert event.detail == {"format": "csv", "rows": 0, "filters": {"kind__exact": "phone_bound"}, "searched": True}
    assert "13800138000" not in str(SecurityEvent.objects.values())


def test_it_needs_the_permission(make_user: MakeUser, some_events: None) -> None:
    reader = colleague(make_user, "view_securityevent")
    assert EXPORT not in reader.get(LOG).content.decode()
    assert reader.post(EXPORT, {"format": "csv"}).status_code == 403
    assert not SecurityEvent.objects.filter(kind=Kind.LOG_EXPORTED).exists()


def test_it_needs_the_right_to_see_the_log_too(make_user: MakeUser) -> None:
    assert colleague(make_user, "export_securityevent").post(EXPORT, {"format": "csv"}).status_code == 403


def test_an_auditor_exports(make_user: MakeUser, some_events: None) -> None:
    auditor = colleague(make_user, "view_securityevent", "export_securityevent")
    assert EXPORT in auditor.get(LOG).content.decode()
    assert "zhangsan@example.edu" in exported(auditor, "jsonl")


def test_what_is_no_export(office: Person) -> None:
    assert office.get(EXPORT).status_code == 405
    assert office.post(EXPORT, {"format": "xml"}).status_code == 400
    assert office.post(EXPORT, {"format": "csv"}, query_params={"password": "x"}).status_code in (302, 400)


def test_an_export_streams(office: Person) -> None:
    """Its rows come from the database while they are sent."""
    for _ in range(5):
        events.record(Kind.SIGNED_OUT, office.user)
    response = office.post(EXPORT, {"format": "jsonl"})
    assert response.streaming
    first = next(iter(response))
    assert first.count(b"\n") == 1
