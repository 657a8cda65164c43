"""The office takes people from the directory: sees what would be done, and does just that."""

from datetime import timedelta

from django.contrib.auth.models import Permission
from django.utils import timezone
from pytest_django import Settings

from accounts.directory import syncs, tasks
from accounts.directory.models import Sync
from accounts.log.models import SecurityEvent
from accounts.phones.models import Suggestion
from accounts.users.models import User
from tests.accounts.directory.conftest import MANY, remove, rename
from tests.kit.people import Person
from tests.kit.servers.directory import PEOPLE, Directory, person

ADD = "/admin/directory/sync/add/"


def compare(clerk: Person) -> Sync:
    page = clerk.post(ADD)
    return Sync.objects.get(pk=page.headers["Location"].split("/")[-3])


def page_of(clerk: Person, row: Sync) -> str:
    return clerk.get(f"/admin/directory/sync/{row.pk}/change/").text


def press(clerk: Person, row: Sync, act: str = "sync", version: str = "") -> Sync:
    clerk.post(f"/admin/directory/sync/{row.pk}/change/", {"act": act, "version": version or row.version})
    row.refresh_from_db()
    return row


def from_the_directory() -> int:
    return User.objects.filter(is_active=True, is_staff=False).count()


def change_the_campus(campus: Directory) -> None:
    remove(campus, "p01")
    rename(campus, "p02", ou="文学院")
    rename(campus, "p03", mail="li.si@example.edu")
    rename(campus, "p04", cn="王五")
    campus.change(person("joiner").replace("\nuid:", "\nchangetype: add\nuid:", 1))


def test_numbers_are_taken_and_shown_masked(campus: Directory, office: Person, settings: Settings) -> None:
    settings.LDAP_ATTRIBUTES = settings.LDAP_ATTRIBUTES | {"phone": "mobile"}
    rename(campus, "p01", mobile="138 0013 8000")
    rename(campus, "p02", mobile="021-62123456")
    row = press(office, compare(office))
    assert row.report["lines"]["phones"] == [["p01@example.edu", "138****8000"]]
    assert [(str(one.user), one.number) for one in Suggestion.objects.all()] == [("p01@example.edu", "+8613800138000")]
    campus.change(f"dn: uid=p01,{PEOPLE}\nchangetype: modify\ndelete: mobile\n")
    row = press(office, compare(office))
    assert (row.status, row.report["phones"]) == ("done", 1)
    assert not Suggestion.objects.exists()


def test_what_was_shown_is_done_and_nothing_before(campus: Directory, office: Person) -> None:
    row = compare(office)
    assert (row.status, row.report["new"]) == ("looked", MANY)
    assert from_the_directory() == 0
    assert press(office, row).status == "done"
    assert from_the_directory() == MANY
    change_the_campus(campus)
    row = compare(office)
    lines = row.report["lines"]
    assert lines["leavers"] == [["p01@example.edu", "张1", "物理学院"]]
    assert lines["moved"] == [["p02@example.edu", "物理学院", "文学院"]]
    assert lines["renamed"] == [["li.si@example.edu", "p03@example.edu", "li.si@example.edu"]]
    assert lines["named"] == [["p04@example.edu", "张4", "王五"]]
    assert [line[0] for line in lines["new"]] == ["joiner@example.edu"]
    shown = page_of(office, row)
    assert all(line[0] in shown for kind in lines.values() for line in kind)
    assert User.objects.get(username="p01@example.edu").is_active
    press(office, row)
    assert not User.objects.get(username="p01@example.edu").is_active
    assert User.objects.filter(username__in=["li.si@example.edu", "joiner@example.edu"]).count() == 2
    by = SecurityEvent.objects.filter(kind__in=["person_synced", "people_synced"]).values_list("actor", flat=True)
    assert set(by) == {office.user and office.user.pk}
    assert compare(office).version == ""


def test_what_is_no_longer_as_shown_is_shown_again(campus: Directory, office: Person) -> None:
    row = compare(office)
    remove(campus, "p01")
    assert press(office, row).status == "looked"
    assert from_the_directory() == 0
    assert "已有变化" in page_of(office, row)
    assert row.report["new"] == MANY - 1
    assert press(office, row, version="another").status == "looked"
    assert press(office, row).status == "done"
    assert press(office, row, "drop").status == "done"


def test_many_leavers_go_only_by_the_other_button(campus: Directory, office: Person) -> None:
    press(office, compare(office))
    remove(campus, *(f"p{number:02}" for number in range(10, 20)))
    rename(campus, "p02", ou="文学院")
    row = compare(office)
    assert (row.report["held"], row.report["leavers"]) == (10, 0)
    assert press(office, row).status == "done"
    assert User.objects.get(username="p02@example.edu").department == "文学院"
    assert from_the_directory() == MANY
    assert "/admin/directory/sync/" in office.get("/admin/").text
    press(office, compare(office), "sync-all")
    assert from_the_directory() == MANY - 10


def test_so_many_as_were_seen_and_not_one_more(campus: Directory, office: Person) -> None:
    press(office, compare(office))
    remove(campus, *(f"p{number:02}" for number in range(10, 20)))
    row = compare(office)
    remove(campus, "p20")
    assert press(office, row, "sync-all").report["held"] == 11
    assert from_the_directory() == MANY


def test_one_is_at_work_at_a_time(campus: Directory, office: Person) -> None:
    working = Sync.objects.create(working=True)
    looked = Sync.objects.create(status="looked", version="v")
    assert office.post(ADD).headers["Location"].endswith("/sync/")
    tasks.sync_people()
    assert not syncs.apply(looked, User.objects.get(is_staff=True), version="v", confirmed=None)
    assert set(Sync.objects.values_list("pk", flat=True)) == {working.pk, looked.pk}


def run_by_the_clock() -> Sync:
    tasks.sync_people()
    row = Sync.objects.get(working=True)
    tasks.work(row.pk)
    return Sync.objects.filter(pk=row.pk).first() or row


def test_by_the_clock_it_is_done_without_asking(db: None, campus: Directory) -> None:
    row = run_by_the_clock()
    assert (row.status, row.by_itself, row.report["new"]) == ("done", True, MANY)
    assert from_the_directory() == MANY
    run_by_the_clock()
    assert Sync.objects.get() == row, "hours in which nothing happened fill no list"


def test_a_directory_that_is_away_is_said(campus: Directory, office: Person, settings: Settings) -> None:
    campus.stop()
    row = compare(office)
    assert (row.status, row.version) == ("looked", "")
    assert "checkdirectory" in page_of(office, row)
    assert SecurityEvent.objects.filter(kind="sync_failed").count() == 1


def test_whose_right_was_taken_away_does_nothing_any_more(campus: Directory, office: Person) -> None:
    row = compare(office)
    assert office.user
    User.objects.filter(pk=office.user.pk).update(is_superuser=False)
    office.user.user_permissions.set(Permission.objects.filter(codename="view_sync"))
    assert office.post(f"/admin/directory/sync/{row.pk}/change/", {"act": "sync"}).status_code == 403
    Sync.objects.filter(pk=row.pk).update(status="applying", working=True)
    syncs.run(row.pk)
    row.refresh_from_db()
    assert (row.status, from_the_directory()) == ("looked", 0)


def test_who_it_was_about_is_forgotten(campus: Directory, office: Person, settings: Settings) -> None:
    row = press(office, compare(office))
    made_at = timezone.now() - settings.ROLLOUT_DRAFT_LIFETIME - timedelta(minutes=1)
    Sync.objects.update(made_at=made_at)
    syncs.delete_expired()
    shown = page_of(office, row)
    assert "p01@example.edu" not in shown
    assert str(MANY) in shown
