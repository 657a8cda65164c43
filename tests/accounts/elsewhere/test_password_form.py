"""The form of the mailbox password, where people sign in elsewhere: hidden, and shown by a link of the office."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.bans.models import Failure
from tests.kit.elsewhere import be, come, is_nowhere
from tests.kit.people import PASSWORD, Person
from tests.kit.servers.sources import Cas
from tests.portal.test_settings import read


def test_the_form_can_be_hidden_and_takes_no_password_then(cas: Cas, settings: Settings, lisi: Person) -> None:
    settings.SIGN_IN_FORM = "hidden"
    page = lisi.get("/sign-in/?next=/guides/").text
    assert 'name="password"' not in page
    assert "/sign-in/elsewhere/cas/?next=%2Fguides%2F" in page
    for given in ("", "shown", "shown:1tZZZZ:forged"):
        right = {"username": "lisi@example.edu", "password": PASSWORD, "form": given}
        assert lisi.post("/sign-in/", right).status_code == 403, given
        assert lisi.post("/sign-in/", right | {"password": "wrong"}).status_code == 403, given
        assert is_nowhere(lisi), given
    assert not Failure.objects.exists(), "nothing was compared"
    assert lisi.user
    be(cas, lisi.user.username)
    assert come(lisi, "cas").headers["Location"] == "/"


@pytest.mark.django_db
def test_a_link_of_the_office_shows_the_hidden_form(
    settings: Settings, lisi: Person, zhangsan: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.CAS_URL, settings.SIGN_IN_FORM = "https://login.example.edu/cas", "hidden"
    call_command("signinform")
    link = urlsplit(capsys.readouterr().out.strip())
    page = lisi.get(f"{link.path}?{link.query}").text
    shown = {"form": parse_qs(link.query)["form"][0], "username": "zhangsan@example.edu", "password": "wrong"}
    assert f'name="form" value="{shown["form"]}"' in page
    assert 'name="password"' in zhangsan.post("/sign-in/", shown).text, "it stays after a wrong one"
    assert Failure.objects.count() == 1
    assert zhangsan.post("/sign-in/", shown | {"password": PASSWORD}).headers["Location"] == "/sign-in/phone/"
    assert not zhangsan.is_in(), "the second step follows"
    right = shown | {"username": "lisi@example.edu", "password": PASSWORD}
    with time_machine.travel(timedelta(hours=13)):
        assert lisi.post("/sign-in/", right).status_code == 403
    assert lisi.post("/sign-in/", right).headers["Location"] == "/"
    settings.SIGN_IN_FORM = "first"
    with pytest.raises(CommandError):
        call_command("signinform")


def test_nobody_is_left_without_a_way_in(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="SIGN_IN_FORM=hidden needs CAS_URL or OIDC_UPSTREAM_ISSUER"):
        read(monkeypatch, SIGN_IN_FORM="hidden")
    assert read(monkeypatch, SIGN_IN_FORM="hidden", CAS_URL="https://cas.example.edu/cas")["SIGN_IN_FORM"] == "hidden"
