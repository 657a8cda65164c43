import pytest

from accounts.users.models import User
from tests.kit.gateways import UnsteadyGateway
from tests.kit.people import Person


@pytest.fixture
def user(wangwu: Person) -> User:
    assert wangwu.user
    return wangwu.user


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> UnsteadyGateway:
    gateway = UnsteadyGateway()
    monkeypatch.setattr("accounts.delivery.gateways.send", gateway.send)
    return gateway
