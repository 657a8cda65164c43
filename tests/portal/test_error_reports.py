"""What goes wrong where nobody looks is mailed to those who run the portal, and tells them no secret."""

import logging
from typing import Any

import pytest

from accounts.delivery import tasks as delivery_tasks
from accounts.delivery.errors import ConfigurationRejected
from accounts.delivery.models import Sms
from accounts.log import tasks as log_tasks
from portal.error_reports import OneMailAPlace
from tests.conftest import MakeUser
from tests.kit import guards
from tests.kit.outgoing import make_sms
from tests.kit.tampering import sql, write

ADMIN = "it-office@example.edu"
SECRET = "48151623"


@pytest.fixture
def mails(db: None, settings: Any, mailoutbox: list[Any]) -> list[Any]:
    settings.ADMINS = [("", ADMIN)]
    for name in ("accounts", "apppasswords", "portal"):
        for handler in logging.getLogger(name).handlers:
            assert isinstance(handler, OneMailAPlace)
            handler._mailed_at.clear()
    return mailoutbox


@pytest.mark.parametrize(
    "name",
    ["accounts", "accounts.log.tasks", "apppasswords.setup.profiles", "apppasswords.maillogin.wsgi", "django.request"],
)
def test_an_error_is_mailed_once_and_without_secrets(mails: list[Any], name: str) -> None:
    def fail(password: str) -> None:
        raise LookupError("nothing there")

    try:
        fail(SECRET[::-1])
    except LookupError:
        logging.getLogger(name).exception("It failed for %s", "somebody")
    (mail,) = mails
    assert mail.to == [ADMIN]
    assert "It failed for somebody" in mail.subject
    assert "LookupError" in mail.body
    assert SECRET[::-1] not in mail.subject + mail.body
    assert not mail.alternatives


@pytest.mark.parametrize("name", ["accounts.delivery.sending", "apppasswords.maillogin.wsgi"])
def test_a_warning_is_not(mails: list[Any], name: str) -> None:
    logging.getLogger(name).warning("The queue is slow")
    assert not mails


def test_one_place_in_the_code_sends_one_mail_in_a_while(mails: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of SMS that a gateway refuses would be as many mails, and each sending would wait for its own."""
    logger = logging.getLogger("accounts.delivery.sending")
    for number in range(100):
        logger.error("The gateway refuses %s", number)
    assert len(mails) == 1
    logger.error("Another place")
    assert len(mails) == 2
    monkeypatch.setattr(OneMailAPlace, "AGAIN_AFTER", 0)
    for number in range(2):
        logger.error("Later: %s", number)
    assert len(mails) == 4


def test_a_log_that_is_not_whole(mails: list[Any]) -> None:
    write(3)
    with guards.lifted():
        sql("DELETE FROM LOG WHERE position = 2")
    log_tasks.verify.delay()
    (mail,) = mails
    assert "The security log is not whole" in mail.subject


def test_a_gateway_that_refuses_to_work_for_us(
    mails: list[Any], make_user: MakeUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_message: Any) -> str:
        raise ConfigurationRejected("20003")

    monkeypatch.setattr("accounts.delivery.gateways.send", refuse)
    sms = make_sms(make_user("wangwu", phone="13800138000"))
    delivery_tasks.send_sms.delay(sms.pk)
    assert Sms.objects.get().status == Sms.Status.FAILED
    (mail,) = mails
    assert "20003" in mail.subject
    assert "13800138000" not in mail.subject + mail.body
