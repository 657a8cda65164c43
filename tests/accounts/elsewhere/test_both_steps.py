"""A source that counts as both steps, by a setting of the office; newcomers; and the way out, in both directions."""

import time
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.elsewhere.models import Arrival
from accounts.log.models import SecurityEvent
from accounts.sessions.models import SignIn
from accounts.users.models import User
from tests.kit.elsewhere import be, be_by_both, come
from tests.kit.people import Person
from tests.kit.servers.sources import CLIENT, Cas, Provider

SOURCES = pytest.mark.parametrize("slug", ["cas", "oidc"])
EVENT = "http://schemas.openid.net/event/backchannel-logout"
BACK = "/sign-in/elsewhere/oidc/back/"


@pytest.fixture
def owner(zhangsan: Person) -> Person:
    """With a phone, and out."""
    zhangsan.arrive()
    zhangsan.post("/sign-out/")
    return zhangsan


# --- Both steps


@SOURCES
def test_both_steps_are_enough_where_the_office_says_so(
    source: Cas | Provider, slug: str, counted: None, owner: Person, settings: Settings
) -> None:
    be_by_both(source, "zhangsan@example.edu")
    assert come(owner, slug, "/security/activity/").headers["Location"] == "/security/activity/"
    assert owner.is_in()
    detail = SecurityEvent.objects.filter(kind="signed_in").latest("pk").detail
    assert (detail["method"], detail["source"], detail["both_steps_since"]) == ("elsewhere", slug, "2026-09-01")
    assert "/security/confirm/" in owner.get("/app-passwords/new/").headers.get("Location", "/security/confirm/")
    settings.CAS_BOTH_STEPS_SINCE = settings.OIDC_UPSTREAM_BOTH_STEPS_SINCE = None
    assert not owner.is_in(), "the office counts it no more"


@SOURCES
def test_without_the_word_for_it_a_code_follows(
    source: Cas | Provider, slug: str, counted: None, owner: Person
) -> None:
    be(source, "zhangsan@example.edu")
    assert come(owner, slug).headers["Location"] == "/sign-in/code/"
    assert not owner.is_in()


@SOURCES
@pytest.mark.parametrize("since", [None, timezone.localdate() + timedelta(days=2)])
def test_nothing_counts_before_its_day(
    source: Cas | Provider, slug: str, since: date | None, counted: None, owner: Person, settings: Settings
) -> None:
    settings.CAS_BOTH_STEPS_SINCE = settings.OIDC_UPSTREAM_BOTH_STEPS_SINCE = since
    be_by_both(source, "zhangsan@example.edu")
    assert come(owner, slug).headers["Location"] == "/sign-in/code/"


@SOURCES
def test_who_came_by_one_step_has_not_taken_both(
    source: Cas | Provider, slug: str, counted: None, owner: Person
) -> None:
    """Two-step begins while somebody is in: what the source had not said then, nobody takes for said."""
    User.objects.update(two_step_from=None)
    be(source, "zhangsan@example.edu")
    come(owner, slug)
    assert owner.is_in()
    User.objects.update(two_step_from=timezone.now())
    assert not owner.is_in()


@pytest.mark.bypass("row 15: wagtail-2fa CVE-2019-16766: to bind one's own after the first step")
@SOURCES
def test_who_has_nothing_binds_first(source: Cas | Provider, slug: str, counted: None, zhangsan: Person) -> None:
    be_by_both(source, "zhangsan@example.edu")
    assert come(zhangsan, slug).headers["Location"] == "/sign-in/phone/"
    assert not zhangsan.is_in()


@SOURCES
def test_a_temporary_sign_in_asks_for_a_code_all_the_same(
    source: Cas | Provider, slug: str, counted: None, owner: Person
) -> None:
    """Half-way by the password, and in, when an application wants a sign-in of now."""
    be_by_both(source, "zhangsan@example.edu")
    owner.enter_password(temporary="on")
    assert come(owner, slug).headers["Location"] == "/sign-in/code/"
    assert not owner.is_in()
    owner.enter_code()
    assert SignIn.objects.get().is_temporary
    session = owner.session
    session["again"] = {"value": "/guides/", "at": timezone.now().timestamp()}
    session.save()
    assert come(owner, slug, "/guides/").headers["Location"] == "/sign-in/code/"


@pytest.mark.bypass("row 20: vaultwarden CVE-2026-43911: what survives a change of password")
@SOURCES
def test_it_ends_with_all_sessions(source: Cas | Provider, slug: str, counted: None, owner: Person) -> None:
    be_by_both(source, "zhangsan@example.edu")
    come(owner, slug)
    assert owner.user
    owner.user.end_sessions()
    assert not owner.is_in()


# --- Newcomers


@SOURCES
def test_newcomers_are_refused_or_made_by_the_offices_rule(
    source: Cas | Provider, slug: str, db: None, settings: Settings
) -> None:
    be(source, "xin@example.edu")
    assert come(Person(), slug).status_code == 403
    settings.SIGN_IN_ELSEWHERE_CREATES = ["other.edu", "example.edu"]
    new = Person()
    assert come(new, slug).headers["Location"] == "/"
    made = User.objects.get(username="xin@example.edu")
    assert not made.has_usable_password()
    assert SecurityEvent.objects.get(kind="person_arrived").detail == {"source": slug}
    assert new.is_in()


@SOURCES
@pytest.mark.parametrize(
    "name", ["xin@evil.example", "xin@sub.example.edu", "xın@example.edu", "x\u200bin@example.edu"]
)
def test_nobody_is_made_by_another_name(
    source: Cas | Provider, slug: str, name: str, db: None, settings: Settings
) -> None:
    settings.SIGN_IN_ELSEWHERE_CREATES = ["example.edu"]
    be(source, name)
    assert come(Person(), slug).status_code == 403
    assert not User.objects.exists()


@SOURCES
def test_whom_the_office_disabled_is_not_made_anew(
    source: Cas | Provider, slug: str, lisi: Person, settings: Settings
) -> None:
    settings.SIGN_IN_ELSEWHERE_CREATES = ["example.edu"]
    User.objects.update(is_active=False)
    be(source, "lisi@example.edu")
    assert come(lisi, slug).status_code == 403
    assert User.objects.count() == 1
    assert not Arrival.objects.exists()


# --- Out


def token(provider: Provider, **claims: Any) -> dict[str, str]:
    now = int(time.time())
    right = {"iss": provider.url, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": "1", "events": {EVENT: {}}}
    return {"logout_token": provider.signed({k: v for k, v in (right | claims).items() if v is not None})}


def test_who_signs_out_at_the_provider_is_out_here(provider: Provider, lisi: Person, wangwu: Person) -> None:
    be(provider, "lisi@example.edu")
    provider.claims |= {"sid": "s1", "sub": "lisi"}
    come(lisi, "oidc")
    at_home = Person(lisi.user)
    provider.claims["sid"] = "s2"
    come(at_home, "oidc")
    server = Person(enforce_csrf_checks=True)
    assert server.post(BACK, token(provider, sid="s1")).status_code == 204
    assert not lisi.is_in()
    assert at_home.is_in()
    assert server.post(BACK, token(provider, sub="lisi")).status_code == 204
    assert not at_home.is_in()
    assert SignIn.objects.count() == 0


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"iss": "https://evil.example"},
        {"events": {}},
        {"events": None},
        {"events": {EVENT: "x"}},
        {"nonce": "n"},
        {"iat": 1_700_000_000},
        {"iat": None},
        {"exp": 1_700_000_000},
    ],
)
def test_what_is_no_such_news_ends_nothing(provider: Provider, claims: dict[str, Any], lisi: Person) -> None:
    be(provider, "lisi@example.edu")
    provider.claims["sub"] = "lisi"
    come(lisi, "oidc")
    assert Person().post(BACK, token(provider, **{"sub": "lisi", **claims})).status_code == 400
    assert lisi.is_in()


def test_news_of_nobody_ends_nobody(provider: Provider, lisi: Person) -> None:
    be(provider, "lisi@example.edu")
    come(lisi, "oidc")
    assert Person().post(BACK, token(provider)).status_code == 204
    assert Person().post(BACK, {"logout_token": "x.y.z"}).status_code == 400
    assert Person().post(BACK).status_code == 400
    assert lisi.is_in()


def test_who_signs_out_here_is_led_out_there(cas: Cas, provider: Provider, lisi: Person, settings: Settings) -> None:
    be(cas, "lisi@example.edu")
    be(provider, "lisi@example.edu")
    provider.metadata["end_session_endpoint"] = f"{provider.url}/end"
    for slug, there in (("cas", f"{cas.url}/logout?service="), ("oidc", f"{provider.url}/end?client_id={CLIENT}")):
        come(lisi, slug)
        page = lisi.post("/sign-out/").text
        assert f'href="{there}' in page.replace("&amp;", "&")
        assert not lisi.is_in()
    settings.SIGN_OUT_ELSEWHERE = False
    come(lisi, "cas")
    assert lisi.post("/sign-out/").headers["Location"] == "/sign-in/"


def test_nobody_is_kept_in_by_a_provider_that_is_away(provider: Provider, lisi: Person, settings: Settings) -> None:
    be(provider, "lisi@example.edu")
    come(lisi, "oidc")
    settings.OIDC_UPSTREAM_ISSUER = "http://127.0.0.1:1"
    assert lisi.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert not lisi.is_in()
    assert Person().post(BACK, {"logout_token": "x"}).status_code == 503
