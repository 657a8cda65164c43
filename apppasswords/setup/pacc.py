"""What mail programs ask for by draft-ietf-mailmaint-pacc: one document, whose digest stands in the DNS.

Its bytes follow from the settings alone, so that the digest holds until one of them is changed.
"""

import base64
import json
from hashlib import sha256
from typing import Any

from django.conf import settings

PORTS = {"IMAP": 993, "POP": 995, "SMTP": 465}  # the draft has no others
NAMES = {"IMAP": ("imap",), "POP": ("pop3",), "SMTP": ("smtp", "submit")}  # as its versions 02 and 04 call them


def document() -> bytes:
    """The same for everybody, and for all of MAIL_DOMAINS."""
    protocols: dict[str, dict[str, str]] = {}
    for setting, port in PORTS.items():
        host, offered, _ = settings.MAIL_SERVERS[setting]
        if offered == port:
            protocols |= {name: {"host": host} for name in NAMES[setting]}
    if settings.DAV_HOST:
        protocols |= {name: {"url": f"https://{settings.DAV_HOST}/"} for name in ("caldav", "carddav")}
    authentication: dict[str, Any] = {"password": True}  # an app password
    if settings.MAIL_PROGRAM_REGISTRATION:
        authentication["oauth-public"] = {"issuer": settings.PUBLIC_URL}
    about = {"provider": {"name": settings.INSTITUTION}, "help": {"documentation": f"{settings.PUBLIC_URL}/guides/"}}
    return json.dumps(
        {"protocols": protocols, "authentication": authentication, "info": about}, sort_keys=True
    ).encode()


def digest() -> str:
    """The TXT record of `_ua-auto-config`."""
    return f"v=UAAC1; a=sha256; d={base64.b64encode(sha256(document()).digest()).decode()}"
