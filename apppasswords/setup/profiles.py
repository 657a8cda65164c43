"""Apple's configuration profiles: the Mail app of an iPhone, iPad or Mac sets itself up from one.

Keys as in Apple's device management documentation, com.apple.mail.managed and TopLevel.
"""

import logging
import plistlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import uuid4

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.lib import institution
from accounts.users.models import User

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/x-apple-aspen-config"

Servers = Mapping[str, tuple[str, int, str]]  # as settings.MAIL_SERVERS


class Unusable(Exception):
    """Why nothing can be signed, for the administrator."""


@dataclass(frozen=True)
class Signer:
    key: RSAPrivateKey | EllipticCurvePrivateKey
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]


def build(user: User, servers: Servers, secret: str | None = None) -> bytes:
    """In the person's language. Without a secret the device asks for it."""
    with translation.override(user.language):
        content = plistlib.dumps(_configuration(user, servers, secret))
    try:
        signer = configured_signer()
    except Unusable:
        # People still get their mail; the error is mailed to ADMINS, and `manage.py check` tells more.
        logger.exception("A profile went out unsigned")
        return content
    return sign(content, signer) if signer else content


def _configuration(user: User, servers: Servers, secret: str | None) -> dict[str, Any]:
    # The same for every profile of this mailbox: a new one takes the old one's place on the device.
    local_part, _at, domain = user.username.partition("@")
    identifier = ".".join([*reversed(domain.split(".")), "mailkey", local_part])
    return {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": _uuid(),
        "PayloadDisplayName": _("%(institution)s mail") % {"institution": institution.name()},
        "PayloadDescription": _("Sets up %(address)s in the Mail app.") % {"address": user.username},
        "PayloadOrganization": institution.name(),
        "PayloadContent": [
            _account(user, servers, secret, f"{identifier}.mail"),
            *(_dav(user, kind, secret, identifier) for kind in ("CalDAV", "CardDAV") if settings.DAV_HOST),
        ],
    }


def _dav(user: User, kind: str, secret: str | None, identifier: str) -> dict[str, Any]:
    """com.apple.caldav.account, com.apple.carddav.account: calendars, contacts."""
    account = {
        "PayloadType": f"com.apple.{kind.lower()}.account",
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{identifier}.{kind.lower()}",
        "PayloadUUID": _uuid(),
        "PayloadDisplayName": user.username,
        f"{kind}AccountDescription": institution.name(),
        f"{kind}HostName": settings.DAV_HOST,
        f"{kind}Port": 443,
        f"{kind}UseSSL": True,
        f"{kind}Username": user.username,
    }
    return account | ({f"{kind}Password": secret} if secret else {})


def _account(user: User, servers: Servers, secret: str | None, identifier: str) -> dict[str, Any]:
    (incoming, incoming_port, _tls), (outgoing, outgoing_port, _tls) = servers["IMAP"], servers["SMTP"]
    account = {
        "PayloadType": "com.apple.mail.managed",
        "PayloadVersion": 1,
        "PayloadIdentifier": identifier,
        "PayloadUUID": _uuid(),
        "PayloadDisplayName": user.username,
        "PayloadOrganization": institution.name(),
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAccountDescription": institution.name(),  # what the Mail app calls the account
        "EmailAccountName": user.get_full_name(),
        "EmailAddress": user.username,
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": incoming,
        "IncomingMailServerPortNumber": incoming_port,
        "IncomingMailServerUseSSL": True,
        "IncomingMailServerUsername": user.username,
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": outgoing,
        "OutgoingMailServerPortNumber": outgoing_port,
        "OutgoingMailServerUseSSL": True,
        "OutgoingMailServerUsername": user.username,
        "OutgoingPasswordSameAsIncomingPassword": True,
    }
    return account | ({"IncomingPassword": secret} if secret else {})


def _uuid() -> str:
    return str(uuid4()).upper()


# --- Signatures ------------------------------------------------------------------------------------------------------


def configured_signer() -> Signer | None:
    return load_signer(settings.PROFILE_SIGNING_KEY, settings.PROFILE_SIGNING_CERTIFICATES)


@lru_cache(maxsize=4)
def load_signer(key_pem: str, certificates_pem: str) -> Signer | None:
    """None if neither is set."""
    if not key_pem and not certificates_pem:
        return None
    if not key_pem or not certificates_pem:
        missing = "PROFILE_SIGNING_CERTIFICATES" if key_pem else "PROFILE_SIGNING_KEY"
        raise Unusable(f"{missing} is not set: the key and its certificates are needed together.")
    try:
        key = load_pem_private_key(key_pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # the reason could quote the key
        raise Unusable("PROFILE_SIGNING_KEY holds no private key in PEM without a passphrase.") from None
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise Unusable("PROFILE_SIGNING_KEY is neither an RSA nor an elliptic curve key.")
    try:
        certificate, *chain = x509.load_pem_x509_certificates(certificates_pem.encode())
    except ValueError:
        raise Unusable("PROFILE_SIGNING_CERTIFICATES holds no certificate in PEM.") from None
    if certificate.public_key() != key.public_key():
        raise Unusable(
            "PROFILE_SIGNING_KEY does not belong to the first certificate of PROFILE_SIGNING_CERTIFICATES "
            f"({certificate.subject.rfc4514_string()})."
        )
    return Signer(key, certificate, tuple(chain))


def sign(content: bytes, signer: Signer) -> bytes:
    """CMS with the content and the chain in it, as Apple reads it."""
    builder = PKCS7SignatureBuilder().set_data(content).add_signer(signer.certificate, signer.key, SHA256())
    for certificate in signer.chain:
        builder = builder.add_certificate(certificate)
    return builder.sign(Encoding.DER, [PKCS7Options.Binary])
