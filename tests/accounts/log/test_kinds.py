"""The table of events: what may be recorded, and the words for it."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from accounts.closures.models import Closure
from accounts.delivery.models import Mail, Sms
from accounts.lib import ways_in
from accounts.lib.numbers import masked
from accounts.log import details, events, sentences
from accounts.log.details import Detail, WrongDetail
from accounts.log.kinds import Kind
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from accounts.users.ways import Way
from apppasswords.maillogin import decision
from apppasswords.models import BY_LIMITS
from portal.office.admin.people import people
from portal.office.models import LABELS
from portal.office.overview import figures
from tests.conftest import MakeUser

BASE = Path(__file__).resolve().parent.parent.parent.parent
MAILS = sorted(path.stem for path in (BASE / "templates/mail").glob("[!_]*.txt") if path.stem != "base")
AT = datetime(2026, 3, 1, 1, 2, 3, tzinfo=UTC)
# In no language.
EXAMPLES: dict[type[Detail], list[Any]] = {
    details.Text: ["123.45"],
    details.Masked: [masked("+8613800138000"), masked("+14155550123"), masked("+85223456789")],
    details.Count: [10],
    details.YesNo: [True, False],
    details.Moment: [AT],
    details.Names: [["67", "89"], []],
    details.Values: [{"67": "89"}],
    details.Field: ["True", "False", "None", "", "67"],
    details.Role: ["67", *details.ROLES],
}


def examples(detail: Detail) -> list[Any]:
    return list(detail.words) if isinstance(detail, details.OneOf) else EXAMPLES[type(detail)]


def filled(kind: Kind, only: bool = False) -> Iterator[dict[str, Any]]:
    """Details of this kind, all or only those that it needs; each value of each comes once."""
    of = {name: examples(detail) for name, detail in (kind.entry.needs if only else kind.entry.details).items()}
    for number in range(max(map(len, of.values()), default=1)):
        yield {name: values[number % len(values)] for name, values in of.items()}


def recorded(kind: Kind, **detail: Any) -> dict[str, Any]:
    stored: dict[str, Any] = events.draft(kind, None, detail).detail
    return stored


# --- What may be recorded ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", Kind)
def test_what_the_table_says_may_be_recorded(kind: Kind) -> None:
    for only in (True, False):
        for detail in filled(kind, only):
            assert recorded(kind, **detail).keys() == detail.keys()


@pytest.mark.parametrize("kind", Kind)
def test_a_detail_that_the_table_does_not_know(kind: Kind) -> None:
    with pytest.raises(WrongDetail, match=f"{kind} has no detail colour"):
        recorded(kind, colour="red", **next(filled(kind)))


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in Kind for name in kind.entry.needs])
def test_a_detail_that_is_missing(kind: Kind, name: str) -> None:
    detail = next(filled(kind))
    with pytest.raises(WrongDetail, match=name):
        recorded(kind, **{**detail, name: None})
    del detail[name]
    with pytest.raises(WrongDetail, match=f"{kind} needs the detail {name}"):
        recorded(kind, **detail)


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in Kind for name in kind.entry.details])
def test_a_detail_of_another_type(kind: Kind, name: str) -> None:
    for wrong in (object(), 1.5, {1.5}, b"x"):
        with pytest.raises(WrongDetail, match=f"{kind}, {name}"):
            recorded(kind, **{**next(filled(kind)), name: wrong})


@pytest.mark.parametrize(
    ("detail", "wrong"),
    [
        (details.MASKED, "13800138000"),
        (details.MASKED, "+8613800138000*"),
        (details.MOMENT, AT.isoformat()),
        (details.MOMENT, AT.replace(tzinfo=None)),
        (details.METHOD, "by magic"),
        (details.PURPOSE, ""),
        (details.CHANNEL, "IMAP"),
        (details.NAMES, "one、two"),
        (details.NAMES, [1]),
        (details.COUNT, "1"),
        (details.COUNT, True),
        (details.YES_NO, 1),
        (details.VALUES, {"a": AT}),
    ],
)
def test_what_is_refused(detail: Detail, wrong: Any) -> None:
    with pytest.raises(WrongDetail) as told:
        detail.store(wrong)
    assert str(wrong) not in str(told.value) or wrong == "", "an error reaches logs: not what it was given"


def test_every_way_to_record_is_held_to_it(make_user: MakeUser) -> None:
    user = make_user("wangwu")
    for record in (
        lambda: events.record(Kind.PHONE_BOUND, user),
        lambda: events.record_many(Kind.PHONE_BOUND, [user]),
        lambda: events.record_each(Kind.PHONE_BOUND, [(user, {"number": "138****8000"}), (user, {})]),
    ):
        with pytest.raises(WrongDetail):
            record()
    assert not SecurityEvent.objects.filter(kind=Kind.PHONE_BOUND).exists()


def test_what_may_be_there_and_is_not(db: None) -> None:
    assert recorded(Kind.EXEMPTION_ENDED, start=None) == {}


def test_a_moment_is_stored_with_its_zone() -> None:
    assert recorded(Kind.CODES_PAUSED, until=AT) == {"until": "2026-03-01T01:02:03+00:00"}


def _recorded() -> Iterator[tuple[Kind, set[str]]]:
    """The kinds that our code names where it records one, and the details that it names there."""
    for path in (path for app in ("accounts", "apppasswords", "portal") for path in (BASE / app).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[ast.Attribute(attr=kind), *_]):
                    if name in ("record", "record_many", "record_each", "_record") and kind in Kind.__members__:
                        keywords = {word.arg for word in node.keywords if word.arg}
                        yield Kind[kind], keywords - {"actor", "address"}


def test_every_kind_is_recorded_somewhere_and_with_details_of_its_own() -> None:
    found = list(_recorded())
    assert {kind for kind, _details in found} == set(Kind), "take out what nothing records"
    for kind, given in found:
        assert given <= kind.entry.details.keys(), kind


def test_no_detail_takes_the_place_of_what_a_mail_says_anyway() -> None:
    taken = {"institution", "contact", "portal", "user", "at", "by_office", "address"}
    assert not [kind for kind in Kind if taken & kind.entry.details.keys()]


# --- In words ---------------------------------------------------------------------------------------------------------

# What is the same in both languages.
NAMES = re.compile(r"IMAP|POP3|SMTP|Sieve|DAV|ActiveSync|IP |IT ")


def said(kind: Kind, detail: dict[str, Any]) -> list[str]:
    event = events.draft(kind, None, detail)
    whom = SecurityEvent(kind=kind, username="1@2.3", actor_name="4@5.6", detail=event.detail)
    return [sentences.phrase(event), sentences.full(event), sentences.full(whom)]


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("only", [True, False])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_kind_is_told_in_both_languages(kind: Kind, only: bool, language: str) -> None:
    """In Chinese no Latin letter is left: neither an untranslated word, nor a code of ours."""
    with translation.override(language):
        for sentence in (sentence for detail in filled(kind, only) for sentence in said(kind, detail)):
            assert not re.search(r"%\(|_|None|True|False|[{}\[\]]", sentence)
            if language == "zh-hans":
                assert not re.search("[A-Za-z]", NAMES.sub("", sentence)), sentence
            else:
                assert not re.search(r"[一-鿿]", sentence), sentence


@pytest.mark.parametrize("kind", Kind)
def test_a_detail_that_is_said_is_said_whole(kind: Kind) -> None:
    for detail in filled(kind):
        event = events.draft(kind, None, detail)
        for name in kind.entry.noted:
            words = kind.entry.details[name].say(event.detail[name])
            assert words in sentences.phrase(event)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.entry.says])
def test_a_sentence_names_only_what_is_always_there(kind: Kind) -> None:
    assert set(kind.entry.noted) <= kind.entry.needs.keys()


def test_a_wrong_help_desk_code() -> None:
    event = events.draft(Kind.CODE_WRONG, None, {"purpose": "help_code"})
    with translation.override("zh-hans"):
        assert "临时验证码" in sentences.phrase(event)
        assert "help_code" not in sentences.full(event)


def test_the_words_are_those_of_other_tables() -> None:
    """The log knows none of them, and says what they say."""
    for language in ("en", "zh-hans"):
        with translation.override(language):
            purposes = {name: str(words) for name, words in details.PURPOSES.items()}
            for kind in ("help_code", "app", "recovery", "passkey"):  # codes that no SMS brings
                assert purposes.pop(kind)
            assert purposes == {str(purpose): str(purpose.label) for purpose in Sms.Purpose}
            assert {name: str(words) for name, words in details.ROLES.items()} == {
                name: str(words) for name, words in LABELS.items()
            }


def test_the_words_are_those_of_the_ways() -> None:
    for language in ("en", "zh-hans"):
        with translation.override(language):
            said = {name: str(words) for name, words in details.WAYS.items()}
            assert said == {str(way): str(way.label) for way in Way}


def test_the_words_are_those_of_the_mistakes() -> None:
    for language in ("en", "zh-hans"):
        with translation.override(language):
            said = {name: str(words) for name, words in details.LIMITS.items()}
            assert said == {str(mistake): str(mistake.label) for mistake in BY_LIMITS}


def test_every_way_in_and_out_has_words() -> None:
    assert details.METHODS.keys() == set(figures.METHODS)
    assert details.CLOSURES.keys() == set(Closure.Why)
    assert ways_in.NAMES.keys() == {"web", *decision.PROTOCOLS}


def test_every_field_that_is_logged_is_in_the_table() -> None:
    assert set(Kind.ACCOUNT_EDITED.entry.details) == people.LOGGED


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        ("app_password_removed", {"names": "Mail、Phone"}, "app passwords removed: Mail、Phone"),
        ("exemption_ended", {"start": None}, "exemption from two-step ended"),
        ("exempted", {"until": "2026-03-01T00:00:00+08:00"}, "exempted from two-step (2026-03-01)"),
        ("two_step_set", {"start": "2026-02-28T16:00:00+00:00"}, "two-step switched on from 2026-03-01"),
        ("signed_in", {"method": "code", "by": "hand"}, "signed in (with a code)"),
        ("code_wrong", {"purpose": "of another time"}, "wrong code"),
        ("account_edited", {"is_staff": "True", "shoe_size": "43"}, "account edited by the office (IT staff: yes)"),
        ("banned", [], "address banned"),
        ("banned", None, "address banned"),
        ("of_another_time", {"until": 1}, "of_another_time"),
    ],
)
def test_what_other_versions_wrote_is_told(kind: str, detail: Any, words: str) -> None:
    with translation.override("en"):
        assert sentences.phrase(SecurityEvent(kind=kind, detail=detail)) == words


def test_a_mail_about_what_an_older_version_wrote() -> None:
    event = SecurityEvent(kind="not_me", detail={"login_at": "2026-03-01 09:02", "login_from": "192.0.2.1"})
    mail = Mail(user=User(pk=1, username="wangwu@example.edu"), event=event)
    with translation.override("en"):
        assert "2026-03-01 09:02 from 192.0.2.1" in mail.words()[1]


# --- By mail ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MAILS)
@pytest.mark.parametrize("only", [True, False])
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_mail_says_its_details(kind: str, only: bool, language: str) -> None:
    user = User(pk=1, username="wangwu@example.edu")
    template = (BASE / f"templates/mail/{kind}.txt").read_text()
    for detail in filled(Kind(kind), only):
        event = events.draft(Kind(kind), user, detail, actor=user, address="192.0.2.1")
        with translation.override(language):
            subject, body = Mail(user=user, event=event, language=language).words()
            said = {name: Kind(kind).entry.details[name].say(event.detail[name]) for name in detail}
        assert subject
        assert "+08:00" not in body, "a moment as it is stored"
        for name in set(detail) & set(re.findall(r"{{ (\w+) ", template)):
            assert said[name] in body, name
