"""A roll-out: for whom, shown before it is done, carried out, stopped."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.factors.models import Authenticator
from accounts.jobs import jobs
from accounts.jobs import tasks as jobs_tasks
from accounts.log.models import SecurityEvent
from accounts.rollouts import exemptions, readiness, rollouts, selection, switching
from accounts.rollouts.models import Rollout
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import Person
from tests.kit.plans import bind, carried_out, dates, drafted, in_days, people, uses_mailbox_password

# --- For whom --------------------------------------------------------------------------------------------------------


def test_a_pasted_list_is_read_line_by_line(clerk: Person, make_user: MakeUser) -> None:
    lisi, wangwu = make_user("lisi"), make_user("wangwu")
    assert clerk.user
    text = "lisi\n\n  WangWu@Example.edu ,\nnobody\nlisi@example.edu\nno mailbox at all\n"
    reading = selection.read(text, clerk.user)
    assert reading.people == [lisi.pk, wangwu.pk]
    assert [(complaint.line, complaint.text) for complaint in reading.complaints] == [
        (4, "nobody"),
        (5, "lisi@example.edu"),
        (6, "no mailbox at all"),
    ]


def test_a_list_may_be_parted_by_commas(clerk: Person, make_user: MakeUser) -> None:
    keys = [make_user(name).pk for name in ("lisi", "wangwu", "zhaoliu", "sunba")]
    assert clerk.user
    reading = selection.read("lisi，wangwu@example.edu; zhaoliu、sunba,\nlisi", clerk.user)
    assert reading.people == keys
    assert [complaint.line for complaint in reading.complaints] == [2]


def test_a_clerk_does_not_choose_colleagues_and_may_choose_himself(make_user: MakeUser) -> None:
    desk = make_user("desk", is_staff=True)
    colleague, root = make_user("colleague", is_staff=True), make_user("root", is_superuser=True)
    lisi = make_user("lisi")
    everyone = {"everyone": True}
    assert selection.find(everyone, desk) == [desk.pk, lisi.pk]
    assert selection.find({"people": [colleague.pk, root.pk, lisi.pk]}, desk) == [lisi.pk]
    assert selection.left_out(everyone, desk) == 2
    assert not selection.read("colleague", desk).people
    assert set(selection.find(everyone, root)) == {desk.pk, colleague.pk, root.pk, lisi.pk}


def test_departments_and_single_people_together(clerk: Person) -> None:
    assert clerk.user
    arts, science = people(2), people(2, "理学院", "s")
    choice = {"departments": ["文学院"], "people": [science[0].pk, arts[0].pk]}
    assert selection.find(choice, clerk.user) == sorted([arts[0].pk, arts[1].pk, science[0].pk])


# --- Dry run ---------------------------------------------------------------------------------------------------------


def test_the_dry_run_counts_and_changes_nothing(clerk: Person) -> None:
    assert clerk.user
    arts, science = people(6), people(3, "理学院", "s")
    bind(arts[:2])
    uses_mailbox_password(arts[1:4])
    uses_mailbox_password(arts[4:5], days_ago=31)
    User.objects.filter(pk=science[0].pk).update(two_step_from=in_days(2))
    User.objects.filter(pk=science[1].pk).update(is_active=False)
    exemptions.make(science[2], in_days(90), "abroad", actor=clerk.user)
    row = drafted(clerk.user, in_days(30), departments=["文学院", "理学院"])
    seen = readiness.dry_run(row, clerk.user)
    assert (seen.total, seen.fates) == (9, {"set": 7, "earlier": 1, "exempt": 1})
    assert (seen.unbound, seen.old_programs, seen.disabled) == (5, 3, 1)
    assert seen.busiest == ("10.1.2.3", 3)
    assert [exemption.user for exemption in seen.exemptions] == [science[2]]
    counted = {row["name"]: (row["people"], row["unbound"], row["old"]) for row in seen.departments}
    assert counted == {"文学院": (6, 4, 3), "理学院": (1, 1, 0)}
    assert User.objects.filter(two_step_from=None, department="文学院").count() == 6


@pytest.mark.parametrize(("ceiling", "storm"), [(7, False), (6, True), (3, True)])
def test_many_old_programs_behind_one_address_are_warned_of(
    clerk: Person, settings: object, ceiling: int, storm: bool
) -> None:
    settings.SHARED_NETWORK_FAILURES = ceiling  # type: ignore[attr-defined]
    assert clerk.user
    uses_mailbox_password(people(3))
    row = drafted(clerk.user, in_days(30), everyone=True)
    assert readiness.dry_run(row, clerk.user).storm is storm


def test_many_old_programs_at_many_addresses_are_warned_of(clerk: Person, settings: object) -> None:
    """Whom a network will hide behind one address, nobody knows beforehand."""
    settings.SHARED_NETWORK_FAILURES = 3  # type: ignore[attr-defined]
    assert clerk.user
    for number, user in enumerate(people(3)):
        uses_mailbox_password([user], address=f"10.1.2.{number}")
    row = drafted(clerk.user, in_days(30), everyone=True)
    seen = readiness.dry_run(row, clerk.user)
    assert (seen.busiest[1], seen.storm) == (1, True)


def test_what_was_shown_is_what_is_done(clerk: Person) -> None:
    """Somebody comes, somebody goes, somebody gets an earlier date: nothing is done, and there is a new dry run."""
    assert clerk.user
    arts = people(4)
    row = drafted(clerk.user, in_days(30), departments=["文学院"])
    people(1, prefix="new")
    User.objects.filter(pk=arts[0].pk).update(department="理学院")
    User.objects.filter(pk=arts[1].pk).update(two_step_from=in_days(3))
    outcome, changed = rollouts.carry_out(row, clerk.user, version=4)
    assert outcome == rollouts.Outcome.CHANGED
    assert (changed.came, changed.gone, changed.otherwise) == (1, 1, 1)
    assert not User.objects.filter(two_step_from=row.start).exists()
    assert set(row.members.values_list("planned", flat=True)) == {"set", "earlier"}
    assert rollouts.carry_out(row, clerk.user, version=4)[0] == rollouts.Outcome.DONE


def test_who_has_an_app_is_ready_too(clerk: Person) -> None:
    assert clerk.user
    arts = people(3)
    bind(arts[:1])
    Authenticator.objects.create(user=arts[1], name="FreeOTP", key=b"sealed", last_step=0)
    row = drafted(clerk.user, in_days(30), departments=["文学院"])
    seen = readiness.dry_run(row, clerk.user)
    assert seen.unbound == 1
    assert {way.value: n for way, n in seen.ways if n} == {"phone": 1, "app": 1}
    assert [member.user for member in readiness.people(row, "unbound")] == [arts[2]]
    assert readiness.people(row, "ready").count() == 2


def test_a_page_that_showed_another_number_carries_nothing_out(clerk: Person) -> None:
    """Another clerk drew the dry run anew; this one looked at the old page."""
    assert clerk.user
    people(4)
    row = drafted(clerk.user, in_days(30), departments=["文学院"])
    assert rollouts.carry_out(row, clerk.user, version=3)[0] == rollouts.Outcome.CHANGED


def test_a_clerk_without_a_phone_is_warned(make_user: MakeUser) -> None:
    desk = make_user("desk", is_staff=True, two_step=False, department="信息办")
    row = drafted(desk, in_days(3), departments=["信息办"])
    assert readiness.dry_run(row, desk).clerk_is_unbound
    assert rollouts.carry_out(row, desk, version=1)[0] == rollouts.Outcome.WARN
    assert rollouts.carry_out(row, desk, version=1, knows=True)[0] == rollouts.Outcome.DONE


# --- Carry out -------------------------------------------------------------------------------------------------------


def test_everybody_gets_the_date_and_an_event(clerk: Person) -> None:
    assert clerk.user
    early, arts = people(1, prefix="early", two_step_from=in_days(1)), people(1200)
    row = carried_out(clerk.user, in_days(30), departments=["文学院"])
    assert (row.status, row.done, row.total) == (Rollout.Status.DONE, 1201, 1201)
    assert User.objects.filter(two_step_from=row.start).count() == len(arts)
    assert User.objects.get(pk=early[0].pk).two_step_from != row.start
    events = SecurityEvent.objects.filter(kind="two_step_set", actor=clerk.user)
    assert events.count() == len(arts)
    start = datetime.fromisoformat(events[0].detail["start"])
    assert (start, events[0].detail["rollout"]) == (row.start, row.pk)
    assert SecurityEvent.objects.get(kind="rolled_out").detail["people"] == 1201


def test_the_number_of_statements_grows_with_batches_not_with_people(clerk: Person) -> None:
    assert clerk.user
    people(1000)
    row = drafted(clerk.user, in_days(30), departments=["文学院"])
    rollouts.carry_out(row, clerk.user, version=1000)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        switching.run(row.pk)
    assert len(seen) < 60


def test_a_worker_that_died_is_followed_by_another(clerk: Person, clock: time_machine.Traveller) -> None:
    """Nothing is done twice, and nobody works on it while the first may live."""
    assert clerk.user
    people(1200)
    row = drafted(clerk.user, in_days(30), departments=["文学院"])
    rollouts.carry_out(row, clerk.user, version=1200)
    first = jobs.claim(Rollout, row.pk)
    assert first
    assert switching._batch(first, clerk.user)
    assert jobs.claim(Rollout, row.pk) is None
    clock.shift(timedelta(seconds=30))
    assert not list(jobs.lost())
    clock.shift(timedelta(seconds=31))
    jobs_tasks.sweep()
    row.refresh_from_db()
    assert (row.status, row.done) == (Rollout.Status.DONE, 1200)
    assert SecurityEvent.objects.filter(kind="two_step_set").count() == 1200
    assert not switching._batch(first, clerk.user), "the first one wakes up, and finds that it is not his"
    assert SecurityEvent.objects.filter(kind="two_step_set").count() == 1200


def test_an_error_stops_it_after_some_tries(
    clerk: Person, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clerk.user
    people(2)
    row = drafted(clerk.user, in_days(30), departments=["文学院"])
    rollouts.carry_out(row, clerk.user, version=2)
    with monkeypatch.context() as patch:
        patch.setattr(switching, "_carry_out", lambda *_: 1 / 0)
        for _ in range(5):
            with pytest.raises(ZeroDivisionError):
                switching.run(row.pk)
            clock.shift(timedelta(minutes=2))
        switching.run(row.pk)
    row.refresh_from_db()
    assert (row.working, row.failed, row.done) == (False, True, 0)
    assert rollouts.carry_on(row)
    switching.run(row.pk)
    row.refresh_from_db()
    assert (row.status, row.failed, row.done) == (Rollout.Status.DONE, False, 2)


# --- Stop ------------------------------------------------------------------------------------------------------------


def test_before_the_date_it_is_taken_back(clerk: Person) -> None:
    """Everybody has what he had before."""
    assert clerk.user
    later = in_days(60)
    plain, late, early = people(2), people(1, prefix="late", two_step_from=later), people(1, prefix="early")
    User.objects.filter(pk=early[0].pk).update(two_step_from=in_days(-5))
    was = dates([*plain, *late, *early])
    row = carried_out(clerk.user, in_days(30), departments=["文学院"])
    assert dates(late) == [row.start]
    assert rollouts.pause(row, clerk.user) == (rollouts.Outcome.DONE, 3)
    assert dates([*plain, *late, *early]) == was
    assert SecurityEvent.objects.filter(kind="two_step_taken_back", actor=clerk.user).count() == 3
    assert rollouts.pause(row, clerk.user)[0] == rollouts.Outcome.GONE


def test_after_the_date_nobody_is_switched_off(clerk: Person, clock: time_machine.Traveller) -> None:
    assert clerk.user
    arts = people(2)
    row = carried_out(clerk.user, in_days(1), departments=["文学院"])
    clock.shift(timedelta(days=1))
    assert rollouts.cancel(row, clerk.user)[0] == rollouts.Outcome.GONE
    assert dates(arts) == [row.start] * 2


def test_a_paused_one_goes_on_through_a_dry_run(clerk: Person) -> None:
    assert clerk.user
    arts = people(2)
    row = carried_out(clerk.user, in_days(30), departments=["文学院"])
    rollouts.pause(row, clerk.user)
    assert rollouts.resume(row, clerk.user) == rollouts.Outcome.DONE
    later = in_days(40)
    assert rollouts.redraw(row, row.choice, later, clerk.user)
    assert dates(arts) == [None, None]
    assert rollouts.carry_out(row, clerk.user, version=2)[0] == rollouts.Outcome.DONE
    switching.run(row.pk)
    assert dates(arts) == [later, later]


def test_a_date_that_another_rollout_wants_too_stays(clerk: Person) -> None:
    assert clerk.user
    arts = people(1)
    start, sooner = in_days(30), in_days(20)
    first = carried_out(clerk.user, start, departments=["文学院"])
    same = carried_out(clerk.user, start, everyone=True)
    rollouts.cancel(first, clerk.user)
    assert dates(arts) == [start]
    second = carried_out(clerk.user, sooner, departments=["文学院"])
    rollouts.cancel(same, clerk.user)
    assert dates(arts) == [sooner]
    rollouts.cancel(second, clerk.user)
    assert dates(arts) == [None], "nobody wants it any more, and no date of a roll-out that is gone comes back"


def test_a_pause_while_it_runs(clerk: Person) -> None:
    assert clerk.user
    people(1200)
    row = drafted(clerk.user, in_days(30), departments=["文学院"])
    rollouts.carry_out(row, clerk.user, version=1200)
    worker = jobs.claim(Rollout, row.pk)
    assert worker
    assert switching._batch(worker, clerk.user)
    assert rollouts.pause(row, clerk.user) == (rollouts.Outcome.DONE, 500)
    assert not switching._batch(worker, clerk.user)
    assert not User.objects.filter(two_step_from=row.start).exists()
