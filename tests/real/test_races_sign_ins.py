"""What a sign-in opens and what ends it, at once: tabs, applications, and two who end the same."""

import secrets
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.browsers.browsers import Look
from accounts.browsers.models import TrustedBrowser
from accounts.codes import codes
from accounts.delivery.models import Sms
from accounts.log.models import SecurityEvent
from accounts.openid.models import AccessToken, Grant, RefreshToken
from accounts.phones import phones
from accounts.sessions import endings, signins
from accounts.sessions.endings import Occasion
from accounts.sessions.models import Authorization, SignIn
from accounts.users.models import User
from tests.kit.crowd import Crowd
from tests.kit.databases import database
from tests.kit.newcomers import Newcomer
from tests.kit.people import Person, code_from_phone
from tests.kit.servers.postgres import somebody_waits
from tests.kit.sites import VERIFIER, Site, challenge, code_in
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

ROUNDS = 4


def test_a_browser_is_signed_out_once_and_for_good(crowd: Crowd) -> None:
    for _ in range(ROUNDS):
        owner = Newcomer().user
        User.objects.filter(pk=owner.pk).update(two_step_from=None)
        session, other = secrets.token_hex(16), secrets.token_hex(16)
        for each in (session, other):
            signins.note(
                owner,
                each,
                Look("Firefox 140", "Linux", "192.0.2.2"),
                signed_in_at=timezone.now(),
                ends_at=timezone.now() + timedelta(hours=12),
            )
        row = SignIn.objects.get(session=session)
        ways = ["end", "go on"] * 12
        calls = [{"user": owner.pk, "pk": row.pk, "session": session, "how": how} for how in ways]
        found = Counter(crowd.rush("at_a_sign_in", calls))
        assert (found["ENDED"], found["OUT BEFORE"]) == (1, 11)
        assert SecurityEvent.objects.filter(kind="browser_signed_out", user=owner).count() == 1
        assert list(SignIn.objects.filter(user=owner).values_list("session", flat=True)) == [other]
        assert signins.find(owner, session) is None
        # What was handed out by a request that was let in just before opens nothing.
        assert not any(left.is_live for left in Authorization.objects.filter(user=owner))


@pytest.mark.bypass("row 2: two requests with one code at once")
def test_one_code_one_token(crowd: Crowd, tmp_path: Path) -> None:
    """All have seen that it is unused before one of them uses it up. The token that there was ends with the next try: a
    code that comes twice was stolen."""
    owner = Newcomer()
    owner.bind()
    browser = Person(owner.user, REMOTE_ADDR=owner.address)
    browser.enter_password()
    browser.post("/sign-in/code/", {"code": code_from_phone(owner.number)})
    webmail = Site(tmp_path, f"webmail-{owner.session}", "--trusted", "--without-pkce", "--scopes", "openid email mail")
    code, together = code_in(webmail.open(browser)), Barrier(4)

    def use_up_together(execute: Any, sql: str, *given: Any) -> Any:
        if sql.startswith(f'UPDATE "{Grant._meta.db_table}"'):
            together.wait(20)
        return execute(sql, *given)

    def exchange(_turn: int) -> int:
        try:
            with connection.execute_wrapper(use_up_together):
                return int(webmail.exchange(code).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(together.parties) as threads:
        assert sorted(threads.map(exchange, range(together.parties)))[1:] == [400, 400, 400]
    assert not AccessToken.objects.filter(user=owner.user).exists()


@pytest.mark.bypass("row 2: two requests with one token at once")
def test_one_refresh_token_one_successor(
    postgresql_crowd: Crowd, django_db_blocker: DjangoDbBlocker, tmp_path: Path
) -> None:
    """Of an application without a secret, whose refresh token changes each time: of two that come with the same one,
    neither could be told from who stole it. All have seen that it is good before one of them uses it up."""
    with django_db_blocker.unblock(), database(postgresql_crowd.database_url):
        owner = Newcomer()
        owner.bind()
        browser = Person(owner.user, REMOTE_ADDR=owner.address)
        browser.enter_password()
        browser.post("/sign-in/code/", {"code": code_from_phone(owner.number)})
        program = Site(tmp_path, f"program-{owner.session}", "--trusted", "--public", "--scopes", "openid email mail")
        sent = {"code_challenge": challenge(), "code_challenge_method": "S256"}
        code = code_in(program.open(browser, **sent))
        token = program.exchange(code, code_verifier=VERIFIER, client_secret="").json()["refresh_token"]
        together = Barrier(4)

        def refresh(_turn: int) -> tuple[int, str]:
            waits = iter([together.wait])

            def use_up_together(execute: Any, sql: str, *given: Any) -> Any:
                if "FOR NO KEY UPDATE" in sql:
                    next(waits, lambda _seconds: 0)(20)
                return execute(sql, *given)

            try:
                with connection.execute_wrapper(use_up_together):
                    answer = program.refresh(token, client_secret="")
                return int(answer.status_code), str(answer.json().get("refresh_token", ""))
            finally:
                connection.close()

        with ThreadPoolExecutor(together.parties) as threads:
            answers = sorted(threads.map(refresh, range(together.parties)))
        assert [status for status, _new in answers] == [200, 400, 400, 400]
        successor = answers[0][1]
        assert program.refresh(successor, client_secret="").status_code == 200
        assert program.refresh(token, client_secret="").status_code == 400
        assert not RefreshToken.objects.filter(user=owner.user, revoked=None).exists(), "it came again: all of them end"


def test_two_who_end_the_same_wait_for_each_other(
    postgresql_crowd: Crowd, django_db_blocker: DjangoDbBlocker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unbinding a phone begins with its browsers and comes to the codes, a new password takes them the other way round:
    without the account held first they wait in a circle, which PostgreSQL breaks by failing one of them."""
    begun: list[Future[None]] = []
    with django_db_blocker.unblock(), database(postgresql_crowd.database_url), ThreadPoolExecutor(1) as another:
        owner = Newcomer()
        phone = owner.bind()
        owner.code()
        TrustedBrowser.objects.create(
            user=owner.user, phone=phone, digest=owner.session, browser="Firefox", system="Linux",
            address=owner.address, expires_at=timezone.now() + timedelta(days=30),
        )  # fmt: skip
        void = codes.void

        def void_later(*users: User) -> None:
            monkeypatch.undo()
            begun.append(another.submit(_choose_a_new_password, owner.user))
            wait_until(somebody_waits)
            void(*users)

        monkeypatch.setattr(codes, "void", void_later)
        assert phones.unbind(phone)
        begun[0].result(20)
        assert not TrustedBrowser.objects.filter(user=owner.user).exists()
        assert not Sms.objects.codes().filter(user=owner.user, voided_at=None).exists()


def _choose_a_new_password(user: User) -> None:
    try:
        endings.end(Occasion.NEW_PASSWORD, user)
    finally:
        connection.close()
