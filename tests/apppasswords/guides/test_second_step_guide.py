"""The guide to the second step: which apps there are, and where they are to be had."""

import pytest
from pytest_django import Settings

from tests.apppasswords.guides.test_guides import page_of
from tests.conftest import MakeUser
from tests.kit.people import Person

pytestmark = pytest.mark.django_db


def test_the_guide_to_other_ways_is_open_and_tells_those_that_there_are(settings: Settings) -> None:
    visitor = Person()
    page = page_of(visitor, "second-step")
    assert "腾讯身份验证器" in page
    assert "恢复码" in page
    assert "/guides/second-step/" in page_of(visitor, "")
    settings.SECOND_STEPS = ["phone", "app"]
    page = page_of(visitor, "second-step")
    assert "腾讯身份验证器" in page
    assert "恢复码" not in page
    settings.SECOND_STEPS = ["phone"]
    assert "/guides/second-step/" not in page_of(visitor, "")


def test_who_looks_for_an_app_is_led_to_it(make_user: MakeUser) -> None:
    """Half-way too: the first app may be all that is missing."""
    person = Person(make_user("zhangsan"))
    person.enter_password()
    assert "/guides/second-step/#app" in person.get("/sign-in/app/new/").content.decode()
    assert page_of(person, "second-step")
