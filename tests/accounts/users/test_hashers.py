"""Mailbox passwords: libsodium's hashes are those that argon2-cffi writes and reads, before and after."""

import pytest
from argon2 import PasswordHasher, low_level
from argon2.exceptions import VerifyMismatchError

from accounts.users.hashers import Argon2id

PASSWORDS = ("correct horse", "密码-ひみつ-пароль", "with\0nothing", "x" * 1000, "")
ours = Argon2id()


def by_argon2_cffi(password: str, salt: bytes, *, rounds: int = 2, kibibytes: int = 19456, lanes: int = 1) -> str:
    digest = low_level.hash_secret(
        password.encode(), salt, rounds, kibibytes, parallelism=lanes, hash_len=32, type=low_level.Type.ID
    )
    return f"argon2{digest.decode()}"


@pytest.mark.parametrize("password", PASSWORDS)
def test_what_was_hashed_before_opens_and_stays_as_it_is(password: str) -> None:
    before = by_argon2_cffi(password, b"22characters-of-Django")
    assert ours.verify(password, before)
    assert not ours.verify(f"{password}?", before)
    assert not ours.must_update(before)


@pytest.mark.parametrize("password", PASSWORDS)
def test_what_is_hashed_now_is_argon2id_to_others_too(password: str) -> None:
    salt = ours.salt()
    now = ours.encode(password, salt)
    assert now == by_argon2_cffi(password, salt.encode("latin1"))
    assert ours.verify(password, now)
    assert not ours.must_update(now)
    assert PasswordHasher().verify(now.removeprefix("argon2"), password)
    with pytest.raises(VerifyMismatchError):
        PasswordHasher().verify(now.removeprefix("argon2"), f"{password}?")


def test_each_has_a_salt_of_its_own_of_16_bytes() -> None:
    salts = {ours.salt() for _ in range(100)}
    assert len(salts) == 100
    assert {len(salt.encode("latin1")) for salt in salts} == {16}


@pytest.mark.parametrize("costs", [{"rounds": 3}, {"kibibytes": 9216}, {"lanes": 2}])
def test_other_costs_open_and_are_renewed(costs: dict[str, int]) -> None:
    other = by_argon2_cffi("correct horse", b"22characters-of-Django", **costs)
    assert ours.verify("correct horse", other)
    assert not ours.verify("wrong", other)
    assert ours.must_update(other)


def test_what_is_broken_opens_nothing() -> None:
    whole = ours.encode("correct horse", ours.salt())
    beginning = whole[: whole.rindex("$") + 1]
    for broken in (beginning, f"{beginning}AAAA", f"{whole[:-4]}AAAA", f"{whole}AAAA", whole[:-20]):
        assert not ours.verify("correct horse", broken)
