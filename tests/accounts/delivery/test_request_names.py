"""Who searches the logs for one request finds what workers did for it, at once or minutes later."""

import logging

import pytest

from accounts.delivery.models import Sms
from accounts.lib import loglines
from accounts.lib.loglines import Lines
from accounts.routes.tasks import send_sms
from portal import celery
from tests.kit.people import Person

LINE = Lines("[{request_id}] {message}", style="{")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """As the log has them, when they are written."""
    written: list[str] = []
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(caplog.handler, "emit", lambda record: written.append(LINE.format(record)))
    return written


def test_an_sms_keeps_the_name_of_the_request(wangwu: Person, lines: list[str]) -> None:
    wangwu.defaults["HTTP_X_REQUEST_ID"] = "nginx-7f3a"
    wangwu.enter_password()
    sms = Sms.objects.get()
    assert sms.request == "nginx-7f3a"
    Sms.objects.update(status=Sms.Status.DELAYED)  # it could not be sent; the sweep comes minutes later
    lines.clear()
    loglines.go_on("")
    send_sms(sms.pk)
    assert f"[nginx-7f3a] SMS {sms.pk} by the gateway memory: sent" in "\n".join(lines)
    assert not [line for line in lines if not line.startswith("[nginx-7f3a]")]


def test_a_task_goes_on_with_the_request_that_asked_for_it() -> None:
    headers: dict[str, str] = {}
    loglines.go_on("nginx-7f3a")
    celery.name_the_request(headers)
    task = celery.app.tasks["jobs.sweep"]
    for given, name in ((headers, "nginx-7f3a"), ({}, "")):
        task.push_request(**given)
        celery.go_on_with_it(task)
        assert loglines.current() == name
        task.pop_request()
