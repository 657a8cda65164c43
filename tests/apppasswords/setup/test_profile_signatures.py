"""Who signed Apple's configuration profiles: openssl is asked, and what is wrong with a key is told."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.conf import settings as site
from django.core.checks import run_checks
from pytest_django import Settings

from accounts.users.models import User
from apppasswords.setup import profiles
from tests.conftest import MakeUser
from tests.kit import apple


@pytest.fixture
def wang(make_user: MakeUser) -> User:
    return make_user("wang.wu", name="王五")


class Authority:
    """A root, an intermediate, and what they sign."""

    def __init__(self) -> None:
        self.root_key, self.key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.root = _certificate("Root", self.root_key, "Root", self.root_key, authority=True)
        self.intermediate = _certificate("Intermediate", self.key, "Root", self.root_key, authority=True)

    def issue(self, key: CertificateIssuerPrivateKeyTypes, *, begins: int = -1, ends: int = 400) -> str:
        """The certificate and the chain, in PEM. Days from now."""
        certificate = _certificate("Profiles", key, "Intermediate", self.key, begins=begins, ends=ends)
        return _pem(certificate) + _pem(self.intermediate)


def _certificate(
    name: str,
    key: CertificateIssuerPrivateKeyTypes,
    issuer: str,
    issuer_key: CertificateIssuerPrivateKeyTypes,
    *,
    authority: bool = False,
    begins: int = -1,
    ends: int = 3650,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=begins))
        .not_valid_after(now + timedelta(days=ends))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    return builder.sign(issuer_key, SHA256())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _key_pem(key: CertificateIssuerPrivateKeyTypes) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def openssl_verify(signed: bytes, root: x509.Certificate, folder: Path) -> "subprocess.CompletedProcess[bytes]":
    (folder / "root.pem").write_text(_pem(root))
    return subprocess.run(
        ["openssl", "cms", "-verify", "-inform", "DER", "-binary", "-CAfile", folder / "root.pem", "-purpose", "any"],
        input=signed,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("elliptic", [False, True])
def test_openssl_verifies_the_signature(
    wang: User, settings: Settings, authority: Authority, key: rsa.RSAPrivateKey, tmp_path: Path, elliptic: bool
) -> None:
    own = ec.generate_private_key(ec.SECP256R1()) if elliptic else key
    settings.PROFILE_SIGNING_KEY, settings.PROFILE_SIGNING_CERTIFICATES = _key_pem(own), authority.issue(own)
    signed = profiles.build(wang, site.MAIL_SERVERS, "abcdefghjkmnpqrs")
    verified = openssl_verify(signed, authority.root, tmp_path)
    assert verified.returncode == 0, verified.stderr
    _, account = apple.read(verified.stdout)
    assert account["IncomingPassword"] == "abcdefghjkmnpqrs"

    for wrong, root in (
        (signed.replace(b"imap.example.edu", b"imap.example.evi"), authority.root),
        (signed, Authority().root),
    ):
        assert openssl_verify(wrong, root, tmp_path).returncode != 0
    printed = subprocess.run(
        ["openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER"],
        input=signed,
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert "sha256" in printed
    assert "sha1" not in printed.lower().replace("rsa-sha1", "")


def problems() -> list[str]:
    return [f"{problem.id} {problem.msg}" for problem in run_checks() if str(problem.id).startswith("apppasswords.")]


def test_a_good_key_is_nothing_to_be_told(settings: Settings, authority: Authority, key: rsa.RSAPrivateKey) -> None:
    assert problems() == []
    settings.PROFILE_SIGNING_KEY, settings.PROFILE_SIGNING_CERTIFICATES = _key_pem(key), authority.issue(key)
    assert problems() == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"PROFILE_SIGNING_KEY": ""}, "E001 PROFILE_SIGNING_KEY is not set"),
        ({"PROFILE_SIGNING_CERTIFICATES": ""}, "E001 PROFILE_SIGNING_CERTIFICATES is not set"),
        ({"PROFILE_SIGNING_KEY": "not a key"}, "E001 PROFILE_SIGNING_KEY holds no private key"),
        ({"PROFILE_SIGNING_CERTIFICATES": "not one"}, "E001 PROFILE_SIGNING_CERTIFICATES holds no certificate"),
        ({"other key": ""}, "E001 PROFILE_SIGNING_KEY does not belong to the first certificate"),
        ({"begins": -40, "ends": -1}, "E002 The certificate CN=Profiles"),
        ({"begins": 1}, "E003 The certificate CN=Profiles"),
        ({"ends": 20}, "W001 The certificate CN=Profiles"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_with_the_key_is_told_and_people_get_their_mail(
    wang: User, settings: Settings, authority: Authority, key: rsa.RSAPrivateKey, change: dict[str, Any], told: str
) -> None:
    change = dict(change)  # the next run of this test begins with all of it
    own = ec.generate_private_key(ec.SECP256R1()) if change.pop("other key", None) == "" else key
    settings.PROFILE_SIGNING_KEY = change.pop("PROFILE_SIGNING_KEY", _key_pem(own))
    given = change.pop("PROFILE_SIGNING_CERTIFICATES", None)
    settings.PROFILE_SIGNING_CERTIFICATES = authority.issue(key, **change) if given is None else given
    (problem,) = problems()
    assert problem.startswith(f"apppasswords.{told}")
    assert "BEGIN" not in problem
    made = profiles.build(wang, site.MAIL_SERVERS)
    if "E001" in told:
        apple.read(made)
