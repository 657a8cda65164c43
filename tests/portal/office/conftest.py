from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.bans.models import Ban
from accounts.factors.models import Authenticator
from accounts.users.models import User
from apppasswords import passwords as app_passwords
from portal.office import roles
from tests.conftest import MakeUser
from tests.kit import officers
from tests.kit.people import Person


@pytest.fixture
def helper(make_user: MakeUser) -> Person:
    """A clerk of the help desk, without all rights."""
    user = make_user("helper", phone="13700137009", is_staff=True)
    officers.give(user, roles.HELP)
    person = Person(user)
    person.arrive()
    return person


@pytest.fixture
def wanting(wangwu: Person) -> Person:
    """Wang Wu, to whom every button has something to do."""
    assert wangwu.user
    wangwu.sign_in(trust_browser="on")
    made = app_passwords.create(wangwu.user, "Foxmail")
    assert isinstance(made, tuple)
    User.objects.filter(pk=wangwu.user.pk).update(
        codes_paused_until=timezone.now() + timedelta(minutes=50), wrong_codes=20
    )
    Ban.objects.create(network="127.0.0.1", account=wangwu.user.username, until=timezone.now() + timedelta(hours=1))
    Authenticator.objects.create(user=wangwu.user, name="FreeOTP", key=b"sealed", last_step=0)
    return wangwu
