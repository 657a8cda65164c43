"""What people and the desk are told of the connections that end."""

from html import unescape

import pytest
from django.test import TestCase
from pytest_django import Settings

from accounts.mailsessions import mailsessions
from accounts.mailsessions.mailsessions import Why
from accounts.mailsessions.models import Ending
from apppasswords import passwords
from tests.accounts.mailsessions.test_mailsessions import NAME, PHONE, server
from tests.kit import counter
from tests.kit.people import Person
from tests.kit.servers.doveadm_stub import DoveadmStub

__all__ = ["server"]


def shown(person: Person, page: str = "/app-passwords/") -> str:
    return " ".join(unescape(person.get(page, headers={"accept-language": "en"}).content.decode()).split())


@pytest.fixture
def owner(wangwu: Person) -> Person:
    wangwu.sign_in()
    assert wangwu.user
    passwords.create(wangwu.user, "phone")
    return wangwu


def remove(owner: Person) -> None:
    assert owner.user
    owner.post("/app-passwords/", {"remove": passwords.of(owner.user).get().pk})


def test_the_owner_reads_how_many_were_ended(owner: Person, server: DoveadmStub) -> None:
    assert 'id="mail-ending"' not in shown(owner)
    remove(owner)
    assert "2 connections of mail programs were ended" in shown(owner)
    assert "connections of mail programs ended: 2" in shown(owner, "/security/activity/").lower()
    Ending.objects.update(due_at=Ending.objects.get().due_at - mailsessions.SHOWN_FOR)
    assert 'id="mail-ending"' not in shown(owner), "it is said for a while"


def test_nobody_was_connected(owner: Person, server: DoveadmStub) -> None:
    server.connected = []
    remove(owner)
    assert "No mail program was connected." in shown(owner)


def test_the_page_asks_for_itself_until_it_is_known(owner: Person, server: DoveadmStub, settings: Settings) -> None:
    assert owner.user
    mailsessions.end([NAME], Why.APP_PASSWORD)  # no worker has come to it
    assert "being disconnected" in shown(owner)
    assert 'hx-trigger="every 1s"' in shown(owner)


def test_a_mail_server_that_is_away_is_owned_to(
    owner: Person, office: Person, server: DoveadmStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.fault = "resets"
    remove(owner)
    assert "The mail server cannot be reached" in shown(owner)
    assert "next at" in shown(owner)
    desk = shown(office, counter.path(owner))
    assert "not disconnected yet" in desk
    assert server.url in desk
    Ending.objects.update(working=False, failed=True)
    assert "could not be reached for a day" in shown(owner)
    assert "could not be reached for a day" in shown(office, counter.path(owner))


def test_the_desk_reads_how_many_were_ended(owner: Person, office: Person, server: DoveadmStub) -> None:
    counter.press(office, owner, "sessions")
    assert "2 connections of mail programs were ended" in shown(office, counter.path(owner))


def test_without_doveadm_the_pages_say_how_long_it_lasts(
    owner: Person, office: Person, server: DoveadmStub, settings: Settings
) -> None:
    settings.DOVEADM_URLS = []
    assert "stays connected until it disconnects by itself" in shown(owner)
    assert "stays connected until it disconnects by itself" in shown(owner, "/security/activity/not-me/")
    assert "DOVEADM_URLS" in shown(office, counter.path(owner))
    remove(owner)
    assert 'id="mail-ending"' not in shown(owner)


def test_filters_are_led_to(owner: Person, office: Person, server: DoveadmStub, settings: Settings) -> None:
    settings.MAIL_FILTERS_URL = "https://webmail.example.edu/?_task=settings&_action=plugin.managesieve"
    link = f'href="{settings.MAIL_FILTERS_URL}"'
    assert link in shown(owner, "/security/activity/not-me/")
    with TestCase.captureOnCommitCallbacks(execute=True):
        answer = owner.post("/security/activity/not-me/", follow=True, headers={"accept-language": "en"})
    assert link in unescape(answer.content.decode())
    assert "Filters and forwarding that they set up go on" in shown(office, counter.path(owner))
    assert (NAME, PHONE) not in server.connected
