"""Apple's configuration profiles: what is in them, who signed them, and the page that makes them."""

import plistlib
import re
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
from django.core import mail
from django.core.checks import run_checks
from pytest_django import Settings

from accounts.models import SecurityEvent, User
from apppasswords import profiles, verification
from apppasswords.models import AppPassword
from tests import apple
from tests.conftest import MakeUser
from tests.people import IPHONE, PASSWORD, Person

PAGE = "/app-passwords/profile/"


def form_id(person: Person) -> str:
    found = re.search(r'name="request" value="([0-9a-f]{32})"', person.get(PAGE).content.decode())
    assert found
    return found.group(1)


def logs_in(user: User, secret: str) -> bool:
    login = verification.Login(user.username, secret, "imap", "192.0.2.9")
    return verification.verify(login).outcome is verification.Outcome.YES


@pytest.fixture
def owner(wangwu: Person) -> Person:
    """Somebody who has just entered a code."""
    wangwu.sign_in()
    return wangwu


@pytest.fixture
def wang(make_user: MakeUser) -> User:
    return make_user("wang.wu", name="王五")


# --- What is in it ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [None, "abcdefghjkmnpqrs"])
def test_it_keeps_to_apples_keys(wang: User, secret: str | None) -> None:
    profile, account = apple.read(profiles.build(wang, site.MAIL_SERVERS, secret))
    assert account.get("IncomingPassword") == secret
    assert "OutgoingPassword" not in account
    assert account["OutgoingPasswordSameAsIncomingPassword"] is True
    assert account["EmailAccountType"] == "EmailTypeIMAP"
    assert (account["IncomingMailServerHostName"], account["IncomingMailServerPortNumber"]) == ("imap.example.edu", 993)
    assert (account["OutgoingMailServerHostName"], account["OutgoingMailServerPortNumber"]) == ("smtp.example.edu", 465)
    assert account["IncomingMailServerUseSSL"] is account["OutgoingMailServerUseSSL"] is True
    assert account["IncomingMailServerAuthentication"] == account["OutgoingMailServerAuthentication"]
    assert account["IncomingMailServerAuthentication"] == "EmailAuthPassword"
    names = ("EmailAddress", "IncomingMailServerUsername", "OutgoingMailServerUsername")
    assert {account[name] for name in names} == {"wang.wu@example.edu"}
    assert account["EmailAccountName"] == "王五"
    assert profile["PayloadOrganization"] == site.INSTITUTION


def test_a_new_one_takes_the_old_ones_place_on_the_device(wang: User, make_user: MakeUser) -> None:
    made = [apple.read(profiles.build(wang, site.MAIL_SERVERS, secret)) for secret in ("a" * 16, "b" * 16, None)]
    assert {profile["PayloadIdentifier"] for profile, _ in made} == {"edu.example.mailkey.wang.wu"}
    assert len({account["PayloadIdentifier"] for _, account in made}) == 1
    assert len({part["PayloadUUID"] for parts in made for part in parts}) == 2 * len(made)

    other, _ = apple.read(profiles.build(make_user("lisi"), site.MAIL_SERVERS))
    assert other["PayloadIdentifier"] != made[0][0]["PayloadIdentifier"], "two mailboxes on one device"


@pytest.mark.parametrize(
    ("language", "institution", "mail"),
    [("zh-hans", site.INSTITUTION, "邮箱"), ("en", site.INSTITUTION_ENGLISH, " mail")],
)
def test_it_speaks_the_persons_language(wang: User, language: str, institution: str, mail: str) -> None:
    wang.language = language
    profile, account = apple.read(profiles.build(wang, site.MAIL_SERVERS))
    assert profile["PayloadDisplayName"] == f"{institution}{mail}"
    assert profile["PayloadOrganization"] == account["EmailAccountDescription"] == institution


@pytest.mark.parametrize(
    "change",
    [
        {"EmailAcountType": "EmailTypeIMAP"},
        {"EmailAccountType": "IMAP"},
        {"IncomingMailServerPortNumber": "993"},
        {"IncomingMailServerUseSSL": 1},
        {"PayloadUUID": "1"},
        {"PayloadVersion": True},
        {"EmailAccountType": None},
    ],
)
def test_the_measure_itself_finds_what_is_wrong(wang: User, change: dict[str, Any]) -> None:
    profile = plistlib.loads(profiles.build(wang, site.MAIL_SERVERS))
    assert not apple.complaints(profile)
    (account,) = profile["PayloadContent"]
    for name, value in change.items():
        account.pop(name, None)
        account |= {name: value} if value is not None else {}
    assert len(apple.complaints(profile)) == 1


# --- The page ---------------------------------------------------------------------------------------------------------


def test_the_password_in_it_logs_in(owner: Person) -> None:
    assert owner.user
    mail.outbox.clear()
    response = owner.post(PAGE, {"name": "iPhone", "request": form_id(owner)})
    assert response.headers["Content-Type"] == "application/x-apple-aspen-config"
    assert response.headers["Content-Disposition"] == 'attachment; filename="example.edu.mobileconfig"'
    assert response.headers["Cache-Control"] == "no-store"
    _, account = apple.read(response.content)
    assert AppPassword.objects.get().name == "iPhone"
    assert logs_in(owner.user, account["IncomingPassword"])
    assert SecurityEvent.objects.filter(kind="app_password_created", user=owner.user).count() == 1
    assert "iPhone" in mail.outbox[0].body


def test_without_a_password_nothing_is_made(owner: Person) -> None:
    _, account = apple.read(owner.post(PAGE, {"bare": "1"}).content)
    assert "IncomingPassword" not in account
    assert not AppPassword.objects.exists()


def test_looking_at_the_page_makes_nothing(owner: Person) -> None:
    for query in ({}, {"bare": "1"}, {"name": "iPhone"}):
        assert owner.get(PAGE, query).headers["Content-Type"].startswith("text/html")
    assert not AppPassword.objects.exists()


def test_the_same_form_sent_again_makes_no_second_password(owner: Person) -> None:
    form = {"name": "iPad", "request": form_id(owner)}
    owner.post(PAGE, form)
    assert owner.post(PAGE, form).headers["Location"] == PAGE
    assert AppPassword.objects.count() == 1


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, PASSWORD, "abcd efgh jkmn pqrs", "x7Kd9Qm2Lp4Rt8Wz"])
def test_a_name_that_is_no_description_is_refused_and_not_kept(owner: Person, name: str) -> None:
    response = owner.post(PAGE, {"name": name})
    assert response.headers["Content-Type"].startswith("text/html")
    assert not AppPassword.objects.exists()
    if name.strip():
        assert name not in response.content.decode()


def test_no_more_than_the_limit(owner: Person, settings: Settings) -> None:
    settings.APP_PASSWORDS_PER_USER = 1
    for name in ("one", "two"):
        owner.post(PAGE, {"name": name})
    assert AppPassword.objects.get().name == "one"


def test_it_needs_a_phone_and_a_fresh_code(owner: Person, lisi: Person) -> None:
    lisi.sign_in()
    assert "/security/phone/" in lisi.get(PAGE).content.decode()
    lisi.post(PAGE, {"bare": "1"})
    session = owner.session
    session["code_at"] -= 601
    session.save()
    for data in ({"name": "Mail"}, {"bare": "1"}):
        assert owner.post(PAGE, data).headers["Location"].startswith("/security/confirm/")
    assert not AppPassword.objects.exists()


@pytest.mark.parametrize(("agent", "name"), [(IPHONE, "iPhone"), (IPHONE.replace("iPhone", "iPad"), "iPad")])
def test_the_device_is_named_at_once(owner: Person, agent: str, name: str) -> None:
    assert f'value="{name}"' in owner.get(PAGE, headers={"User-Agent": agent}).content.decode()


# --- Signatures -------------------------------------------------------------------------------------------------------


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
