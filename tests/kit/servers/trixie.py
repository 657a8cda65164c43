"""Dovecot 2.4 of Debian 13, beside a mail system of this Debian 12: on its people, mail login service, portal, Postfix.

`.ci/trixie` has unpacked it into a folder; it runs in there, by chroot. Its ports are called newer_imap, newer_pop3 and
so on.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.servers import need_file
from tests.kit.servers.mail import FIRST_WAY, PORTS, WITH_STARTTLS, MailSystem
from tests.kit.servers.service import DEPLOY, ROOT

UNPACKED = (ROOT / ".venv/trixie").resolve()
WAY = "newer_"
WITH_WEBMAIL = {"#!include mailkey-oauth2": "!include mailkey-oauth2"}
# Mail that arrives: Postfix would need a way into the folder.
LMTP = """
service lmtp {{
  inet_listener lmtp {{
    port = {ports[lmtp]}
  }}
}}
"""


def folder_of(mail: MailSystem) -> Path:
    """Where its files are, seen from outside: below the other root they have the names that they have here."""
    return UNPACKED / mail.folder.relative_to("/")


@pytest.fixture(scope="session")
def newer(mail_system: MailSystem) -> Iterator[MailSystem]:
    need_file(str(UNPACKED / "usr/sbin/dovecot"))
    folder = folder_of(mail_system)
    shutil.copytree(mail_system.folder / "tls", folder / "tls")
    dovecot = mail_system.dovecot(
        "newer", FIRST_WAY + LMTP, way=WAY, files="dovecot-2.4", root=UNPACKED, **WITH_WEBMAIL, **WITH_STARTTLS
    )
    for name in ("mailkey.lua", "nobody"):  # one for both
        shutil.copy(DEPLOY / "dovecot/mailkey" / name, folder / "newer/mailkey")
    try:
        dovecot.start(*mail_system.numbers(*(WAY + port for port in PORTS)))
        yield mail_system
    finally:
        dovecot.stop()
        shutil.rmtree(folder, ignore_errors=True)
