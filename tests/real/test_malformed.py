"""What nobody can mean, sent to every address on PostgreSQL, which takes less than SQLite: refused, never an error."""

from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.bans.models import Failure
from accounts.delivery.models import Sms
from accounts.phones.models import Phone
from accounts.users.models import User
from tests.kit import people
from tests.kit.databases import database
from tests.kit.people import PASSWORD, Person
from tests.kit.servers import migrated, postgres
from tests.kit.share import share
from tests.kit.sitemap import Addresses, places

pytestmark = pytest.mark.slow

NAMES = ("q", "next", "username", "password", "number", "code", "name", "reason", "client_id", "redirect_uri", "state",
         "nonce", "scope", "code_challenge", "code_challenge_method", "response_type", "resource", "claims", "prompt",
         "max_age", "login_hint", "id_token_hint", "post_logout_redirect_uri", "token", "grant_type", "refresh_token",
         "client_secret", "code_verifier", "language", "user", "pk", "id", "id__exact", "emailaddress", "protocol",
         "days", "purpose", "status", "kind", "p", "o", "e", "_changelist_filters", "term", "action", "flow",
         "version", "browser", "app_password", "date", "MessageSid", "MessageStatus", "ErrorCode")  # fmt: skip
NUL, NUMBER = "x\0y", "9" * 300
BAD = HTTPStatus.BAD_REQUEST


@pytest.fixture(scope="module")
def clerk(django_db_blocker: DjangoDbBlocker) -> Iterator[Person]:
    with postgres.running() as url, django_db_blocker.unblock():
        migrated.migrate(url)
        with database(url):
            everything = {"is_staff": True, "is_superuser": True, "two_step_from": timezone.now()}
            owner = User.objects.create_user("itoffice@example.edu", PASSWORD, **everything)
            Phone.objects.create(user=owner, number=f"+86{people.NUMBER}")
            yield Person(owner)


def sign_in(person: Person) -> None:
    """Some of the addresses end a session."""
    if person.get("/").status_code != HTTPStatus.OK:
        Sms.objects.all().delete()
        Failure.objects.all().delete()
        person.sign_in()
        assert person.get("/").status_code == HTTPStatus.OK


def test_no_address_takes_it_for_an_error_of_ours(clerk: Person) -> None:
    assert clerk.user
    clerk.raise_request_exception = False
    made = Addresses(clerk.user, Phone.objects.get())
    found = []
    for place in share(list(places()), 5):
        address = made.of(place)
        for value in (NUL, NUMBER):
            for send in (clerk.get, clerk.post):
                sign_in(clerk)
                status = send(address, dict.fromkeys(NAMES, value)).status_code
                if status >= HTTPStatus.INTERNAL_SERVER_ERROR or (value == NUL and status != BAD):
                    found.append((send.__name__, address, value[:3], status))
    assert not found
