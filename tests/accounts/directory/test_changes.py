"""Between whole comparisons, who has changed: read in a moment, and nobody is taken for gone."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.directory import people, syncs, tasks
from accounts.directory import plan as plans
from accounts.directory.asking.answers import Someone
from accounts.directory.models import Mark, Sync
from accounts.directory.models import Person as Link
from accounts.log.models import SecurityEvent
from accounts.phones.models import Suggestion
from accounts.users.models import User
from tests.accounts.directory.conftest import MANY, remove, rename, use
from tests.accounts.directory.test_people import state
from tests.accounts.directory.test_syncs import change_the_campus
from tests.kit.servers.directory import Directory, person
from tests.kit.servers.wire import Wire

LAST = f"p{MANY - 1:02}"  # who was edited last before


def read() -> list[str]:
    return sorted(one.address.partition("@")[0] for one in people.read(only_changes=True).people)


def test_who_has_changed_is_taken_and_nobody_is_gone(
    db: None, campus: Directory, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.LDAP_ATTRIBUTES = settings.LDAP_ATTRIBUTES | {"phone": "mobile"}
    people.sync()
    assert read() == [LAST]
    change_the_campus(campus)
    rename(campus, "p05", mobile="13800138000")
    assert read() == sorted(["p02", "li.si", "p04", "p05", "joiner", LAST])
    before = state()
    call_command("syncpeople", "--changes", "--dry-run")
    assert state() == before
    call_command("syncpeople", "--changes")
    told = capsys.readouterr().out
    assert told.count("1 new") == told.count("p03@example.edu → li.si@example.edu") == 2
    assert User.objects.get(username="p02@example.edu").department == "文学院"
    assert User.objects.get(username="p04@example.edu").name == "王五"
    assert Suggestion.objects.get().number == "+8613800138000"
    assert User.objects.filter(is_active=True).count() == MANY + 1
    assert User.objects.get(username="p01@example.edu").is_active, "nobody has said that p01 is gone"
    people.sync()
    assert not User.objects.get(username="p01@example.edu").is_active


def test_when_everybody_is_read_after_all(db: None, campus: Directory, settings: Settings) -> None:
    def is_whole() -> bool:
        return people.read(only_changes=True).is_whole

    assert is_whole(), "nothing is known"
    people.sync()
    assert not is_whole()
    settings.LDAP_FILTER = "(&(mail={address})(ou=*))"
    assert is_whole(), "whom another filter finds need not have changed"
    people.sync(only_changes=True)
    assert not is_whole()
    use(settings, campus, campus.url.replace("127.0.0.1", "localhost"))
    assert is_whole(), "another server"
    use(settings, campus)
    Mark.objects.update(whole_at=timezone.now() - timedelta(hours=3))
    assert is_whole(), "too long ago"
    people.sync()
    Mark.objects.update(at="20200301000000")
    assert is_whole(), "a server that was put back: who was edited last is not there any more"
    people.sync()
    remove(campus, LAST)
    plan = people.sync(only_changes=True)
    assert plan
    assert [user.username for user in plan.leavers] == [f"{LAST}@example.edu"]


def test_half_an_answer_is_read_again(
    db: None, campus: Directory, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accounts.directory.asking import readings  # noqa: PLC0415 - it needs an extra

    people.sync()
    rename(campus, "p02", ou="文学院")
    before, marks = state(), list(Mark.objects.values())
    with monkeypatch.context() as impatient, Wire(campus.port, most=350) as wire:
        impatient.setattr(readings, "PAGE_WITHIN", 0.5)
        settings.LDAP_URLS = [f"ldap://127.0.0.1:{wire.port}"]
        Mark.objects.update(server=settings.LDAP_URLS[0])
        assert people.sync(only_changes=True) is None
        Mark.objects.update(server=campus.url)
    assert (state(), list(Mark.objects.values())) == (before, marks)
    use(settings, campus)
    people.sync(only_changes=True)
    assert User.objects.get(username="p02@example.edu").department == "文学院"


def run_by_the_clock() -> None:
    tasks.sync_changes()
    tasks.work(Sync.objects.get(working=True).pk)


def test_by_the_clock(db: None, campus: Directory) -> None:
    run_by_the_clock()
    assert Sync.objects.get().report["new"] == MANY, "the first time, everybody"
    run_by_the_clock()
    rename(campus, "p02", ou="文学院")
    run_by_the_clock()
    moved, first = Sync.objects.all()
    assert (moved.only_changes, moved.total, moved.report["moved"]) == (True, 2, 1)
    assert SecurityEvent.objects.filter(kind="people_synced").count() == 1, "of the whole"
    assert SecurityEvent.objects.filter(kind="person_synced").count() == MANY + 1
    tasks.sync_people()
    tasks.sync_changes()
    assert Sync.objects.filter(working=True).count() == 1, "one at a time"
    tasks.work(Sync.objects.get(working=True).pk)
    campus.stop()
    run_by_the_clock()
    assert set(Sync.objects.all()) == {moved, first}
    assert not SecurityEvent.objects.filter(kind="sync_failed").exists(), "the whole comparison says it, each hour"
    Sync.objects.update(made_at=timezone.now() - timedelta(days=365))
    syncs.delete_expired()
    assert not Sync.objects.exists()


def leave(*numbers: int) -> plans.Plan:
    """Disabled in the directory, as in Active Directory."""
    gone = [Someone(str(number), f"p{number}@example.edu", "", "", is_active=False) for number in numbers]
    plan = plans.of(gone, is_whole=False)
    people.write(plan)
    return plan


def test_a_few_at_a_time_are_no_more_than_at_once(db: None, settings: Settings) -> None:
    settings.LDAP_LEAVERS_LIMIT = 5
    accounts = User.objects.bulk_create(User(username=f"p{number}@example.edu") for number in range(100))
    Link.objects.bulk_create(Link(user=user, identity=str(number)) for number, user in enumerate(accounts))
    assert len(leave(0, 1, 2).leavers) == 3
    assert len(leave(3, 4).leavers) == 2
    plan = leave(5)
    assert (len(plan.leavers), len(plan.held)) == (0, 1)
    assert User.objects.filter(is_active=False).count() == 5
    Link.objects.update(disabled_at=timezone.now() - timedelta(hours=2))
    assert len(leave(5).leavers) == 1


def test_held_leavers_are_named_with_the_way_to_let_them_go(
    db: None, campus: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from accounts.directory.asking import readings  # noqa: PLC0415 - it needs an extra

    people.sync()
    names = [f"p{number:02}" for number in range(10)]
    for name in names:
        rename(campus, name, ou="gone")
    monkeypatch.setattr(readings, "is_disabled", lambda found: found.get("ou") == [b"gone"])
    for _again in range(2):
        with pytest.raises(CommandError, match="--changes --leavers 10"):
            call_command("syncpeople", "--changes")
    assert User.objects.filter(is_active=True).count() == MANY
    call_command("syncpeople", "--changes", "--leavers", "10")
    assert set(User.objects.filter(is_active=False).values_list("name", flat=True)) == {f"张{n}" for n in range(10)}
    campus.change(person("joiner").replace("\nuid:", "\nchangetype: add\nuid:", 1))
    people.sync(only_changes=True)
    assert User.objects.filter(username="joiner@example.edu").exists()
