"""Dovecot 2.4, Postfix 3.10 and nginx 1.26 of Debian 13, beside a mail system of this Debian 12: for its people,
with its mail login service and portal, and mail of their own.

`.ci/trixie` has unpacked them into a folder; they run in there, by chroot. Their ports are called newer_imap and so on.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.servers import need_file
from tests.kit.servers.mail import NGINX_PORTS, PORTS, WITH_STARTTLS, MailSystem
from tests.kit.servers.mail_files import FIRST_WAY
from tests.kit.servers.service import DEPLOY, ROOT

UNPACKED = (ROOT / ".venv/trixie").resolve()
WAY = "newer_"
WITH_WEBMAIL = {"#!include mailkey-oauth2": "!include mailkey-oauth2"}


def folder_of(mail: MailSystem) -> Path:
    """Where their files are, seen from outside: below the other root they have the names that they have here."""
    return UNPACKED / mail.folder.relative_to("/")


@pytest.fixture(scope="session")
def newer(mail_system: MailSystem) -> Iterator[MailSystem]:
    need_file(str(UNPACKED / "usr/sbin/dovecot"))
    folder = folder_of(mail_system)
    shutil.copytree(mail_system.folder / "tls", folder / "tls")
    dovecot = mail_system.dovecot(
        "newer", FIRST_WAY, WITH_WEBMAIL | WITH_STARTTLS, way=WAY, files="dovecot-2.4", root=UNPACKED
    )
    for name in ("mailkey.lua", "nobody"):  # one for both
        shutil.copy(DEPLOY / "dovecot/mailkey" / name, folder / "newer/mailkey")
    postfix = mail_system.postfix("newer", way=WAY, root=UNPACKED)
    try:
        dovecot.begin()
        postfix.begin()
        dovecot.wait_for(*mail_system.numbers(*(WAY + port for port in PORTS)))
        yield mail_system
    finally:
        postfix.stop()
        dovecot.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def newer_nginx(newer: MailSystem, nginx: MailSystem) -> Iterator[MailSystem]:
    """In front of the same Dovecot as the older one."""
    assert nginx is newer
    server = newer.nginx(way=WAY, root=UNPACKED)
    try:
        server.start(*newer.numbers(*(WAY + port for port in NGINX_PORTS)))
        yield newer
    finally:
        server.stop()
