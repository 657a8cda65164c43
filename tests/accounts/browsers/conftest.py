import pytest

from tests.kit.people import Person


@pytest.fixture
def trusting(wangwu: Person) -> Person:
    """Signed in, in a browser that is trusted from now on, and out again."""
    wangwu.sign_in(trust_browser="on")
    wangwu.post("/sign-out/")
    return wangwu
