import pytest
from pytest_django import Settings

from accounts.users.models import User
from tests.kit.gateways import Gateways, three
from tests.kit.people import Person


@pytest.fixture
def user(wangwu: Person) -> User:
    assert wangwu.user
    return wangwu.user


@pytest.fixture
def gateways(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Gateways:
    return three(settings, monkeypatch)
