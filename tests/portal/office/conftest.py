import pytest

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
    person.sign_in()
    return person
