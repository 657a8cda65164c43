"""Hashes that `doveadm pw` made, and what nobody may make us compare."""

import subprocess

import pytest
from django.contrib.auth.hashers import check_password, identify_hasher
from pytest_django import Settings

from accounts.users import foreign_hashes
from tests.kit.people import PASSWORD
from tests.kit.servers import need

# fmt: off
# ruff: noqa: E501
MADE = {  # by doveadm pw of Dovecot 2.3 and 2.4, of PASSWORD
    "{SSHA}": "{SSHA}1xS6YJwAjJgpGNBw4uwbeJTj42DzVdHD",
    "{SSHA256}": "{SSHA256}T+scUG/db9AgxsVkA28sk0LK+Ak0RVQZFscvcXrLzIuKv6bo",
    "{SSHA512}": "{SSHA512}tzglM8XuH7kuYMlb//lUCzRc+WiY+R1LR5evTEdzfEfQN7deHZn584CoHdmtlrmlnudWt0RQWAVNQYlFuIQ1oAEwff0=",
    "{SHA512-CRYPT}": "{SHA512-CRYPT}$6$56E5PzptD5RAhDtf$ZQfekMV6C8ky3hRkYNML43NibPgkqSqDPBC2esYQbkoId0MjbE.yMkV5nz/0HD.axTx7d0ciy8XZuLhpb25af0",
    "{SHA256-CRYPT}": "{SHA256-CRYPT}$5$ne/Dno2dzJ95qqtF$/zJj1guEII5cBrPGyi9Lt7IXg0IGHcAw.Ps8LTvNOH4",
    "{MD5-CRYPT}": "{MD5-CRYPT}$1$cu.//9bE$Gx4VgZoWl40Qr3P5PxQSn.",
    "{BLF-CRYPT}": "{BLF-CRYPT}$2y$05$JcgmazueK9S/InuPQU0VleqGm.Tytj8Z8okYcgZ1YHrCPGefHOzd2",
    "{CRYPT}": "{CRYPT}$2y$05$vmO2ZmNUpKcPXAlmlPN4xOPFaBjS6Z/WIFkLMa0W0mEeHQxfaUBmu",
    "bare": "$1$cu.//9bE$Gx4VgZoWl40Qr3P5PxQSn.",
    "{ARGON2ID}": "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$hGtfK2IdVOyschJdU0jL2w$v109T83pTT4hRLBlPSR1ksNsX9SEzl14TUAv8R9uMGE",
    "{PBKDF2}": "{PBKDF2}$1$4s0EGhvwCQKQ8IHc$5000$d0c9ebea1c073ac9b0dc52e7425fec7242034b3e",
}
# fmt: on


@pytest.fixture(autouse=True)
def hashers(settings: Settings) -> None:
    """As in production; most tests have none but a fast one."""
    names = ("Crypt", "SaltedSha", "DovecotPbkdf2", "ForeignArgon2")
    foreign = [f"accounts.users.foreign_hashers.{name}" for name in names]
    settings.PASSWORD_HASHERS = ["accounts.users.hashers.Argon2id", *foreign]


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_what_doveadm_made(made: str) -> None:
    stored = foreign_hashes.read(made)
    assert len(stored) <= 128
    assert check_password(PASSWORD, stored)
    assert identify_hasher(stored).must_update(stored)
    for wrong in ("", PASSWORD + "x", PASSWORD + "\0x", PASSWORD[:-1], "密" * 200):
        assert not check_password(wrong, stored)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", [scheme.strip("{}") for scheme in MADE if scheme != "bare"])
def test_what_doveadm_makes_now(scheme: str) -> None:
    command = [need("doveadm"), "pw", "-s", scheme, "-p", "密码 x:y,z"]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    stored = foreign_hashes.read(made)
    assert check_password("密码 x:y,z", stored)
    assert not check_password("密码 x:y", stored)


@pytest.mark.parametrize(
    "text",
    [
        "", "{SSHA}", "{PLAIN}secret", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "{CRYPT}ab1xyzabcdefg", "secret",
        "{SHA512-CRYPT}$6$rounds=999999999$abc$" + "a" * 86,
        "{SHA512-CRYPT}$6$rounds=99999999999999999999$abc$" + "a" * 86,
        "{BLF-CRYPT}$2y$31$" + "a" * 53, "{BLF-CRYPT}$2x$05$" + "a" * 53,
        "{PBKDF2}$1$salt$999999999$" + "0" * 40, "{PBKDF2}$1$salt$0$" + "0" * 40,
        "{ARGON2ID}$argon2id$v=19$m=4194304,t=3,p=1$hGtfK2IdVOyschJdU0jL2w$v109T83pTT4hRLBlPSR1ksNsX9SEzl14TUAv8R9uMGE",
        "{ARGON2ID}$argon2id$v=19$m=64,t=9999,p=1$hGtfK2IdVOyschJdU0jL2w$v109T83pTT4hRLBlPSR1ksNsX9SEzl14TUAv8R9uMGE",
        "{SSHA}!!!!", "{SSHA}AAAA", "{SSHA512}" + "A" * 400, "{CRYPT}$6$ab:c$x",
        "{CRYPT}$1$１$" + "a" * 22,
    ],
)  # fmt: skip
def test_what_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(foreign_hashes.Malformed) as refused:
        foreign_hashes.read(text)
    value = text.rpartition("}")[2]
    assert not value or value not in str(refused.value)
