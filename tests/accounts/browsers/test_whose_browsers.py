"""The list of trusted browsers: whose they are, and which one is meant."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.browsers import browsers
from accounts.browsers.models import TrustedBrowser
from accounts.factors.models import Authenticator
from accounts.log.models import SecurityEvent
from accounts.phones.models import Phone
from accounts.users import ways
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.people import OTHER_NUMBER, Person

HERE = browsers.Look("Firefox", "Linux", "192.0.2.1")


def test_the_list_shows_how_to_recognise_a_browser(trusting: Person) -> None:
    trusting.enter_password()
    text = re.sub(r"\s+", " ", trusting.get("/security/browsers/").content.decode())
    assert "Firefox 140 · Linux" in text
    assert "127.0.0.1" in text


def test_what_was_forgotten_in_another_tab_is_told_kindly(lisi: Person) -> None:
    lisi.sign_in()
    page = lisi.post("/security/browsers/", {"browser": "7"}, follow=True)
    assert "该浏览器此前已移除" in page.content.decode()


@pytest.mark.bypass("row 26: wagtail-2fa CVE-2020-5240: somebody else's row")
@pytest.mark.parametrize("chosen", ["", "0", "-1", "1e3", "٣", "9" * 30, "theirs"])
def test_only_ones_own_can_be_forgotten(trusting: Person, lisi: Person, chosen: str) -> None:
    lisi.sign_in()
    theirs = TrustedBrowser.objects.get()
    response = lisi.post("/security/browsers/", {"browser": theirs.pk if chosen == "theirs" else chosen})
    assert response.status_code == (302 if chosen in ("0", "theirs") else 404), "as if it were gone"
    lisi.post("/security/browsers/", {"all": "1"})
    assert TrustedBrowser.objects.get() == theirs


def test_trust_and_its_end_are_in_the_log(trusting: Person) -> None:
    trusting.enter_password()
    trusting.post("/security/browsers/", {"all": "1"})
    kinds = SecurityEvent.objects.filter(user=trusting.user).values_list("kind", flat=True)
    assert {"browser_trusted", "browsers_forgotten"} <= set(kinds)


def test_what_was_forgotten_takes_no_place_from_others(make_user: MakeUser) -> None:
    """Two people share a browser; one of them trusts and forgets it again and again."""
    now = timezone.now()
    shared = Person()
    for name, number in (("steady", "13600136021"), ("restless", "13600136022")):
        make_user(name, phone=number)
    shared.enter_password(name="steady")
    shared.enter_code(trust_browser="on")
    shared.post("/sign-out/")
    for day in range(1, 8):
        with time_machine.travel(now + timedelta(days=day)):
            shared.enter_password(name="restless")
            shared.enter_code(trust_browser="on")
            shared.post("/security/browsers/", {"all": "1"})
            shared.post("/sign-out/")
    assert shared.enter_password(name="steady").headers["Location"] == "/"


def trusted_by(user: User) -> tuple[TrustedBrowser, str]:
    trusted = browsers.trust(Phone.objects.get(user=user), "", HERE)
    assert trusted
    return trusted


def test_another_way_to_verify_ends_trust_that_hangs_on_an_app(make_user: MakeUser) -> None:
    """With the phone its browsers go by themselves; those of an app are there still, and trusted no more."""
    user = make_user("zhaoliu")
    app = Authenticator.objects.create(user=user, name="手机", key=b"", last_step=0)
    trusted = browsers.trust(app, "", HERE)
    assert trusted
    row, cookie = trusted
    assert browsers.find(user, cookie) == row
    ways.changed(user)
    assert browsers.find(user, cookie) is None
    assert not browsers.is_trusted(user, row.pk)
    again = browsers.trust(app, cookie, HERE)
    assert again
    assert cookie not in again[1], "it takes no place in the cookie"


def test_one_trusted_browser_stands_in_for_no_other(make_user: MakeUser) -> None:
    user, other = make_user("zhaoliu", phone=OTHER_NUMBER), make_user("sunqi", phone="13600136000")
    first, second, foreign = trusted_by(user)[0], trusted_by(user)[0], trusted_by(other)[0]
    browsers.forget(user, first.pk)
    assert [browsers.is_trusted(user, row.pk) for row in (first, second, foreign)] == [False, True, False]


def test_the_list_says_when_and_where_it_was_seen_last(make_user: MakeUser, clock: time_machine.Traveller) -> None:
    user = make_user("zhaoliu", phone=OTHER_NUMBER)
    (used, cookie), (other, _cookie) = trusted_by(user), trusted_by(user)
    clock.shift(timedelta(hours=1))
    assert browsers.recognise(user, cookie, "198.51.100.7") == used
    seen = {row.pk: (row.seen_at, row.address) for row in TrustedBrowser.objects.all()}
    now = timezone.now()
    assert seen == {used.pk: (now, "198.51.100.7"), other.pk: (now - timedelta(hours=1), "192.0.2.1")}


def test_of_many_people_the_browsers_go_and_each_is_told_of_his(make_user: MakeUser, clerk: Person) -> None:
    people = [make_user(f"person{n}", phone=f"1360013600{n}") for n in range(4)]
    for user in (people[0], people[0], people[1], people[3]):
        trusted_by(user)
    browsers.forget_all_of(*people[:3], actor=clerk.user, address="192.0.2.9", reason="moved")
    assert set(TrustedBrowser.objects.values_list("user", flat=True)) == {people[3].pk}
    told = SecurityEvent.objects.filter(kind="browsers_forgotten").order_by("pk")
    assert [(event.user, event.actor, event.address, len(event.detail["browsers"])) for event in told] == [
        (people[0], clerk.user, "192.0.2.9", 2),
        (people[1], clerk.user, "192.0.2.9", 1),
    ]
    assert all(event.detail["reason"] == "moved" for event in told)
    browsers.forget_all_of(*people[:3])
    assert told.count() == 2, "who has none is told nothing"


@pytest.mark.parametrize(("length", "is_found"), [(1000, True), (1001, False)])
def test_of_a_cookie_a_thousand_characters_are_looked_at(make_user: MakeUser, length: int, *, is_found: bool) -> None:
    user = make_user("zhaoliu", phone=OTHER_NUMBER)
    row, cookie = trusted_by(user)
    assert browsers.find(user, cookie.rjust(length, ".")) == (row if is_found else None)
