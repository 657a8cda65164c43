from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from accounts.users.models import User
from apppasswords import passwords
from apppasswords.limits import Limits, Scope
from apppasswords.maillogin import decision
from apppasswords.maillogin.decision import Login, Verdict
from tests.conftest import MakeUser
from tests.kit.databases import database
from tests.kit.people import NUMBER

ADDRESS = "198.51.100.7"


def login(user: str, password: str | None, protocol: str = "imap", address: str = ADDRESS) -> Verdict:
    return decision.verify(Login(user, password, protocol, address))


def made(user: User, name: str = "Mail") -> str:
    result = passwords.create(user, name, limits=Limits(Scope.MAIL_AND_FILTERS))
    assert not isinstance(result, passwords.Refusal)
    return result[1]


@pytest.fixture
def accounts(make_user: MakeUser) -> dict[str, User]:
    people = {
        "two-step off": make_user("off", two_step=False),
        "two-step on": make_user("on", phone=NUMBER),
        "two-step on, no phone": make_user("nophone"),
        "two-step from tomorrow": make_user("later", two_step=False),
        "disabled": make_user("disabled", two_step=False, is_active=False),
    }
    later = people["two-step from tomorrow"]
    later.two_step_from = timezone.now() + timedelta(days=1)
    later.save()
    return people


@pytest.fixture
def on_postgresql(postgresql: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    with django_db_blocker.unblock(), database(postgresql):
        connection.settings_dict["OPTIONS"]["prepare_threshold"] = 0
        yield
