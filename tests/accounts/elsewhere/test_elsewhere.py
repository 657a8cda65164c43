"""Sign-in elsewhere: what comes back is a name whose password was right, and nothing more.

The other side is tests/kit/servers/sources.py.
"""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.bans.models import Ban
from accounts.elsewhere import asking, cas, oidc
from accounts.elsewhere.answers import Refusal
from accounts.elsewhere.models import Arrival
from accounts.log.models import SecurityEvent
from tests.kit.elsewhere import be, come, is_nowhere, leave
from tests.kit.people import Person
from tests.kit.servers.http_stub import Answer, HttpStub
from tests.kit.servers.sources import Cas, Provider

SOURCES = pytest.mark.parametrize("slug", ["cas", "oidc"])


# --- What it proves is the password


@SOURCES
def test_somebody_without_two_step_is_in_and_goes_where_they_wanted(
    source: Cas | Provider, slug: str, lisi: Person
) -> None:
    assert lisi.user
    be(source, lisi.user.username)
    assert come(lisi, slug, "/security/activity/?page=2").headers["Location"] == "/security/activity/?page=2"
    event = SecurityEvent.objects.get(kind="signed_in")
    assert (event.user, event.detail["method"], event.detail["source"]) == (lisi.user, "password", slug)


@pytest.mark.bypass("row 16: allauth 0.56.1 and the like: another entry that goes past the second step")
@SOURCES
def test_two_step_follows_as_always(source: Cas | Provider, slug: str, zhangsan: Person) -> None:
    assert come(zhangsan, slug).headers["Location"] == "/sign-in/phone/"
    assert not zhangsan.is_in()
    assert zhangsan.bind().headers["Location"] == "/"
    zhangsan.post("/sign-out/")
    assert come(zhangsan, slug).headers["Location"] == "/sign-in/code/"
    assert not zhangsan.is_in()
    zhangsan.enter_code()
    assert zhangsan.is_in()
    assert SecurityEvent.objects.filter(kind="signed_in", detail__source=slug, detail__method="code").count() == 2


@pytest.mark.bypass("row 17: GitLab CVE-2026-0723: an answer that nobody looks at")
@SOURCES
@pytest.mark.parametrize("refusal", Refusal)
def test_whatever_a_source_does_not_prove_opens_nothing(
    source: Cas | Provider, slug: str, refusal: Refusal, lisi: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page that people come back to, whatever the way of asking says."""
    be(source, "lisi@example.edu")
    monkeypatch.setattr(cas if slug == "cas" else oidc, "prove", lambda *_asked: refusal)
    assert come(lisi, slug).status_code in (403, 503)
    assert is_nowhere(lisi)


def test_a_trusted_browser_needs_no_code(cas: Cas, zhangsan: Person) -> None:
    zhangsan.arrive()
    zhangsan.post("/sign-out/")
    zhangsan.enter_password()
    zhangsan.enter_code(trust_browser="on")
    zhangsan.post("/sign-out/")
    assert come(zhangsan, "cas").headers["Location"] == "/"


@SOURCES
def test_a_banned_address_is_told_so_and_the_source_is_not_asked(
    source: Cas | Provider, slug: str, lisi: Person
) -> None:
    assert lisi.user
    be(source, lisi.user.username)
    back = leave(lisi, slug)
    Ban.objects.create(network="127.0.0.1", until=timezone.now() + timedelta(hours=1))
    assert lisi.get(back).status_code == 429
    assert lisi.get(f"/sign-in/elsewhere/{slug}/").status_code == 429
    assert is_nowhere(lisi)


@SOURCES
def test_disabled_and_unknown_people_are_refused_in_words(source: Cas | Provider, slug: str, lisi: Person) -> None:
    assert lisi.user
    be(source, "nobody@example.edu")
    unknown = come(lisi, slug)
    type(lisi.user).objects.update(is_active=False)
    be(source, lisi.user.username)
    disabled = come(lisi, slug)
    assert unknown.status_code == disabled.status_code == 403
    assert unknown.context["text"] == disabled.context["text"]
    assert is_nowhere(lisi)


@SOURCES
@pytest.mark.parametrize("name", ["LISI@Example.EDU", "lisi"])
def test_the_case_of_letters_does_not_matter(source: Cas | Provider, slug: str, name: str, lisi: Person) -> None:
    be(source, name)
    assert come(lisi, slug).headers["Location"] == "/"


@pytest.mark.bypass("row 31: Keycloak CVE-2021-3424, Mailu #2695: names that look alike")
@SOURCES
@pytest.mark.parametrize(
    "name",
    [
        "li\u200bsi@example.edu",
        "\uff4cisi@example.edu",
        "l\u0131si@example.edu",
        "lisi@example.edu\u2060",
        "lisi@example.edu@evil.example",
        "lisi@evil.example",
        "lisi @example.edu",
        "",
    ],
)
def test_a_name_that_looks_alike_is_somebody_else(source: Cas | Provider, slug: str, name: str, lisi: Person) -> None:
    be(source, name)
    assert come(lisi, slug).status_code == 403
    assert is_nowhere(lisi)


# --- The way back


@SOURCES
def test_only_the_browser_that_left_comes_back_and_once(
    source: Cas | Provider, slug: str, lisi: Person, wangwu: Person
) -> None:
    assert lisi.user
    be(source, lisi.user.username)
    back = leave(lisi, slug)
    assert wangwu.get(back).status_code == 403
    leave(wangwu, slug)
    assert wangwu.get(back).status_code == 403  # the state is another's
    forged = back.replace(parse_qs(urlsplit(back).query)["state"][0], "forged")
    assert wangwu.get(forged).status_code == 403
    cookies = lisi.cookies.output()
    assert lisi.get(back).headers["Location"] == "/"
    assert lisi.get(back).headers["Location"] == "/"  # loaded again: where its person is by now
    thief = Person()
    thief.cookies.load(cookies.replace("Set-Cookie: ", ""))
    thief.cookies.pop("session", None)
    assert thief.get(back).status_code == 403
    assert Arrival.objects.count() == 1


@SOURCES
def test_a_departure_leads_back_once_whatever_the_source_says(
    source: Cas | Provider, slug: str, lisi: Person, settings: Settings
) -> None:
    """One that takes its own ticket twice."""
    assert lisi.user
    be(source, lisi.user.username)
    back = leave(lisi, slug)
    kept = lisi.cookies[settings.ELSEWHERE_COOKIE_NAME].value
    issued: dict[str, Any] = vars(source)["tickets" if isinstance(source, Cas) else "codes"]
    given = dict(issued)
    lisi.get(back)
    assert not issued
    issued.update(given)
    again = Person()
    again.cookies[settings.ELSEWHERE_COOKIE_NAME] = kept
    assert again.get(back).status_code == 403
    assert Arrival.objects.count() == 1


@SOURCES
@pytest.mark.parametrize("next_path", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_it_leads_to_no_other_site(source: Cas | Provider, slug: str, next_path: str, lisi: Person) -> None:
    be(source, "lisi@example.edu")
    assert come(lisi, slug, next_path).headers["Location"] == "/"


@SOURCES
def test_who_signs_in_anew_for_an_application_does_so_there(source: Cas | Provider, slug: str, lisi: Person) -> None:
    be(source, "lisi@example.edu")
    come(lisi, slug)
    session = lisi.session
    session["again"] = {"value": "/guides/", "at": timezone.now().timestamp()}
    session.save()
    back = leave(lisi, slug, "/guides/")
    if isinstance(source, Cas):
        ticket = parse_qs(urlsplit(back).query)["ticket"][0]
        source.tickets[ticket] = (source.tickets[ticket][0], False)
    else:
        source.claims["auth_time"] = 1_000_000_000
    assert lisi.get(back).status_code == 403
    source.claims.pop("auth_time", None) if isinstance(source, Provider) else None
    assert come(lisi, slug, "/guides/").headers["Location"] == "/guides/"
    assert Arrival.objects.count() == 2


# --- Sources on bad days


@SOURCES
@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=500),
        Answer("<html>"),
        Answer(b"\xff\xfe\x00"),
        Answer("[]"),
        Answer("{}"),
        Answer("x" * (asking.LARGEST + 1)),
        Answer(reset=True),
        Answer("{", missing=10),
        Answer(status=302, location="http://127.0.0.1:1/"),
    ],
    ids=lambda answer: f"{answer.status}-{answer.body[:6]!r}",
)
def test_garbage_is_a_page_in_words(dead: HttpStub, slug: str, answer: Answer, lisi: Person) -> None:
    dead.always = answer
    response = lisi.get(f"/sign-in/elsewhere/{slug}/")
    if slug == "cas":
        state = parse_qs(urlsplit(parse_qs(urlsplit(response.headers["Location"]).query)["service"][0]).query)["state"]
        response = lisi.get(f"/sign-in/elsewhere/cas/back/?{urlencode({'state': state[0], 'ticket': 'ST-1'})}")
    assert response.status_code == 503
    assert is_nowhere(lisi)


def test_a_source_that_hangs_is_given_up(dead: HttpStub, lisi: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "EACH_WITHIN", 0.3)
    dead.always = Answer(slow=True)
    assert lisi.get("/sign-in/elsewhere/oidc/").status_code == 503
    assert len(dead.asked) == 1


# --- The sign-in page


def test_buttons_stand_beside_the_form_or_before_it(cas: Cas, provider: Provider, settings: Settings, db: None) -> None:
    settings.OIDC_UPSTREAM_LABEL = "用校园卡登录"
    page = Person().get("/sign-in/?next=/guides/").content.decode()
    assert page.index('name="password"') < page.index("/sign-in/elsewhere/cas/?next=%2Fguides%2F")
    assert "用校园卡登录" in page
    assert "<details" not in page
    settings.SIGN_IN_FORM = "folded"
    page = Person().get("/sign-in/").content.decode()
    assert page.index("/sign-in/elsewhere/cas/") < page.index("<details") < page.index('name="password"')


def test_without_a_source_there_is_nothing(db: None) -> None:
    assert "elsewhere" not in Person().get("/sign-in/").content.decode()
    for path in ("/sign-in/elsewhere/cas/", "/sign-in/elsewhere/oidc/back/"):
        assert Person().get(path).status_code == 404
