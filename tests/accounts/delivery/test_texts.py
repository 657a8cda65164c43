"""What an SMS says: of which mailbox it speaks, and within one message."""

import pytest
from django.utils import translation
from pytest_django import Settings

from accounts.delivery.models import Sms
from tests.kit.asking import PURPOSES
from tests.kit.messages import message
from tests.portal.test_settings import read

ONE_MESSAGE = 70  # characters, where there is a Chinese one among them: those of the institution are in every SMS


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("purpose", Sms.Purpose)
def test_an_sms_names_the_mailbox(settings: Settings, purpose: Sms.Purpose, language: str) -> None:
    """Several may share a phone. Not the whole address: the number may be a stranger's."""
    settings.SMS_SIGNATURE = "示例大学"
    with translation.override(language):
        text = message(purpose).text()
    assert "h***@" in text
    assert "hongmeng" not in text
    if purpose in PURPOSES:
        assert "814460" in text
        assert len(text) <= ONE_MESSAGE, text


@pytest.mark.parametrize("signature", ["示例大学", "【示例大学】", ""])
def test_a_signature_is_in_front_once(monkeypatch: pytest.MonkeyPatch, settings: Settings, signature: str) -> None:
    settings.SMS_SIGNATURE = read(monkeypatch, SMS_SIGNATURE=signature, INSTITUTION="示例大学")["SMS_SIGNATURE"]
    assert message().text().startswith("【示例大学】验证码 814460")
    assert message().text().count("【") == 1
    assert message().text(is_signed=False).startswith("验证码 814460")


def test_a_phone_abroad_is_told_for_which_site_the_code_is(settings: Settings) -> None:
    settings.PUBLIC_URL, settings.SMS_AUTOFILL = "https://portal.example.edu:8443", True
    abroad = message(number="+85291234567")
    assert abroad.text(links_pass=True).endswith("\n\n@portal.example.edu #814460")
    for plain in (
        abroad.text(),
        message().text(links_pass=True),  # carriers of the mainland drop it
        message("notice_unbound", number="+85291234567", code=None).text(links_pass=True),
    ):
        assert "@portal" not in plain
    settings.SMS_AUTOFILL = False
    assert "@portal" not in abroad.text(links_pass=True)
