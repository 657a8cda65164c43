"""Which gateways there are, and that each can be asked for what all can do."""

import subprocess
import sys

import pytest
from pytest_django import Settings

from accounts.delivery import gateways
from accounts.delivery.models import Sms
from portal.environment import templates
from tests.kit.deployment import ROOT
from tests.kit.messages import message
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


ALIBABA = {
    "SMS_GATEWAY": "alibaba",
    "ALIBABA_ACCESS_KEY_ID": "LTAI",
    "ALIBABA_ACCESS_KEY_SECRET": "a secret",
    "ALIBABA_TEMPLATES": "codes=SMS_1 code minutes:m; bind.en=SMS_2 code; notices=SMS_3",
}
TENCENT = {
    "SMS_GATEWAY": "tencent",
    "TENCENT_SECRET_ID": "AKID",
    "TENCENT_SECRET_KEY": "a secret",
    "TENCENT_APP_ID": "1400006666",
    "TENCENT_TEMPLATES": "codes=1 code; notices=3",
}


@pytest.mark.parametrize("needed", [ALIBABA, TENCENT])
def test_what_a_provider_needs_is_asked_for_at_the_start(
    needed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read(monkeypatch, **needed)
    for name in needed:
        if name != "SMS_GATEWAY":
            with pytest.raises(SystemExit, match=f"^Mailkey does not start: SMS_GATEWAY=.* needs {name}.$"):
                read(monkeypatch, **{**needed, name: ""})


@pytest.mark.parametrize(("needed", "package"), [(ALIBABA, "alibaba"), (TENCENT, "tencent")])
def test_a_provider_whose_packages_are_missing_is_one_sentence(
    needed: dict[str, str], package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.environment.reading.find_spec", lambda name: None)
    with pytest.raises(SystemExit, match=f"pip install -r requirements-{package}.txt.$"):
        read(monkeypatch, **needed)


def test_templates_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, **ALIBABA)["ALIBABA_TEMPLATES"] == {
        "codes": ("SMS_1", (("code", "code"), ("minutes", "m"))),
        "bind.en": ("SMS_2", (("code", "code"),)),
        "notices": ("SMS_3", ()),
    }


def test_templates_are_asked_for_by_the_kinds_that_there_are() -> None:
    """The settings cannot import the table."""
    assert set(templates.CODES) | set(templates.NOTICES) | set(templates.OPTIONAL) == set(Sms.Purpose)
    assert set(templates.NOTICES) | set(templates.OPTIONAL) == set(Sms.NOTICES)
    assert set(templates.VALUES) == set(message().values())


def test_what_no_setting_names_is_not_loaded() -> None:
    """The base installation has none of these packages."""
    program = (
        "import django, sys; django.setup()\n"
        "import portal.urls, portal.celery, portal.office.management.commands.checksms\n"
        "import accounts.delivery.tasks, accounts.routes.tasks\n"
        "print({'alibabacloud_dysmsapi20170525', 'tencentcloud', 'darabonba', 'twilio'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip().splitlines()[-1] == "set()"
