"""What an SMS says: of which mailbox it speaks, and within one message."""

import pytest
from django.utils import timezone, translation
from pytest_django import Settings

from accounts.delivery.gateways.message import Message
from accounts.delivery.models import Sms
from tests.kit.asking import PURPOSES

ONE_MESSAGE = 70  # characters, where there is a Chinese one among them: those of the institution are in every SMS


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("purpose", Sms.Purpose)
def test_an_sms_names_the_mailbox(settings: Settings, purpose: Sms.Purpose, language: str) -> None:
    """Several may share a phone. Not the whole address: the number may be a stranger's."""
    settings.INSTITUTION = "示例大学"
    message = Message(
        number="+8613800138000",
        purpose=purpose,
        mailbox="hongmeng@example.edu",
        code="814460",
        attempt=1,
        expires_at=timezone.now(),
    )
    with translation.override(language):
        text = message.text()
    assert "h***@" in text
    assert "hongmeng" not in text
    if purpose in PURPOSES:
        assert "814460" in text
        assert len(text) <= ONE_MESSAGE, text
