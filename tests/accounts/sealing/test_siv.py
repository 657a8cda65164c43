"""Hidden so that the same text is always hidden alike, and opens under its own key only."""

import hmac

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from accounts.sealing import siv

AES = "0123456789abcdefghijklmnopqrstuvwxyz"
SM = f"sm3:{AES}"
TEXT = b"+8613800138000\0\0"


def test_aes_siv() -> None:
    """RFC 5297, A.1: what the library is used for."""
    key = bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    bound = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
    right = "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"
    assert AESSIV(key).encrypt(bytes.fromhex("112233445566778899aabbccddee"), [bound]).hex() == right


def test_sm4() -> None:
    """GB/T 32907, A.1, as OpenSSL's tests have it."""
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    encryptor = Cipher(algorithms.SM4(key), modes.ECB()).encryptor()
    assert encryptor.update(key).hex() == "681edf34d206965e86b3e94f536e4246"


def test_of_sm_the_digest_is_where_the_counter_begins() -> None:
    """The construction, put together once more from its two parts."""
    compared, hidden = (
        hmac.digest(SM.encode(), b"accounts.sealing.siv\0" + one, "sm3") for one in (b"compared", b"hidden")
    )
    tag = hmac.digest(compared, TEXT, "sm3")[:16]
    text = Cipher(algorithms.SM4(hidden[:16]), modes.CTR(tag)).encryptor().update(TEXT)
    assert siv.seal(SM, TEXT) == tag + text


@pytest.mark.parametrize("key", [AES, SM])
def test_it_opens_under_its_own_key_and_unchanged(key: str) -> None:
    sealed = siv.seal(key, TEXT)
    assert siv.seal(key, TEXT) == sealed
    assert len(sealed) == len(TEXT) + siv.BLOCK
    assert siv.unseal(key, sealed) == TEXT
    changed = [sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))]
    for wrong in (*changed, sealed[:-1], sealed[1:], sealed[: siv.BLOCK], siv.seal(f"{key}!", TEXT)):
        with pytest.raises(siv.Damaged):
            siv.unseal(key, wrong)
