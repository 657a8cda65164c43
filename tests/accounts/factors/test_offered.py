"""A passkey at the field of the code: asked there, answered as on its own page."""

import html
import json
import re
from typing import Any

import pytest

from accounts.factors.models import Passkey
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from tests.accounts.factors.test_passkeys import CODE, _one_code_after_the_other, key, said, signed_in_by
from tests.conftest import MakeUser
from tests.kit.apps import add_app
from tests.kit.passkeys import AT_SIGN_IN, SecurityKey, asked
from tests.kit.people import OTHER_NUMBER, Person

__all__ = ["_one_code_after_the_other", "key"]  # fixtures

pytestmark = pytest.mark.django_db


def offered(person: Person, page: str = CODE) -> dict[str, Any]:
    found = re.search(r'data-passkey-offer="([^"]*)"', said(person.get(page)))
    assert found
    asks: dict[str, Any] = json.loads(html.unescape(found[1]))
    return asks


def test_it_is_asked_at_the_code_and_opens(wangwu: Person, key: SecurityKey) -> None:
    wangwu.enter_password()
    asks = offered(wangwu)
    assert "one-time-code webauthn" in said(wangwu.get(CODE))
    assert (asks["userVerification"], asks.get("allowCredentials", [])) == ("required", [])
    asked(wangwu, AT_SIGN_IN)  # the page of the button, opened after it, voids nothing
    assert wangwu.post(AT_SIGN_IN, {"answer": key.get(asks)}).headers["Location"] == "/"
    assert signed_in_by(wangwu) == "passkey"
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    asks = asked(wangwu, AT_SIGN_IN)
    offered(wangwu)
    assert wangwu.post(AT_SIGN_IN, {"answer": key.get(asks)}).headers["Location"] == "/", "nor the other way round"


def test_a_wrong_answer_counts_as_that_of_the_button(wangwu: Person, key: SecurityKey) -> None:
    wangwu.enter_password()
    asks = offered(wangwu)
    assert wangwu.post(AT_SIGN_IN, {"answer": SecurityKey().get(asks)}).status_code == 200, "of somebody else"
    assert wangwu.post(AT_SIGN_IN, {"answer": key.get(asks, verified=False)}).status_code == 200
    assert User.objects.get(username="wangwu@example.edu").wrong_codes == 2
    assert not wangwu.is_in()
    answer = key.get(offered(wangwu))
    assert wangwu.post(CODE, {"code": answer[:40]}).status_code == 200, "it is no code"
    assert wangwu.post(AT_SIGN_IN, {"answer": answer}).status_code == 302
    assert SecurityEvent.objects.filter(kind="code_wrong", detail__purpose="passkey").count() == 2


def test_at_the_code_of_an_app_too(wangwu: Person, key: SecurityKey) -> None:
    wangwu.enter_password()
    wangwu.enter_code()
    add_app(wangwu)
    wangwu.post("/sign-out/")
    wangwu.enter_password()
    answer = key.get(offered(wangwu, "/sign-in/app/"))
    assert wangwu.post(AT_SIGN_IN, {"answer": answer}).headers["Location"] == "/"


def test_who_has_none_sees_and_writes_nothing(wangwu: Person, key: SecurityKey, make_user: MakeUser) -> None:
    other = Person(make_user("other", phone=OTHER_NUMBER))
    other.enter_password()
    page = said(other.get(CODE))
    assert "webauthn" not in page
    assert "passkey" not in page
    before = dict(other.session)
    other.get(CODE)
    assert dict(other.session) == before
    asked_at = Passkey.objects.get().asked_at
    wangwu.enter_password()
    offered(wangwu)
    assert Passkey.objects.get().asked_at == asked_at, "looking uses up nothing"
