"""Codes and tokens hang on one sign-in, one program and a minute."""

from pathlib import Path

import pytest
import time_machine

from accounts.openid.models import AccessToken, Grant, RefreshToken
from tests.conftest import MakeUser
from tests.kit.people import OTHER_NUMBER, Person
from tests.kit.sites import VERIFIER, MailServer, Site, challenge, code_in

pytestmark = pytest.mark.django_db


def test_a_code_waits_a_minute_and_no_longer(wangwu: Person, webmail: Site, clock: time_machine.Traveller) -> None:
    for waited, status in ((59, 200), (61, 400)):
        wangwu.arrive()
        code = code_in(webmail.open(wangwu))
        clock.shift(waited)
        assert webmail.exchange(code).status_code == status
        wangwu.post("/sign-out/")


def test_a_code_that_hangs_on_no_sign_in_opens_nothing(wangwu: Person, webmail: Site) -> None:
    wangwu.arrive()
    code = code_in(webmail.open(wangwu))
    Grant.objects.update(authorization=None)
    for _again in range(2):
        assert webmail.exchange(code).json() == {"error": "invalid_grant"}


def test_each_code_and_token_hangs_on_its_own_sign_in(
    wangwu: Person, webmail: Site, dovecot: MailServer, make_user: MakeUser
) -> None:
    people = [wangwu, Person(make_user("zhaoliu", phone=OTHER_NUMBER))]
    for person in people:
        person.arrive()
    codes = [code_in(webmail.open(person)) for person in people]
    first, second = (webmail.exchange(code).json() for code in codes)
    for model in (Grant, AccessToken, RefreshToken):
        owners = set(model.objects.values_list("user", "authorization__user"))
        assert owners == {(person.user.pk, person.user.pk) for person in people if person.user}
    wangwu.post("/sign-out/")
    assert not dovecot.says(first["access_token"])["active"]
    assert dovecot.says(second["access_token"])["active"]
    assert webmail.refresh(first["refresh_token"]).json() == {"error": "invalid_grant"}
    assert webmail.refresh(second["refresh_token"]).status_code == 200


def test_a_token_is_for_no_resource_that_is_none(wangwu: Person, webmail: Site) -> None:
    """RFC 8707, refreshing too."""
    wangwu.arrive()
    tokens = webmail.tokens(wangwu)
    assert webmail.refresh(tokens["refresh_token"], resource="nonsense").status_code == 400
    assert webmail.refresh(tokens["refresh_token"]).status_code == 200


def test_a_program_that_keeps_no_secret_uses_a_refresh_token_once(wangwu: Person, tmp_path: Path) -> None:
    """One that comes twice was copied (RFC 9700, 4.14.2). A webmail, which has a secret, keeps its own."""
    program = Site(tmp_path, "program", "--trusted", "--public", "--scopes", "openid email mail")
    wangwu.arrive()
    opened = program.open(wangwu, code_challenge=challenge(), code_challenge_method="S256")
    tokens = program.exchange(code_in(opened), code_verifier=VERIFIER, client_secret="").json()
    again = program.refresh(tokens["refresh_token"], client_secret="").json()
    assert again["refresh_token"] != tokens["refresh_token"]
    assert program.refresh(tokens["refresh_token"], client_secret="").json() == {"error": "invalid_grant"}
