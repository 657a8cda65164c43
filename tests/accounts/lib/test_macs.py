"""SM3 and SM4: as this machine has them, and in the place of SHA-256 and AES without losing what was made before."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from pytest_django import Settings

from accounts.audit import audit
from accounts.factors import keyring
from accounts.lib import macs
from apppasswords import secrets
from portal.celery import app
from tests.kit.people import Person
from tests.kit.tampering import write
from tests.portal.test_settings import read

NEW = "sm3:" + "0123456789abcdefghijklmnopqrstuvwxyz"
RINGS = ("APP_PASSWORD_KEYS", "FACTOR_KEYS", "EVENT_LOG_KEYS")


# --- The algorithms, by OpenSSL's vectors


@pytest.mark.parametrize(
    ("text", "digest"),
    [
        ("abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        ("abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3(text: str, digest: str) -> None:
    assert hashlib.new("sm3", text.encode()).hexdigest() == digest


def test_hmac_sm3() -> None:
    text = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq" * 2
    right = "ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a"
    assert hmac.digest(bytes(range(1, 33)), text, "sm3").hex() == right


def test_sm4_in_counter_mode() -> None:
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    plain = b"".join(bytes([byte]) * 8 for byte in bytes.fromhex("aabbccddeeffeeaa"))
    right = (
        "c2b4759e78ac3cf43d0852f4e8d5f9fd7256e8a5fcb65a350ee00630912e4449"
        "2a0b17e1b85b060d0fba612d8a95831638b361fd5ffacd942f081485a83ca35d"
    )
    assert Cipher(algorithms.SM4(key), modes.CTR(key)).encryptor().update(plain).hex() == right


def test_the_key_says_which() -> None:
    for key, name in ((NEW, "sm3"), (NEW.removeprefix("sm3:"), "sha256")):
        assert macs.digest(key, b"text") == hmac.new(key.encode(), b"text", name).digest()


# --- From one to the other


def rotate(settings: Settings) -> None:
    """As `manage.py keys --renew` does: the new key first, the old ones behind it."""
    for name in RINGS:
        setattr(settings, name, [NEW + name, *getattr(settings, name)])
    settings.SMS_CODE_KEY = NEW


def test_the_log_goes_on_and_verifies(lisi: Person, settings: Settings) -> None:
    write(3)
    rotate(settings)
    write(3)
    app.tasks["log.seal"]()
    assert not list(audit.Audit().faults())
    settings.EVENT_LOG_KEYS = settings.EVENT_LOG_KEYS[:1]
    assert list(audit.Audit().faults()), "what was signed by SHA-256 needs its key"


def test_app_passwords_of_before_and_of_now(wangwu: Person, settings: Settings) -> None:
    secret = secrets.new()
    before = secrets.digests(secret)[0]
    rotate(settings)
    assert before in secrets.digests(secret)
    assert secrets.digests(secret)[0] == hmac.new((NEW + RINGS[0]).encode(), secret.encode(), "sm3").hexdigest()


def test_what_is_sealed_opens_and_goes_over(settings: Settings) -> None:
    sealed = keyring.seal(b"the secret of an app", owner=7)
    rotate(settings)
    assert keyring.unseal(sealed, owner=7) == b"the secret of an app"
    assert not keyring.is_current(sealed, owner=7)
    anew = keyring.seal(b"the secret of an app", owner=7)
    assert keyring.is_current(anew, owner=7)
    settings.FACTOR_KEYS = settings.FACTOR_KEYS[:1]
    assert keyring.unseal(anew, owner=7) == b"the secret of an app"
    changed = anew[:-1] + bytes([anew[-1] ^ 1])
    for wrong, owner in ((anew, 8), (sealed, 7), (changed, 7), (anew[1:], 7), (b"", 7)):
        with pytest.raises(keyring.Unreadable):
            keyring.unseal(wrong, owner=owner)


def test_codes_by_sms(wangwu: Person, settings: Settings) -> None:
    settings.SMS_CODE_KEY = NEW
    wangwu.sign_in()
    assert wangwu.is_in()


def test_a_machine_without_them_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    assert macs.lacking() == ""
    monkeypatch.setattr(hashlib, "algorithms_available", {"sha256"})
    assert read(monkeypatch)["KEY_ALGORITHMS"] == "international"
    for change in ({"KEY_ALGORITHMS": "sm"}, {"EVENT_LOG_KEYS": NEW}):
        with pytest.raises(SystemExit, match="has no SM3"):
            read(monkeypatch, **change)
