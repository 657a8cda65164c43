"""Every form and address, asked what nobody means: no fault of ours, and no way in, on either database."""

import json
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker, Settings

from accounts.delivery.models import Sms
from accounts.phones.models import Phone
from tests.conftest import MakeUser
from tests.kit import visitors
from tests.kit.databases import database
from tests.kit.fuzzing import EXAMPLES, TEXTS, Doors, addresses, nothing_remains, told
from tests.kit.people import Person
from tests.kit.servers import migrated
from tests.kit.sitemap import Addresses

pytestmark = pytest.mark.slow

SHUT = (visitors.nobody, visitors.halfway, visitors.halfway_without_phone)
VISITORS = (*SHUT, visitors.signed_in, visitors.clerk)
OPENID = (
    "client_id", "client_secret", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce", "prompt",
    "code_challenge", "code_challenge_method", "max_age", "id_token_hint", "login_hint", "request", "request_uri",
    "code", "code_verifier", "grant_type", "refresh_token", "token", "token_type_hint", "client_name", "redirect_uris",
    "claims", "post_logout_redirect_uri",
)  # fmt: skip
RIGHT = ("wiki", "code", "openid", "S256", "authorization_code", "refresh_token", "none", "login")
KINDS = ("application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "")
DOORS_OF_OPENID = ("authorize", "token", "userinfo", "introspect", "revoke", "register", "logout")


@pytest.fixture(scope="session")
def fuzzed_on_postgresql(postgresql: str, django_db_blocker: DjangoDbBlocker) -> str:
    url = f"{postgresql.rpartition('/')[0]}/fuzzed"
    with django_db_blocker.unblock(), database(postgresql), connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE fuzzed")
    migrated.migrate(url)
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def somewhere(request: pytest.FixtureRequest, db: None) -> Iterator[None]:
    """On one database and on the other, and nothing remains."""
    if request.param == "sqlite":
        yield
        return
    with database(request.getfixturevalue("fuzzed_on_postgresql")):
        whole = transaction.atomic()
        whole._from_testcase = True  # type: ignore[attr-defined] # what must be durable is so as in any test
        with whole:
            yield
            transaction.set_rollback(True)


@pytest.fixture
def place_of(somewhere: None, make_user: MakeUser) -> Addresses:
    owner = make_user("owner", phone="13600136009")
    return Addresses(owner, Phone.objects.get(user=owner))


@pytest.mark.parametrize("visitor", VISITORS, ids=lambda visitor: visitor.__name__)
def test_every_form(place_of: Addresses, visitor: Callable[[MakeUser], Person], make_user: MakeUser) -> None:
    person = visitor(make_user)
    doors = Doors(person, place_of.of)

    @EXAMPLES
    @given(doors.filled())
    def hold(filled: tuple[str, dict[str, list[str]]]) -> None:
        action, fields = filled
        with nothing_remains(person):
            answer = person.post(action, fields)
            told(answer)
            if visitor in SHUT and answer.status_code == 302:
                assert not person.is_in(), f"{action} {fields}"

    hold()


@pytest.mark.parametrize("visitor", [visitors.nobody, visitors.signed_in, visitors.clerk], ids=lambda one: one.__name__)
def test_every_address(somewhere: None, visitor: Callable[[MakeUser], Person], make_user: MakeUser) -> None:
    person = visitor(make_user)

    @EXAMPLES
    @given(addresses(), st.sampled_from(["get", "post", "head", "put"]))
    def hold(address: str, method: str) -> None:
        with nothing_remains(person):
            told(getattr(person, method)(address))

    hold()


@pytest.mark.parametrize("visitor", [visitors.nobody, visitors.signed_in], ids=lambda visitor: visitor.__name__)
def test_openid(place_of: Addresses, visitor: Callable[[MakeUser], Person], make_user: MakeUser) -> None:
    person = visitor(make_user)
    values = st.one_of(st.sampled_from(RIGHT), TEXTS)

    @EXAMPLES
    @given(
        st.sampled_from(DOORS_OF_OPENID), st.dictionaries(st.sampled_from(OPENID), values, max_size=8),
        st.sampled_from(["get", "post", "json"]),
        st.one_of(st.none(), st.tuples(st.sampled_from(["Basic ", "Bearer ", ""]), values)),
    )  # fmt: skip
    def hold(door: str, asked: dict[str, str], how: str, by: tuple[str, str] | None) -> None:
        said = "".join(by).encode("ascii", "replace").decode().replace("\r", "").replace("\n", "") if by else ""
        headers = {"authorization": said} if by else {}
        with nothing_remains(person):
            path = f"/openid/{door}/"
            if how == "json":
                answer = person.post(path, json.dumps(asked), content_type="application/json", headers=headers)
            else:
                answer = getattr(person, how)(path, asked, headers=headers)
            told(answer)
            assert door not in ("token", "userinfo", "register") or answer.status_code >= 400
            assert b'"active": true' not in answer.content

    hold()


def test_receipts(place_of: Addresses, settings: Settings) -> None:
    """From whoever knows the address, in any form: of what was sent nothing is told that no gateway has said."""
    settings.SMS_RECEIPT_SECRET = "a-secret-of-the-tests-" * 2
    somebody, before = Person(), list(Sms.objects.values())

    @EXAMPLES
    @given(
        st.sampled_from(["memory", "twilio", "aliyun", "tencent", "kannel", "x"]),
        st.one_of(
            st.binary(max_size=300),
            st.recursive(TEXTS, lambda more: st.lists(more, max_size=3) | st.dictionaries(TEXTS, more, max_size=3))
            .map(lambda said: json.dumps(said).encode()),
        ),
        st.sampled_from(KINDS),
    )  # fmt: skip
    def hold(gateway: str, body: bytes, kind: str) -> None:
        for path in (f"/sms/receipts/{gateway}/{settings.SMS_RECEIPT_SECRET}/", "/sms/twilio/1/"):
            told(somebody.post(path, body, content_type=kind))
        assert list(Sms.objects.values()) == before

    hold()
