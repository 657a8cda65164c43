from datetime import timedelta

import pytest
from pytest_django import Settings

from tests.kit.people import Person
from tests.kit.recovery import make_codes


@pytest.fixture
def codes(wangwu: Person, settings: Settings) -> list[str]:
    """Wangwu has a phone and ten codes, and is out."""
    settings.SMS_RESEND_AFTER = timedelta()
    wangwu.sign_in()
    made = make_codes(wangwu)
    wangwu.post("/sign-out/")
    return made
