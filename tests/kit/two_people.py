"""Two people, each with a phone, at a noon that stays until a test shifts it: what holds for one is not the other's."""

from collections.abc import Callable

import pytest
import time_machine

from accounts.users.models import User
from tests.kit.people import NUMBER, OTHER_NUMBER


@pytest.fixture
def owner(make_user: Callable[..., User], clock: time_machine.Traveller) -> User:
    return make_user("wangwu", phone=NUMBER)


@pytest.fixture
def other(make_user: Callable[..., User], clock: time_machine.Traveller) -> User:
    return make_user("zhaoliu", phone=OTHER_NUMBER)
