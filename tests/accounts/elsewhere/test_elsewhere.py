"""Sign-in elsewhere: what comes back is a name whose password was right, and nothing more.

The other side is tests/kit/servers/sources.py.
"""

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
import requests
from django.utils import timezone
from jwcrypto import jwk
from pytest_django import Settings

from accounts.bans.models import Ban
from accounts.elsewhere import asking
from accounts.elsewhere.models import Arrival
from accounts.log.models import SecurityEvent
from accounts.sessions.models import SignIn
from tests.kit.people import Person
from tests.kit.servers.http_stub import Answer, HttpStub, http_stub, served
from tests.kit.servers.sources import CLIENT, SECRET, Cas, Provider

BOMB = (
    '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas"><cas:authenticationSuccess>'
    "<cas:user>&b;</cas:user></cas:authenticationSuccess></cas:serviceResponse>"
)
OUTSIDE = BOMB.replace('"ha"', 'SYSTEM "file:///etc/hostname"')


@pytest.fixture
def cas(settings: Settings) -> Iterator[Cas]:
    with served(Cas) as stub:
        settings.CAS_URL = stub.url
        yield stub


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    with served(Provider) as stub:
        settings.OIDC_UPSTREAM_ISSUER = stub.url
        settings.OIDC_UPSTREAM_CLIENT_ID, settings.OIDC_UPSTREAM_CLIENT_SECRET = CLIENT, SECRET
        yield stub


@pytest.fixture
def dead(settings: Settings) -> Iterator[HttpStub]:
    """Instead of either."""
    with http_stub() as stub:
        settings.CAS_URL = settings.OIDC_UPSTREAM_ISSUER = stub.url
        yield stub


SOURCES = pytest.mark.parametrize("slug", ["cas", "oidc"])


@pytest.fixture
def source(request: pytest.FixtureRequest, slug: str) -> Cas | Provider:
    found: Cas | Provider = request.getfixturevalue({"cas": "cas", "oidc": "provider"}[slug])
    return found


def leave(person: Person, slug: str, next_path: str = "") -> str:
    """Signed in there: the address that leads back."""
    query = f"?next={quote(next_path)}" if next_path else ""
    out = person.get(f"/sign-in/elsewhere/{slug}/{query}")
    assert out.status_code == 302, out.content.decode()
    there = requests.get(out.headers["Location"], allow_redirects=False, timeout=10)
    return there.headers["Location"].removeprefix("http://localhost:8000")


def come(person: Person, slug: str, next_path: str = "") -> Any:
    return person.get(leave(person, slug, next_path))


def is_nowhere(person: Person) -> bool:
    """Neither in nor half-way."""
    return person.get("/").headers["Location"].startswith("/sign-in/?") and not Arrival.objects.exists()


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


def be(source: Cas | Provider, address: str) -> None:
    if isinstance(source, Cas):
        source.attributes = f"<cas:mail>{address}</cas:mail>"
    else:
        source.claims["email"] = address


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


def test_a_trusted_browser_needs_no_code(cas: Cas, zhangsan: Person) -> None:
    zhangsan.sign_in()
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


# --- CAS


@pytest.mark.parametrize("answer", [BOMB, OUTSIDE, Cas.said(""), Cas.said("<cas:authenticationSuccess/>" * 2)])
def test_an_answer_that_is_an_attack_is_none(cas: Cas, answer: str, lisi: Person) -> None:
    back = leave(lisi, "cas")
    cas.next_answer = answer
    assert lisi.get(back).status_code == 503
    assert is_nowhere(lisi)


def test_a_ticket_of_another_site_is_refused(cas: Cas, lisi: Person) -> None:
    be(cas, "lisi@example.edu")
    back = leave(lisi, "cas")
    foreign = cas.issue("https://library.example.edu/")
    assert lisi.get(back[: back.index("&ticket=")] + f"&ticket={foreign}").status_code == 403
    assert is_nowhere(lisi)


@pytest.mark.parametrize("ticket", ["PT-1-x", "PGT-1", "", "ST-", "ST-1&service=https://evil.example/", "ST-\n1"])
def test_what_is_no_service_ticket_is_not_even_asked_about(cas: Cas, ticket: str, lisi: Person) -> None:
    be(cas, "lisi@example.edu")
    back = leave(lisi, "cas")
    cas.tickets[ticket] = (back, False)
    assert lisi.get(back[: back.index("&ticket=")] + f"&{urlencode({'ticket': ticket})}").status_code == 403
    assert is_nowhere(lisi)


@pytest.mark.parametrize(
    ("attributes", "more"),
    [
        ("<cas:mail>lisi@example.edu</cas:mail>", "<cas:proxies><cas:proxy>https://x/</cas:proxy></cas:proxies>"),
        ("<cas:mail>a@example.edu</cas:mail><cas:mail>lisi@example.edu</cas:mail>", ""),
        ("<cas:mail>lisi@example.edu<cas:x>.cn</cas:x></cas:mail>", ""),
        ("<cas:email>lisi@example.edu</cas:email>", ""),
    ],
)
def test_an_answer_that_leaves_doubt_opens_nothing(cas: Cas, attributes: str, more: str, lisi: Person) -> None:
    cas.user, cas.attributes, cas.more = "lisi", attributes, more
    assert come(lisi, "cas").status_code == 403
    assert is_nowhere(lisi)


def test_the_user_name_is_the_mailbox_where_the_office_says_so(cas: Cas, lisi: Person, settings: Settings) -> None:
    settings.CAS_MAILBOX, settings.CAS_PROTOCOL = "user", "2"
    cas.user = "lisi"
    assert come(lisi, "cas").headers["Location"] == "/"


def logout(ticket: str) -> dict[str, str]:
    return {
        "logoutRequest": '<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="1" Version="2.0">'
        f"<samlp:SessionIndex>{ticket}</samlp:SessionIndex></samlp:LogoutRequest>"
    }


def test_who_signs_out_there_is_out_here(cas: Cas, lisi: Person, wangwu: Person) -> None:
    be(cas, "lisi@example.edu")
    back = leave(lisi, "cas")
    lisi.get(back)
    elsewhere = Person(lisi.user)
    elsewhere.sign_in()
    server = Person(enforce_csrf_checks=True)
    for other in ("ST-1-of-another", "", "<", "ST-1</samlp:SessionIndex>"):
        assert server.post("/sign-in/elsewhere/cas/back/", logout(other)).status_code == 204
    assert server.post("/sign-in/elsewhere/cas/back/").status_code == 204
    assert lisi.is_in()
    ticket = parse_qs(urlsplit(back).query)["ticket"][0]
    assert server.post("/sign-in/elsewhere/cas/back/", logout(ticket)).status_code == 204
    assert not lisi.is_in()
    assert elsewhere.is_in()
    assert SignIn.objects.count() == 1


def test_who_signs_out_there_half_way_gets_no_further(cas: Cas, zhangsan: Person) -> None:
    zhangsan.sign_in()
    zhangsan.post("/sign-out/")
    back = leave(zhangsan, "cas")
    zhangsan.get(back)
    Person().post("/sign-in/elsewhere/cas/back/", logout(parse_qs(urlsplit(back).query)["ticket"][0]))
    assert zhangsan.enter_code().headers["Location"] == "/sign-in/"
    assert not zhangsan.is_in()


# --- OpenID Connect


def unsigned(_: Provider, claims: dict[str, Any]) -> str:
    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def by_the_public_key_as_a_secret(provider: Provider, claims: dict[str, Any]) -> str:
    secret = base64.urlsafe_b64encode(provider.key.export_to_pem()).rstrip(b"=").decode()
    return provider.signed(claims, "HS256", jwk.JWK(kty="oct", k=secret))


def by_the_clients_secret(provider: Provider, claims: dict[str, Any]) -> str:
    secret = base64.urlsafe_b64encode(SECRET.encode() * 4).rstrip(b"=").decode()
    return provider.signed(claims, "HS256", jwk.JWK(kty="oct", k=secret))


def by_another_key(provider: Provider, claims: dict[str, Any]) -> str:
    return provider.signed(claims, key=jwk.JWK.generate(kty="RSA", size=2048, kid="one"))


def flipped(provider: Provider, claims: dict[str, Any]) -> str:
    head, _body, signature = provider.signed({**claims, "email": "else@example.edu"}).split(".")
    return ".".join([head, provider.signed(claims).split(".")[1], signature])


@pytest.mark.bypass("row 19: alg none, unverified signature")
@pytest.mark.parametrize(
    "sign", [unsigned, by_the_public_key_as_a_secret, by_the_clients_secret, by_another_key, flipped, lambda *_: "x"]
)
def test_a_token_that_the_provider_did_not_sign_is_refused(provider: Provider, sign: Any, lisi: Person) -> None:
    provider.claims, provider.sign = {"email": "lisi@example.edu"}, sign
    assert come(lisi, "oidc").status_code == 403
    assert is_nowhere(lisi)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "library"},
        {"aud": [CLIENT, "library"]},
        {"azp": "library"},
        {"iss": "https://evil.example"},
        {"nonce": "another"},
        {"nonce": None},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "true"},
        {"email": ["lisi@example.edu"]},
    ],
    ids=str,
)
def test_a_token_of_something_else_is_refused(provider: Provider, claims: dict[str, Any], lisi: Person) -> None:
    provider.claims = {"email": "lisi@example.edu", **claims}
    assert come(lisi, "oidc").status_code == 403
    assert is_nowhere(lisi)


def test_claims_that_are_said_only_when_asked_for(provider: Provider, lisi: Person) -> None:
    provider.claims = {"email": None}
    provider.userinfo = {"sub": "8", "email": "lisi@example.edu", "email_verified": True}
    assert come(lisi, "oidc").status_code == 403
    provider.userinfo["sub"] = "7"
    assert come(lisi, "oidc").headers["Location"] == "/"


@pytest.mark.parametrize("issuer", ["https://evil.example", ""])
def test_a_return_by_another_issuer_is_refused(provider: Provider, issuer: str, lisi: Person) -> None:
    """RFC 9207: two providers mixed up."""
    provider.claims = {"email": "lisi@example.edu"}
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    back = leave(lisi, "oidc")
    assert lisi.get(back[: back.index("&iss=")] + f"&{urlencode({'iss': issuer})}").status_code == 403
    assert is_nowhere(lisi)


def test_a_description_of_another_issuer_is_none(provider: Provider, lisi: Person) -> None:
    provider.metadata = {"issuer": "https://evil.example"}
    assert lisi.get("/sign-in/elsewhere/oidc/").status_code == 503


def test_a_wrong_secret_is_the_offices_business(provider: Provider, lisi: Person, settings: Settings) -> None:
    back = leave(lisi, "oidc")
    settings.OIDC_UPSTREAM_CLIENT_SECRET = "another"
    assert lisi.get(back).status_code == 503


# --- The sign-in page


def test_buttons_stand_beside_the_form_or_before_it(cas: Cas, provider: Provider, settings: Settings, db: None) -> None:
    settings.OIDC_UPSTREAM_LABEL = "用校园卡登录"
    page = Person().get("/sign-in/?next=/guides/").content.decode()
    assert page.index('name="password"') < page.index("/sign-in/elsewhere/cas/?next=%2Fguides%2F")
    assert "用校园卡登录" in page
    assert "<details" not in page
    settings.SIGN_IN_FORM_FIRST = False
    page = Person().get("/sign-in/").content.decode()
    assert page.index("/sign-in/elsewhere/cas/") < page.index("<details") < page.index('name="password"')


def test_without_a_source_there_is_nothing(db: None) -> None:
    assert "elsewhere" not in Person().get("/sign-in/").content.decode()
    for path in ("/sign-in/elsewhere/cas/", "/sign-in/elsewhere/oidc/back/"):
        assert Person().get(path).status_code == 404
