"""`check --deploy` refuses what should not serve people, in sentences, and shows no secret."""

import pytest

from tests.kit.deployment import PRODUCTION, SERVERS, manage
from tests.kit.servers import free_port

pytestmark = pytest.mark.slow

WRONG = {
    "SMS_CODE_KEY": "only-for-development-" + "y" * 50,
    "APP_PASSWORD_KEYS": "x" * 50,
    "EVENT_LOG_KEYS": PRODUCTION["SECRET_KEY"],
    "PUBLIC_URL": "http://portal.example.edu",
    "TRUSTED_PROXIES": "5",
    "ADMINS": "",
    "SMS_OPERATOR": "",
}


def test_what_is_right_passes() -> None:
    assert manage("check", "--deploy", "--fail-level", "WARNING", environment=PRODUCTION | SERVERS).returncode == 0


def test_all_that_is_wrong_is_said() -> None:
    away = {
        "DATABASE_URL": f"postgres://mailkey:not-this-one@127.0.0.1:{free_port()}/mailkey",
        "CELERY_BROKER_URL": f"redis://127.0.0.1:{free_port()}/0",
    }
    done = manage("check", "--deploy", environment=PRODUCTION | SERVERS | WRONG | away)
    assert done.returncode != 0
    for number in range(1, 7):
        assert f"portal.E00{number}" in done.stderr
    assert "portal.W001" in done.stderr
    assert "portal.W002" in done.stderr
    assert "portal.W003" in done.stderr
    assert "Traceback" not in done.stderr
    assert "not-this-one" not in done.stderr
    assert "x" * 50 not in done.stderr


def test_second_steps_that_contradict_each_other() -> None:
    odd = {"SECOND_STEPS": "phone,app", "SECOND_STEPS_ALONE": "", "SECOND_STEPS_OF_STAFF": "recovery"}
    done = manage("check", environment=PRODUCTION | odd)
    assert done.returncode != 0
    assert "SECOND_STEPS_OF_STAFF names recovery" in done.stderr
    assert manage("check", environment=PRODUCTION | {"SECOND_STEPS": "phone"}).returncode == 0


def test_a_slash_in_the_password_is_a_sentence() -> None:
    done = manage("check", environment=PRODUCTION | {"DATABASE_URL": "postgres://mailkey:a/b@localhost/mailkey"})
    assert "Mailkey does not start: DATABASE_URL" in done.stderr
    assert "%2F" in done.stderr
    assert "Traceback" not in done.stderr
