"""manage.py keys: a new key, what the old one is needed for, and its end."""

import stat
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import translation
from pytest_django import Settings

from accounts.factors import authenticators, keyring
from accounts.factors.models import Authenticator
from accounts.lib import macs
from accounts.phones.models import Phone
from portal.environment.environment import Environment
from portal.operations import doctor
from portal.operations.keys import KEYS
from tests.conftest import MakeUser
from tests.kit.apps import add_app
from tests.kit.people import Person

pytestmark = pytest.mark.django_db

OLD = {
    name: f"the-old-{name.lower().replace('_', '-')}-of-the-test-and-long"
    for name in KEYS
    if not name.startswith("OIDC")
}


@pytest.fixture
def env(settings: Settings, tmp_path: Path) -> Path:
    """.env of a site of its own."""
    settings.BASE_DIR = settings.VAR = tmp_path
    file = tmp_path / ".env"
    own = tmp_path / "app-passwords.key"
    own.write_text(OLD["APP_PASSWORD_KEYS"] + "\n")
    pem = tmp_path / "openid.pem"
    pem.write_text("-----BEGIN PRIVATE KEY-----\nb2xk\n-----END PRIVATE KEY-----\n")
    lines = [f"{name}={value}" for name, value in OLD.items() if name != "APP_PASSWORD_KEYS"]
    lines += [f"APP_PASSWORD_KEYS_FILE={own}", f"OIDC_SIGNING_KEYS_FILE={pem}", "# SECRET_KEY_FALLBACKS=", "DEBUG=off"]
    file.write_text("\n".join(lines) + "\n")
    file.chmod(0o600)
    return file


def manage(*words: str) -> str:
    out = StringIO()
    call_command("keys", *words, stdout=out)
    return out.getvalue()


def read(file: Path, name: str) -> list[str]:
    """As the settings read it."""
    env = Environment(file, {})
    if name == "OIDC_SIGNING_KEYS":
        return env.pems(name, "PRIVATE KEY", "a key")
    return env.keys_or("plain", name) if name == "NUMBER_KEYS" else env.keys(name, "")


def test_every_key_is_renewed_and_the_old_one_kept_where_it_is_needed(env: Path) -> None:
    assert read(env, "APP_PASSWORD_KEYS")[0].endswith("\n"), "which is a part of it, for ever"
    for name, key in KEYS.items():
        (old,) = read(env, name)
        assert "Restart" in manage("--renew", name)
        new, *rest = read(env, name)
        assert new != old
        assert len(new) >= 60
        kept = read(env, key.old_ones) if key.old_ones else []
        assert [value for value in kept if value != new] == ([old] if key.old_ones else [])
        assert rest == ([old] if key.old_ones == name else [])
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert sorted(path.name for path in env.parent.iterdir()) == [".env", "app-passwords.key", "openid.pem"]
    assert "DEBUG=off" in env.read_text()


def test_a_new_key_is_for_sm3_where_the_office_wants_that(env: Path, settings: Settings) -> None:
    settings.KEY_ALGORITHMS = "sm"
    for name in KEYS:
        manage("--renew", name)
    made = {name for name in KEYS if macs.is_sm(read(env, name)[0])}
    assert made == {"SMS_CODE_KEY", "APP_PASSWORD_KEYS", "FACTOR_KEYS", "EVENT_LOG_KEYS", "NUMBER_KEYS"}


def test_an_old_key_goes_when_nothing_hangs_on_it(env: Path, settings: Settings, make_user: MakeUser) -> None:
    person = Person(make_user("zhangsan", phone="13800138000"))
    person.arrive()
    add_app(person)
    manage("--renew", "FACTOR_KEYS")
    settings.FACTOR_KEYS = [*read(env, "FACTOR_KEYS"), *settings.FACTOR_KEYS]
    with pytest.raises(CommandError, match="wait for a day"):
        manage("--drop", "FACTOR_KEYS")
    with time_machine.travel(timedelta(days=2)):
        with pytest.raises(CommandError, match="needed for 1 authenticator apps"):
            manage("--drop", "FACTOR_KEYS")
        assert "FACTOR_KEYS: 1 old; 1 authenticator apps" in manage()
        assert "1 authenticator apps are under the first key" in manage("--reseal")
        settings.FACTOR_KEYS = settings.FACTOR_KEYS[:1]
        assert authenticators.under_old_keys() == 0
        assert "FACTOR_KEYS: 1 old; nothing hangs on it" in manage()
        assert "1 old ones are gone" in manage("--drop", "FACTOR_KEYS")
        assert read(env, "FACTOR_KEYS") == settings.FACTOR_KEYS
        (app,) = Authenticator.objects.all()
        assert keyring.unseal(bytes(app.key), owner=app.user_id)


def test_a_key_that_is_set_elsewhere_is_left_alone(env: Path) -> None:
    env.write_text("DEBUG=off\n")
    with pytest.raises(CommandError, match="change it where it is set"):
        manage("--renew", "SECRET_KEY")
    assert env.read_text() == "DEBUG=off\n"


def test_numbers_are_sealed_go_over_and_come_back(env: Path, settings: Settings, make_user: MakeUser) -> None:
    """From none to one key, from AES to SM4, and to none again: what the office does, step by step."""
    env.write_text(env.read_text().replace(f"NUMBER_KEYS={OLD['NUMBER_KEYS']}", "# NUMBER_KEYS="))
    settings.NUMBER_KEYS = []
    user = make_user("zhangsan", phone="13800138000")
    assert doctor_says().startswith("1 in clear, 0 sealed")

    def row() -> str:
        return str(Phone.objects.annotate(stored=Cast("number", TextField())).values_list("stored", flat=True).get())

    for algorithms, begin in (("international", "aes:"), ("sm", "sm4:")):
        settings.KEY_ALGORITHMS = algorithms
        assert "keys --reseal" in manage("--renew", "NUMBER_KEYS")
        settings.NUMBER_KEYS = read(env, "NUMBER_KEYS")
        assert "1 are not written as new ones are" in doctor_says()
        assert "1 phone numbers and files went over" in manage("--reseal")
        assert row().startswith(begin)
        assert "went over" in manage("--reseal")
    with time_machine.travel(timedelta(days=2)):
        assert "1 old ones are gone" in manage("--drop", "NUMBER_KEYS")
    (key,) = read(env, "NUMBER_KEYS")
    settings.NUMBER_KEYS = []
    assert "put it back" in doctor_says()
    env.write_text(env.read_text().replace(f"NUMBER_KEYS={key}", f"NUMBER_KEYS=plain,{key}"))
    settings.NUMBER_KEYS = read(env, "NUMBER_KEYS")
    assert "1 phone numbers and files went over" in manage("--reseal")
    assert row() == "+8613800138000"
    assert "1 in clear, 0 sealed" in doctor_says()
    manage("--renew", "NUMBER_KEYS")
    assert read(env, "NUMBER_KEYS")[1:] == [key], "and once more, without a word that is no key"
    assert user.phone.number == "+8613800138000"


def doctor_says() -> str:
    with translation.override("en"):
        return " ".join(finding.words for _, finding in doctor.examine(only=["phone numbers"]))
