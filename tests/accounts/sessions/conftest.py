import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import RequestFactory

from accounts.sessions.storage.store import SessionStore


@pytest.fixture
def request_(db: None, clock: time_machine.Traveller) -> HttpRequest:
    """Of nobody, in a browser that was never here."""
    request = RequestFactory().get("/")
    request.session, request.user = SessionStore(), AnonymousUser()
    return request
