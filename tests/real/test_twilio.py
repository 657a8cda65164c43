"""What the Twilio gateway asks fits Twilio's published description of its interface, and it reads what that answers.

Bad days are played by a stand-in (tests/accounts/delivery/test_twilio_gateway.py): a description knows none.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery.errors import ConfigurationRejected
from accounts.delivery.gateways import twilio
from accounts.delivery.gateways.message import Message
from tests.kit.servers.prism import twilio_by_its_description

pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with twilio_by_its_description(tmp_path_factory.mktemp("prism")) as address:
        yield address


@pytest.fixture(autouse=True)
def _asked(address: str, settings: Settings) -> Iterator[None]:
    settings.TWILIO_BASE_URL = address
    settings.TWILIO_ACCOUNT_SID = "AC" + "1" * 32
    settings.TWILIO_AUTH_TOKEN = "5b2c8d0f4e6a49d7a1c3e5f708192a3b"
    settings.TWILIO_FROM = "+15005550006"
    settings.TWILIO_MESSAGING_SERVICE_SID = ""
    settings.TWILIO_CONNECT_TIMEOUT = settings.TWILIO_READ_TIMEOUT = 30
    settings.PUBLIC_URL = "https://portal.example.edu"
    twilio._client.cache_clear()
    yield
    twilio._client().http_client.session.close()
    twilio._client.cache_clear()


@pytest.fixture
def message() -> Message:
    soon = timezone.now() + timedelta(minutes=5)
    return Message(
        number="+85291234567", purpose="sign_in", mailbox="zhangsan@example.edu", code="402716", attempt=7,
        expires_at=soon,
    )  # fmt: skip


@pytest.mark.parametrize("service", ["", "MG" + "2" * 32], ids=["from a number", "from a messaging service"])
def test_what_is_sent_fits(message: Message, settings: Settings, service: str) -> None:
    settings.TWILIO_MESSAGING_SERVICE_SID = service
    assert twilio.send(message).startswith("SM")


def test_the_account_and_its_balance_are_read() -> None:
    [finding] = twilio.check()
    assert "USD" in finding.words


def test_what_does_not_fit_is_refused(message: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the tests above would show nothing."""
    monkeypatch.setattr(twilio, "callback_url", lambda _attempt: "no address")
    with pytest.raises(ConfigurationRejected, match="422"):
        twilio.send(message)
