"""Which gateways there are, and that each can be asked for what all can do."""

import pytest
from pytest_django import Settings

from accounts.delivery import gateways
from tests.portal.test_settings import read


def test_several_with_the_default_first(settings: Settings) -> None:
    settings.SMS_GATEWAY, settings.SMS_GATEWAYS = "twilio", ["memory", "twilio"]
    assert gateways.configured() == ("twilio", "memory")
    assert not any(gateways.gateway(name).has_own_template for name in gateways.configured())


@pytest.mark.parametrize("name", ["outbox", "twilio", "message", "../sms", ""])
def test_what_the_settings_do_not_name_is_none(name: str) -> None:
    with pytest.raises(LookupError):
        gateways.gateway(name)


def test_the_first_of_several_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(monkeypatch, SMS_GATEWAY="", SMS_GATEWAYS="twilio")
    assert (found["SMS_GATEWAY"], found["SMS_GATEWAYS"]) == ("twilio", ["twilio"])


def test_none_that_shows_codes_is_among_them(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="SMS_GATEWAYS"):
        read(monkeypatch, SMS_GATEWAYS="twilio,outbox")
