"""Ten thousand people of a real directory."""

import time

import pytest
from pytest_django import Settings

from accounts.directory import people
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from tests.accounts.directory.conftest import rename, use
from tests.kit.servers.directory import person, running

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

PEOPLE, LONGEST, LONGEST_OF_CHANGES = 10_000, 60, 1  # seconds of computing: a busy machine takes no part in it


def test_they_are_taken_within_a_minute(settings: Settings) -> None:
    last = person("p9999", cn="张9999", ou="物理学院")
    others = (
        person(f"p{number}", cn=f"张{number}", ou="物理学院", modifyTimestamp="20200101000000Z")
        for number in range(PEOPLE - 1)
    )
    with running([*others, last]) as slapd:
        use(settings, slapd)
        began = time.process_time()
        people.sync()
        rename(slapd, "p9999", mail="moved@example.edu")
        people.sync()
        assert time.process_time() - began < LONGEST
        rename(slapd, "p7", ou="文学院")
        began = time.process_time()
        assert len(people.read(only_changes=True).people) == 2, "p9999, who was the last one, and who has changed"
        plan = people.sync(only_changes=True)
        assert time.process_time() - began < LONGEST_OF_CHANGES
        assert plan
        assert [edit.changed for edit in plan.edits] == [["department"]]
    assert User.objects.filter(is_active=True).count() == PEOPLE
    assert User.objects.filter(username="moved@example.edu", name="张9999").exists()
    assert SecurityEvent.objects.filter(kind="person_synced").count() == PEOPLE + 2
