"""Ways past the second step that other products had, each tried through every call-back there is."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.conf import settings as site
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.browsers import browsers
from accounts.codes import guesses
from accounts.elsewhere import cas as cas_protocol
from accounts.elsewhere import oidc as oidc_protocol
from accounts.elsewhere.models import Arrival
from accounts.phones import phones
from accounts.phones.models import Phone
from accounts.security import passwords
from accounts.sessions import endings
from accounts.sessions.endings import Occasion
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.house.doors import VISITORS
from tests.house.test_access import PLACES, complaints
from tests.kit import visitors
from tests.kit.elsewhere import be, be_by_both, come, is_nowhere, leave
from tests.kit.people import Person
from tests.kit.servers.sources import Cas, Provider
from tests.kit.share import share
from tests.kit.sitemap import Addresses

CODE, BIND = "/sign-in/code/", "/sign-in/phone/"
HALFWAY = VISITORS.index(visitors.halfway)
ODD = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")

Sources = dict[str, Cas | Provider]


@pytest.fixture
def sources(cas: Cas, provider: Provider, settings: Settings) -> Sources:
    settings.SIGN_OUT_ELSEWHERE, settings.SMS_RESEND_AFTER = False, timedelta()
    return {"cas": cas, "oidc": provider}


def each(sources: Sources, person: Person, by: Callable[[Cas | Provider, str], None] = be) -> Iterator[str]:
    """The slug of each, where this person is signed in; what is done here is undone before the next."""
    assert person.user
    for slug, source in sources.items():
        by(source, person.user.username)
        kept = transaction.savepoint()
        person.cookies.clear()
        yield slug
        transaction.savepoint_rollback(kept)


@pytest.mark.bypass("row 15: wagtail-2fa CVE-2019-16766, miniOrange CVE-2026-111949: after the first step only")
@pytest.mark.usefixtures("clock")
def test_half_way_by_a_source_opens_what_half_way_opens(
    sources: Sources, wangwu: Person, zhangsan: Person, make_user: MakeUser
) -> None:
    owner = make_user("owner", phone="13600136009")
    addresses = Addresses(owner, Phone.objects.get(user=owner))
    for slug in each(sources, wangwu):
        assert come(wangwu, slug).headers["Location"] == CODE
        found: list[str] = []
        for place in share(PLACES, 4):
            if "elsewhere" not in place.route:
                found += complaints(wangwu, place, addresses.of(place), HALFWAY)
        assert not found, "\n".join([slug, *found])
    for slug in each(sources, zhangsan):
        assert come(zhangsan, slug).headers["Location"] == BIND
        for page in ("/security/factors/app/", "/security/factors/passkeys/", "/security/phone/", "/admin/"):
            assert zhangsan.post(page, {"code": "123456", "answer": "{}"}).headers["Location"] == BIND, (slug, page)


@pytest.mark.bypass("row 16: authentik CVE-2026-49448: an empty form passes; CVE-2026-54730: passed without the check")
def test_whatever_is_missing_is_no_step(
    sources: Sources, wangwu: Person, lisi: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    for slug in each(sources, lisi):
        back = leave(lisi, slug)
        departure = lisi.cookies[site.ELSEWHERE_COOKIE_NAME].value
        page, _mark, query = back.partition("?")
        proof = "ticket" if slug == "cas" else "code"
        kept = [part for part in query.split("&") if not part.startswith(proof)]
        for asked in ("", "&".join(kept), "&".join([*kept, f"{proof}="]), query.replace("state=", "State=")):
            assert lisi.get(f"{page}?{asked}").status_code == 403, (slug, asked)
            lisi.cookies[site.ELSEWHERE_COOKIE_NAME] = departure
        for method in ODD:
            assert lisi.generic(method, back).status_code == 405, (slug, method)
        for form in ({}, {proof: "ST-1"}, {"state": "x", proof: "ST-1"}):
            assert lisi.post(back, form).status_code in (204, 400), (slug, form)
        assert is_nowhere(lisi), slug
        assert lisi.get(back).headers["Location"] == "/", f"{slug}: nothing is missing"
    checked: list[str] = []
    spy(monkeypatch, cas_protocol, "prove", checked, "source")
    spy(monkeypatch, oidc_protocol, "prove", checked, "source")
    spy(monkeypatch, guesses, "check", checked, "code")
    for slug in each(sources, wangwu):
        checked.clear()
        assert wangwu.head(leave(wangwu, slug)).headers["Location"] == CODE
        assert wangwu.post(CODE).status_code in (200, 302)
        assert not wangwu.is_in(), slug
        wangwu.enter_code()
        assert wangwu.is_in(), slug
        assert checked == ["source", "code"], slug


def spy(monkeypatch: pytest.MonkeyPatch, module: object, name: str, seen: list[str], word: str) -> None:
    real = getattr(module, name)

    def noted(*asked: object, **more: object) -> object:
        seen.append(word)
        return real(*asked, **more)

    monkeypatch.setattr(module, name, noted)


@pytest.mark.bypass("row 17: GitLab CVE-2026-0723: an answer that nobody looks at")
def test_a_no_is_looked_at(sources: Sources, wangwu: Person, lisi: Person) -> None:
    """Of the source, and of the second step after it."""
    for slug in each(sources, lisi):
        back = leave(lisi, slug)
        sources[slug].next_answer = "no"
        assert lisi.get(back).status_code == 503, slug
        assert is_nowhere(lisi), slug
    for slug in each(sources, wangwu):
        come(wangwu, slug)
        for wrong in ("000000", "", "１２３", "null", "[]"):
            assert wangwu.post(CODE, {"code": wrong}).status_code in (200, 302), (slug, wrong)
            assert not wangwu.is_in(), (slug, wrong)


@pytest.mark.bypass("row 18: Keycloak CVE-2026-18963, GitLab CVE-2024-1525: a reset that opens, or clears the factors")
def test_a_new_password_ends_who_is_half_way_and_opens_nothing(
    sources: Sources, wangwu: Person, office: Person
) -> None:
    assert wangwu.user
    assert office.user
    for slug in each(sources, wangwu):
        come(wangwu, slug)
        owner = User.objects.get(pk=wangwu.user.pk)
        assert passwords.set_starting(owner, passwords.version_of(owner), actor=office.user)
        assert wangwu.enter_code().headers["Location"] == "/sign-in/", slug
        assert come(wangwu, slug).headers["Location"] == CODE, slug
        assert not wangwu.is_in(), slug
        assert phones.of(owner), slug
        wangwu.enter_code()
        assert wangwu.get("/app-passwords/").headers["Location"] == "/security/password/", slug


@pytest.mark.bypass("row 19: Kaseya CVE-2021-30120, scheb GHSA-h6mp-mc7g-mg49: a cookie that is believed")
def test_no_cookie_stands_for_a_step(sources: Sources, lisi: Person, wangwu: Person) -> None:
    for slug in each(sources, lisi):
        back = leave(lisi, slug)
        whole = lisi.cookies[site.ELSEWHERE_COOKIE_NAME].value
        for at in range(0, len(whole), 9):
            for forged in (whole[:at], whole[:at] + ("A" if whole[at] != "A" else "B") + whole[at + 1 :]):
                lisi.cookies[site.ELSEWHERE_COOKIE_NAME] = forged
                assert lisi.get(back).status_code == 403, (slug, forged)
        assert is_nowhere(lisi), slug
    assert lisi.user
    for slug in each(sources, wangwu):
        lisi.cookies.clear()
        trusted = trust(wangwu)
        lisi.cookies[site.TRUSTED_BROWSER_COOKIE_NAME] = trusted
        User.objects.filter(pk=lisi.user.pk).update(two_step_from=timezone.now())
        Phone.objects.create(user=lisi.user, number="+8613700137009")
        be(sources[slug], lisi.user.username)
        assert come(lisi, slug).headers["Location"] == CODE, f"{slug}: another's trust"
        assert not lisi.is_in()


def trust(person: Person) -> str:
    """The cookie of a browser that is trusted, and nobody is in."""
    person.arrive()
    person.post("/sign-out/")
    person.enter_password()
    person.enter_code(trust_browser="on")
    person.post("/sign-out/")
    return person.cookies[site.TRUSTED_BROWSER_COOKIE_NAME].value


def _unbind(user: User) -> None:
    phones.unbind(phones.of(user) or Phone(), actor=None)


ENDS: dict[str, tuple[Callable[[User], object], str]] = {
    "a new password": (lambda user: endings.end(Occasion.NEW_PASSWORD, user), CODE),
    "the owner's wish": (browsers.forget_all, CODE),
    "another way": (_unbind, BIND),
    "a stop of the office": (lambda user: User.objects.filter(pk=user.pk).update(is_active=False), ""),
}


@pytest.mark.bypass("row 20: vaultwarden CVE-2026-43911: trust that outlives what it hung on")
def test_trust_ends_for_who_comes_from_elsewhere_too(sources: Sources, wangwu: Person) -> None:
    for slug in each(sources, wangwu):
        trusted = trust(wangwu)
        for occasion, (end, leads_to) in ENDS.items():
            kept = transaction.savepoint()
            person = Person(wangwu.user)
            person.cookies[site.TRUSTED_BROWSER_COOKIE_NAME] = trusted
            assert come(person, slug).headers["Location"] == "/", (slug, occasion)
            assert person.user
            end(User.objects.get(pk=person.user.pk))
            person.post("/sign-out/")
            person.cookies[site.TRUSTED_BROWSER_COOKIE_NAME] = trusted
            assert come(person, slug).headers.get("Location", "") == leads_to, (slug, occasion)
            assert not person.is_in(), (slug, occasion)
            transaction.savepoint_rollback(kept)


@pytest.mark.bypass("row 21: Django's admin as side door")
def test_the_administration_is_no_side_door(sources: Sources, clerk: Person, counted_both: None) -> None:
    for slug in each(sources, clerk):
        come(clerk, slug)
        for page in ("/admin/", "/admin/login/", "/admin/accounts/user/"):
            assert clerk.get(page).headers["Location"].startswith((CODE, "/admin/login/", "/sign-in/")), (slug, page)
            assert clerk.post(page, {"username": "x"}).status_code in (302, 403), (slug, page)
    for slug in each(sources, clerk, be_by_both):
        come(clerk, slug)
        assert clerk.is_in(), slug
        assert clerk.get("/admin/").headers["Location"].startswith("/admin/login/"), slug
        assert "/confirm/" in clerk.get("/admin/login/").headers["Location"], slug


@pytest.fixture
def counted_both(settings: Settings) -> None:
    settings.CAS_BOTH_STEPS_SINCE = settings.OIDC_UPSTREAM_BOTH_STEPS_SINCE = timezone.localdate()
    settings.CAS_BOTH_STEPS_WHEN, settings.OIDC_UPSTREAM_BOTH_STEPS_WHEN = [("mfa", "yes")], [("amr", "mfa")]


@pytest.mark.bypass("row 22: allauth 64.1: logout of a half-done session")
def test_half_way_out_leaves_nothing(sources: Sources, wangwu: Person) -> None:
    for slug in each(sources, wangwu):
        come(wangwu, slug)
        cookies = wangwu.cookies.output().replace("Set-Cookie: ", "")
        wangwu.post("/sign-out/")
        assert wangwu.enter_code().headers["Location"] == "/sign-in/", slug
        thief = Person(wangwu.user)
        thief.cookies.load(cookies)
        assert thief.enter_code().headers["Location"] == "/sign-in/", slug
        assert not wangwu.is_in()
        assert not thief.is_in()
        assert Arrival.objects.count() == 1, slug
