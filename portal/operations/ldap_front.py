"""Whether the LDAP front answers, and can decide logins. It is asked as anybody may ask it: nothing is counted."""

import socket
import ssl
from functools import partial

from django.conf import settings
from django.utils.translation import gettext as _

TIMEOUT = 3  # seconds
# A bind of nobody, a search for what every directory says of itself, and that this is all.
QUESTION = bytes.fromhex(
    "300c020101600702010304008000"
    "30250201026320"
    "04000a01000a0100020100020100010100870b6f626a656374436c617373"
    "3000"
    "30050201034200"
)
READY = bytes.fromhex("300c02010265070a010004000400")
UNAVAILABLE = bytes.fromhex("0a0134")


def fault() -> str:
    """Why nobody gets in by it; nothing, if all is well."""
    try:
        said = _ask()
    except OSError as error:
        return str(error) or type(error).__name__
    if said.endswith(READY):
        return ""
    return _("it cannot decide logins") if UNAVAILABLE in said else _("it answers something else than LDAP")


def _ask() -> bytes:
    host, _, port = settings.LDAP_FRONT_LISTEN.rpartition(":")
    line = socket.create_connection((host.strip("[]"), int(port)), TIMEOUT)
    if settings.LDAP_FRONT_CERTIFICATE:
        context = ssl.create_default_context(cafile=settings.LDAP_FRONT_CERTIFICATE)
        context.check_hostname = False  # it is asked by its address
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # this very certificate, and in its time
        line = context.wrap_socket(line)
    with line:
        line.sendall(QUESTION)
        return b"".join(iter(partial(line.recv, 1000), b""))
