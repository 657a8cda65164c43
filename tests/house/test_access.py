"""Who may open what: every address of the site, by every method, for everybody who can come along.

A new address fails `test_every_address_is_in_the_table` until somebody has decided who may open it.
"""

from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import pytest
from django.db import transaction

from accounts.phones.models import Phone
from tests.conftest import MakeUser
from tests.house.doors import EXPECTED, FOR_ANYBODY, FOR_SERVERS, LEADS_TO, VISITORS
from tests.kit import visitors
from tests.kit.people import Person
from tests.kit.share import share
from tests.kit.sitemap import Addresses, Place, places
from tests.kit.snapshots import changed, everything

PLACES = list(places())
OTHER_METHODS = ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]
AT_A_TIME = 3  # methods that one of the nine who are led away from a page of the office tries there: all, between them
# A visitor who is not in is led on by these, whatever the method: nothing of the page itself answers.
SIGN_IN_PAGES = ("sign-in/", "sign-in/code/", "sign-in/phone/", "sign-in/app/", "sign-in/app/new/", "sign-in/passkey/",
                 "sign-in/recovery/", "sign-in/help/", "openid/logout/")  # fmt: skip
GATES = {"sign", "code", "app", "bind", "alog", "admn"}


def answer(person: Person, method: str, path: str, **headers: str) -> str:
    response = person.generic(method, path, headers=headers)
    target = urlsplit(response.headers.get("Location", "")).path
    return next((name for name, page in LEADS_TO.items() if page == target), str(response.status_code))


def posted(person: Person, path: str) -> str:
    """What an empty POST is answered, and nothing of it remains."""
    cookies, start = SimpleCookie(person.cookies), transaction.savepoint()
    try:
        return answer(person, "POST", path)
    finally:
        transaction.savepoint_rollback(start)
        person.cookies = cookies


def test_every_address_is_in_the_table() -> None:
    assert {place.route for place in PLACES} == set(EXPECTED)


@pytest.fixture
def addresses(make_user: MakeUser) -> Addresses:
    owner = make_user("owner", phone="13600136009")
    return Addresses(owner, Phone.objects.get(user=owner))


def complaints(person: Person, place: Place, path: str, column: int) -> Iterator[str]:
    methods, answers = EXPECTED[place.route]
    expected = answers[column]
    if (got := answer(person, "GET", path)) != expected:
        yield f"GET {path}: {got}, not {expected}"

    post = posted(person, path)
    taken = methods == "any" or (post == "405") == ("POST" not in methods)
    closed = is_closed(place, expected)
    if (closed and post != expected) or (not closed and not taken) or post.startswith("5"):
        yield f"POST {path}: {post}"


def is_closed(place: Place, expected: str) -> bool:
    return expected in GATES and place.route not in SIGN_IN_PAGES


def odd_complaints(person: Person, place: Place, path: str, column: int) -> Iterator[str]:
    """All methods but GET and POST, and one that wants to be another."""
    methods, answers = EXPECTED[place.route]
    expected = answers[column]
    if (got := answer(person, "GET", path, **{"X-HTTP-Method-Override": "POST"})) != expected:
        yield f"GET that wants to be POST {path}: {got}, not {expected}"
    for method in _methods_at(place, expected, column):
        got = answer(person, method, path)
        if is_closed(place, expected):
            right = got == expected
        elif methods == "any":  # Django's admin asks no page for its method; the database must stay as it is
            right = got in (expected, "200", "405")
        else:
            right = got == (expected if method == "HEAD" else "405")
        if not right:
            yield f"{method} {path}: {got}"


def _methods_at(place: Place, expected: str, column: int) -> list[str]:
    if not (place.route.startswith("admin/") and is_closed(place, expected)):
        return OTHER_METHODS
    first = column + PLACES.index(place)
    return [OTHER_METHODS[(first + by) % len(OTHER_METHODS)] for by in range(AT_A_TIME)]


@pytest.mark.bypass("row 15: CVE-2019-16766, Grav GHSA-7mgc-c7pq-3rr3: only the password, and a page that answers")
@pytest.mark.bypass("row 21: Django's admin as side door")
@pytest.mark.usefixtures("clock")  # when somebody was last seen is written down each minute
@pytest.mark.parametrize("visitor", VISITORS, ids=lambda visitor: visitor.__name__)
def test_who_may_open_what(visitor: Callable[[MakeUser], Person], make_user: MakeUser, addresses: Addresses) -> None:
    column = VISITORS.index(visitor)
    person = visitor(make_user)
    before = everything()
    found: list[str] = []
    for place in share(PLACES, 4):
        found += complaints(person, place, addresses.of(place), column)
    assert not found, "\n".join(found)
    assert not changed(before), "something but POST changed the database"


@pytest.mark.bypass("row 8: CVE-2026-94379: rules checked for some methods only")
@pytest.mark.parametrize(
    "office", [pytest.param(True, id="office", marks=pytest.mark.slow), pytest.param(False, id="people")]
)
@pytest.mark.usefixtures("clock")  # when somebody was last seen is written down each minute
@pytest.mark.parametrize("visitor", VISITORS, ids=lambda visitor: visitor.__name__)
def test_other_methods_open_nothing_more(
    visitor: Callable[[MakeUser], Person], office: bool, make_user: MakeUser, addresses: Addresses
) -> None:
    column = VISITORS.index(visitor)
    person = visitor(make_user)
    before = everything()
    found: list[str] = []
    for place in share(PLACES, 9):
        if place.route.startswith("admin/") is office:
            found += odd_complaints(person, place, addresses.of(place), column)
    assert not found, "\n".join(found)
    assert not changed(before), "one of them changed the database"


@pytest.mark.bypass("row 15")
@pytest.mark.parametrize(
    "visitor",
    [
        visitors.halfway,
        visitors.halfway_without_phone,
        visitors.halfway_by_app,
        visitors.overtaken,
        visitors.overtaken_without_phone,
    ],
    ids=lambda visitor: visitor.__name__,
)
def test_halfway_hardly_anything_answers(visitor: Callable[[MakeUser], Person]) -> None:
    """By the table, which the walks above hold the site to, whatever the method."""
    column = VISITORS.index(visitor)
    answering = {
        route
        for route, (_methods, answers) in EXPECTED.items()
        if answers[column] not in {*LEADS_TO, "403", "404", "405"}
    }
    steps = {"sign-in/code/", "sign-in/help/"}
    if "without" in visitor.__name__:
        steps = {"sign-in/phone/", "sign-in/app/new/"}
    if visitor is visitors.halfway_by_app:
        steps = {"sign-in/app/", "sign-in/recovery/", "sign-in/help/"}
    assert answering - set(FOR_SERVERS) - FOR_ANYBODY == {"sign-in/", "health/live", "health/ready"} | steps


@pytest.mark.bypass("row 38: wallabag GHSA-56fm-hfp3-x3w3, Grav GHSA-4px8-7p53-282r: no token asked for")
@pytest.mark.parametrize(
    "visitor", [visitors.halfway, visitors.halfway_without_phone, visitors.clerk], ids=lambda visitor: visitor.__name__
)
def test_no_form_is_taken_without_its_token(
    visitor: Callable[[MakeUser], Person], make_user: MakeUser, addresses: Addresses
) -> None:
    person = visitor(make_user)
    person.handler.enforce_csrf_checks = True
    before = everything()
    for place in share(PLACES, 4):
        # The gateway has no token but its signature, and the gateway of these tests sends no receipts.
        right = "404" if place.name == "twilio_receipt" else FOR_SERVERS.get(place.route, "403")
        # An old form of the sign-in leads to where its person is by now; one for the language, back.
        leads_on = {"home"} if place.route in {*SIGN_IN_PAGES, "sign-out/", "language/"} else set()
        assert answer(person, "POST", addresses.of(place)) in {right} | leads_on, place.route
    assert not changed(before)
