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
from tests.kit import visitors
from tests.kit.people import Person
from tests.kit.sitemap import Addresses, Place, places
from tests.kit.snapshots import changed, everything

VISITORS: list[Callable[[MakeUser], Person]] = [
    visitors.nobody,
    visitors.halfway,
    visitors.halfway_without_phone,
    visitors.overtaken,
    visitors.overtaken_without_phone,
    visitors.two_step_off,
    visitors.signed_in,
    visitors.by_trusted_browser,
    visitors.clerk_by_trusted_browser,
    visitors.clerk,
    visitors.halfway_by_app,
]

# What GET answers: a status, or the page that it leads to.
LEADS_TO = {
    "sign": "/sign-in/",
    "code": "/sign-in/code/",
    "app": "/sign-in/app/",
    "bind": "/sign-in/phone/",
    "home": "/",
    "phon": "/security/phone/",
    "pass": "/security/password/",
    "conf": "/security/confirm/",
    "alog": "/admin/login/",
    "admn": "/admin/",
    "prof": "/profile/",
    "acti": "/security/activity/",
}

# The columns are VISITORS but the last:          | not in              | overtaken | in without code | by code | office
# address                   methods            nobody half-way -phone code -phone off   ...
TABLE = """
-                           GET                 sign code bind  code bind  200  200  200  200  200
sign-in/                    GET,POST            200  200  200   200  200   home home home home home
sign-in/code/               GET,POST            sign 200  bind  200  bind  home home home home home
sign-in/phone/              GET,POST            sign code 200   code 200   home home home home home
sign-in/app/                GET,POST            sign code bind  code bind  home home home home home
sign-in/app/new/            GET,POST            sign code 200   code 200   home home home home home
sign-in/passkey/            GET,POST            sign code bind  code bind  home home home home home
sign-in/recovery/           GET,POST            sign code bind  code bind  home home home home home
sign-in/help/               GET,POST            sign 200  bind  200   bind  home home home home home
sign-in/still-here/         GET,POST            sign code bind  code bind  200  200  200  200  200
sign-in/elsewhere/<slug:slug>/      GET     404  404  404   404  404   404  404  404  404  404
sign-in/elsewhere/<slug:slug>/back/ GET,POST 404 404  404   404  404   404  404  404  404  404
sign-out/                   POST                405  405  405   405  405   405  405  405  405  405
security/confirm/           GET,POST            sign code bind  code bind  phon 200  200  200  200
security/confirm/app/       GET,POST            sign code bind  code bind  conf conf conf conf conf
security/confirm/passkey/   GET,POST            sign code bind  code bind  conf conf conf conf conf
security/confirm/recovery/  GET,POST            sign code bind  code bind  conf conf conf conf conf
security/factors/           GET,POST            sign code bind  code bind  200  200  200  200  200
security/factors/app/       GET,POST            sign code bind  code bind  200  200  conf conf 200
security/factors/app/<int:pk>/ GET,POST         sign code bind  code bind  404  404  conf conf 404
security/factors/passkeys/  GET,POST            sign code bind  code bind  200  200  conf conf 200
security/factors/passkeys/<int:pk>/ GET,POST    sign code bind  code bind  404  404  conf conf 404
security/factors/recovery/  GET,POST            sign code bind  code bind  200  200  conf conf 200
security/phone/             GET,POST            sign code bind  code bind  200  200  200  200  200
security/phone/change/      GET,POST            sign code bind  code bind  phon 200  200  200  200
security/phone/unbind/      GET,POST            sign code bind  code bind  phon 200  200  200  200
security/browsers/          GET,POST            sign code bind  code bind  200  200  200  200  200
security/password/          GET,POST            sign code bind  code bind  200  200  conf conf 200
security/activity/          GET                 sign code bind  code bind  200  200  200  200  200
security/activity/sign-out/ GET,POST            sign code bind  code bind  acti acti conf conf acti
security/activity/not-me/   GET,POST            sign code bind  code bind  200  200  conf conf 200
app-passwords/              GET,POST            sign code bind  code bind  200  200  conf conf 200
app-passwords/remove-all/   GET,POST            sign code bind  code bind  200  200  conf conf 200
app-passwords/<int:pk>/     GET                 sign code bind  code bind  200  404  404  404  404
app-passwords/profile/      GET,POST            sign code bind  code bind  200  200  conf conf 200
app-passwords/profile/link/<int:pk>/ GET        sign code bind  code bind  200  404  404  404  404
profile/                    GET,POST            404  404  404   404  404   404  404  404  404  404
profile/<slug:token>/       GET                 prof prof prof  prof prof  prof prof prof prof prof
.well-known/openid-configuration any            200  200  200   200  200   200  200  200  200  200
openid/authorize/           GET,POST            sign code bind  code bind  400  400  400  400  400
openid/token/               any                 405  405  405   405  405   405  405  405  405  405
openid/userinfo/            any                 401  401  401   401  401   401  401  401  401  401
openid/introspect/          any                 403  403  403   403  403   403  403  403  403  403
openid/revoke/              any                 405  405  405   405  405   405  405  405  405  405
openid/jwks/                any                 200  200  200   200  200   200  200  200  200  200
openid/logout/              any                 sign sign sign  200  200   200  200  200  200  200
sms/receipts/<slug:gateway>/<str:secret>/ GET,POST 403 403 403 403 403   403  403  403  403  403
hooks/stolen/               POST                405  405  405   405  405   405  405  405  405  405
sms/twilio/<int:attempt>/   POST                405  405  405   405  405   405  405  405  405  405
language/                   any                 home home home  home home  home home home home home
health/live                 GET                 200  200  200   200  200   200  200  200  200  200
health/ready                GET                 200  200  200   200  200   200  200  200  200  200
mail/config-v1.1.xml        GET                 200  200  200   200  200   200  200  200  200  200
.well-known/autoconfig/mail/config-v1.1.xml GET 200  200  200   200  200   200  200  200  200  200
autodiscover/autodiscover.xml POST              405  405  405   405  405   405  405  405  405  405
outbox/                     GET                 404  404  404   404  404   404  404  404  404  404
guides/                     GET                 200  200  200   200  200   200  200  200  200  200
guides/second-step/         GET                 200  200  200   200  200   200  200  200  200  200
guides/<slug:program>/      GET                 200  200  200   200  200   200  200  200  200  200
theme.css                   GET                 404  404  404   404  404   404  404  404  404  404
logo                        GET                 404  404  404   404  404   404  404  404  404  404
admin/login/                any                 sign sign sign  403  403   403  403  403  conf conf
admin/logout/               POST                sign code bind  code bind  admn admn admn admn 405
"""

# The rest of the administration. Only the last column differs from page to page.
CLOSED = "                                      sign code bind  code bind  alog alog alog alog"
ADMIN = {
    "admin/": "200",
    "admin/dashboard/": "200",
    "admin/handbook/": "200",
    "admin/find/": "405",
    "admin/accounts/user/<int:id>/desk/": "200",
    "admin/password_change/": "pass",
    "admin/password_change/done/": "pass",
    "admin/autocomplete/": "403",
    "admin/jsi18n/": "200",
    "admin/r/<path:content_type_id>/<path:object_id>/": "404",
    "admin/accounts/user/<id>/password/": "302",
    "admin/bans/ban/<path:object_id>/lift/": "405",
    "admin/accounts/user/<int:pk>/two-step/": "200",
    "admin/accounts/user/slips/": "200",
    "admin/accounts/user/export/": "200",
    "admin/imports/roster/<path:object_id>/wrong/": "403",
    "admin/rollouts/rollout/<int:pk>/choose/": "200",
    "admin/rollouts/rollout/<int:pk>/mail/": "200",
    "admin/rollouts/rollout/<int:pk>/people/": "200",
    "admin/routes/gateway/": "200",
    "admin/routes/gateway/<slug:name>/": "200",
    "admin/log/securityevent/export/": "405",
    "admin/<app_label>/": "200",
    "admin/(?P<url>.*)$": "404",
}
EDITED = ("bans/knownnetwork", "office/role", "accounts/user", "openid/application")
READ_ONLY = ("delivery/sms", "delivery/mail", "browsers/trustedbrowser", "bans/ban", "log/securityevent",
             "bans/failure", "maillogins/maillogin", "rollouts/remindermail", "apppasswords/apppassword")  # fmt: skip
ADDED = (
    "rollouts/rollout",
    "rollouts/exemption",
    "imports/roster",
    "directory/sync",
    "apppasswords/machine",
)  # by pages of their own; deleted by nobody
for _model in (*EDITED, *READ_ONLY, *ADDED):
    _write = "200" if _model in EDITED else "403"
    ADMIN |= {
        f"admin/{_model}/": "200",
        f"admin/{_model}/add/": "200" if _model in ADDED else _write,
        f"admin/{_model}/<path:object_id>/history/": "200",
        f"admin/{_model}/<path:object_id>/delete/": _write,
        f"admin/{_model}/<path:object_id>/change/": "200",
        f"admin/{_model}/<path:object_id>/": "302",
    }
# A machine is ended, never deleted.
ADMIN |= {
    f"admin/apppasswords/machine/{page}": answer
    for page, answer in {
        "": "200", "add/": "200", "<path:object_id>/history/": "200", "<path:object_id>/delete/": "403",
        "<path:object_id>/change/": "200", "<path:object_id>/": "302",
    }.items()
}  # fmt: skip


def _expectations() -> Iterator[tuple[str, tuple[str, list[str]]]]:
    for line in TABLE.strip().splitlines():
        route, methods, *answers = line.split()
        route = "" if route == "-" else route
        yield route, (methods, [*answers, _by_app(route, answers)])
    for route, last in ADMIN.items():
        answers = [*CLOSED.split(), last]
        yield route, ("any", [*answers, _by_app(route, answers)])


# Where who has an app and recovery codes, and no phone, is answered half-way other than who has a phone.
BY_APP = {"sign-in/code/": "app", "sign-in/app/": "200", "sign-in/recovery/": "200"}


def _by_app(route: str, answers: list[str]) -> str:
    return BY_APP.get(route, answers[1].replace("code", "app"))


# Asked by other servers, which have no session and show a secret or a token, and what a POST with neither is answered.
# And by mail programs, which learn what everybody may know.
FOR_SERVERS = {
    "mail/config-v1.1.xml": "403",
    ".well-known/autoconfig/mail/config-v1.1.xml": "403",
    "autodiscover/autodiscover.xml": "200",  # with the protocol's own error
    ".well-known/openid-configuration": "403",
    "openid/jwks/": "403",
    "openid/logout/": "403",  # signs out and does nothing else
    "openid/token/": "400",
    "openid/userinfo/": "401",
    "openid/introspect/": "403",
    "openid/revoke/": "400",
    "hooks/stolen/": "404",  # nobody has a key for it
    "sign-in/elsewhere/<slug:slug>/back/": "404",  # there is none in these tests
}
# The same for everybody who is not in, half-way or not.
FOR_ANYBODY = {"guides/", "guides/second-step/", "guides/<slug:program>/"}
EXPECTED = dict(_expectations())
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
    for place in PLACES:
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
    for place in PLACES:
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
    for place in PLACES:
        # The gateway has no token but its signature, and the gateway of these tests sends no receipts.
        right = "404" if place.name == "twilio_receipt" else FOR_SERVERS.get(place.route, "403")
        # An old form of the sign-in leads to where its person is by now; one for the language, back.
        leads_on = {"home"} if place.route in {*SIGN_IN_PAGES, "sign-out/", "language/"} else set()
        assert answer(person, "POST", addresses.of(place)) in {right} | leads_on, place.route
    assert not changed(before)
