from collections.abc import Callable

import pytest
from django.test import TestCase

from accounts.phones import helpcodes, phones
from tests.kit.people import Person

Give = Callable[..., str]


@pytest.fixture
def give(clerk: Person, wangwu: Person) -> Give:
    """A code for Wang Wu, as the clerk reads it."""

    def given() -> str:
        assert wangwu.user
        assert clerk.user
        phone, last = phones.of(wangwu.user), helpcodes.of(wangwu.user)
        assert phone
        with TestCase.captureOnCommitCallbacks(execute=True):
            made = helpcodes.issue(
                wangwu.user, (phone.pk, last.ordinal if last else 0), actor=clerk.user, reason="lost"
            )
        assert isinstance(made, tuple), made
        return made[1]

    return given
