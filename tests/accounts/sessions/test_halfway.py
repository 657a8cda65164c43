"""Half-way: what goes over into a new session and what does not, and who it is that may take the second step."""

from django.http import HttpRequest

from accounts.codes.guesses import Outcome
from accounts.phones import helpcodes
from accounts.phones.models import Phone
from accounts.sessions import halfway, sessions
from accounts.sessions.models import SignIn
from accounts.sessions.storage import keys, notes
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Way
from tests.kit.asking import Asking
from tests.kit.opened import begin_halfway, come_in


def test_each_way_leads_to_the_pages_of_the_others(owner: User) -> None:
    held = [Way.APP, Way.PHONE, Way.RECOVERY]
    candidate = halfway.Candidate(owner, None, held, "/")
    assert candidate.page == "sign_in_app"
    assert candidate.others(Way.APP) == {Way.PHONE: "sign_in_code", Way.RECOVERY: "sign_in_recovery"}
    assert candidate.others(Way.PHONE) == {Way.APP: "sign_in_app", Way.RECOVERY: "sign_in_recovery"}


# --- Who was here before ----------------------------------------------------------------------------------------------


def test_who_is_in_and_signs_in_once_more_stays_in_under_a_new_key(request_: HttpRequest, owner: User) -> None:
    come_in(request_, owner, device=Phone.objects.get(user=owner))
    sessions.note_arrival(request_, 7)
    former, sign_in = request_.session.session_key, request_.session[keys.SIGN_IN]
    begin_halfway(request_, owner)
    assert request_.session.session_key != former
    assert not request_.session.exists(former or "")
    assert request_.session[keys.SIGN_IN] == sign_in
    assert SignIn.objects.get().session == sign_in
    assert sessions.arrival(request_) is None, "this time the password was typed here"


def test_who_signs_in_where_somebody_else_is_puts_him_out(request_: HttpRequest, owner: User, other: User) -> None:
    come_in(request_, owner, device=Phone.objects.get(user=owner))
    former = request_.session.session_key
    begin_halfway(request_, other)
    assert keys.SIGN_IN not in request_.session
    assert not SignIn.objects.exists()
    assert not request_.session.exists(former or "")


def test_who_is_in_by_the_password_alone_when_two_step_comes_begins_anew(request_: HttpRequest, owner: User) -> None:
    come_in(request_, owner)
    former = request_.session.session_key
    begin_halfway(request_, owner)
    assert keys.SIGN_IN not in request_.session
    assert not SignIn.objects.exists()
    assert not request_.session.exists(former or "")


# --- The password is typed again --------------------------------------------------------------------------------------


def test_a_code_that_was_sent_is_not_lost_by_going_back_to_the_password(request_: HttpRequest, owner: User) -> None:
    begin_halfway(request_, owner)
    asking = Asking(owner, session=sessions.new_code_session(request_))
    code = asking.code()
    begin_halfway(request_, owner)
    present = sessions.code_session(request_)
    assert present not in ("", asking.session)
    assert asking.enter(code) is Outcome.EXPIRED, "it counts in one place"
    assert asking.but(session=present).enter(code) is Outcome.RIGHT


def test_it_is_lost_to_whoever_else_types_a_password_there(request_: HttpRequest, owner: User, other: User) -> None:
    begin_halfway(request_, owner)
    asking = Asking(owner, session=sessions.new_code_session(request_))
    code = asking.code()
    begin_halfway(request_, other)
    begin_halfway(request_, owner)
    assert asking.but(session=sessions.code_session(request_)).enter(code) is Outcome.EXPIRED


def test_the_steps_to_a_new_phone_go_on_for_who_began_them(request_: HttpRequest, owner: User, other: User) -> None:
    given = helpcodes.issue(owner, (Phone.objects.get(user=owner).pk, 0), actor=None)
    assert isinstance(given, tuple)
    helpcodes.check(owner, given[1])
    begin_halfway(request_, owner)
    halfway.note_help_code(request_, given[0].pk)
    for step in keys.CARRIED[1:]:
        notes.remember(request_, step, "+8613700137000")
    notes.remember(request_, keys.AGAIN, "/openid/authorize/")
    assert begin_halfway(request_, owner).help_code == given[0].pk
    assert {step: notes.recall(request_, step) for step in keys.CARRIED[1:]} == dict.fromkeys(
        keys.CARRIED[1:], "+8613700137000"
    )
    assert notes.recall(request_, keys.AGAIN) is None
    assert begin_halfway(request_, other).help_code is None
    assert not [step for step in keys.CARRIED if step in request_.session]


# --- Who it is --------------------------------------------------------------------------------------------------------


def test_a_change_of_ways_or_of_the_phone_is_the_end_of_it(request_: HttpRequest, owner: User) -> None:
    begin_halfway(request_, owner)
    assert halfway.candidate(request_)
    ways.changed(owner)
    assert halfway.candidate(request_) is None, "a way came or went"
    begin_halfway(request_, owner)
    found = halfway.candidate(request_)
    assert found
    assert found.phone
    found.phone.delete()
    assert halfway.candidate(request_) is None, "whatever counts ways"


def test_who_was_half_way_when_ways_began_to_be_counted_goes_on(request_: HttpRequest, owner: User) -> None:
    begin_halfway(request_, owner)
    del request_.session[keys.HALFWAY]["ways"]
    assert halfway.candidate(request_)
    ways.changed(owner)
    assert halfway.candidate(request_) is None


def test_each_sign_in_has_a_name_that_nobody_guesses(request_: HttpRequest, owner: User) -> None:
    assert halfway.nonce(request_) == ""
    begin_halfway(request_, owner)
    first = halfway.nonce(request_)
    begin_halfway(request_, owner)
    second = halfway.nonce(request_)
    come_in(request_, owner)
    third = halfway.nonce(request_)
    assert third == sessions.sign_in(request_)
    assert len({first, second, third}) == 3
    assert {len(name) for name in (first, second, third)} == {32}, "16 bytes"


def test_a_step_further_is_under_a_new_key(request_: HttpRequest, owner: User) -> None:
    begin_halfway(request_, owner)
    former = request_.session.session_key
    halfway.note_help_code(request_, 7)
    request_.session.save()
    assert request_.session.session_key != former
    assert not request_.session.exists(former or "")
