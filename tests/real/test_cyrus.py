"""Cyrus IMAP, which asks saslauthd, which asks the LDAP front, set up as docs/mail-servers/ldap.md says."""

import imaplib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import chown

import pytest

from tests.kit.people import PASSWORD
from tests.kit.servers import free_port, need_file
from tests.kit.servers.ldap_front import Front, ldap_front, saslauthd
from tests.kit.servers.service import ROOT, Service

pytestmark = pytest.mark.slow

UNPACKED = ROOT / ".venv/cyrus"  # by .ci/run: installed, it would take Dovecot's place
PROGRAMS = UNPACKED / "usr/lib/cyrus/bin"
LIBRARIES = UNPACKED / "usr/lib/x86_64-linux-gnu"
USER = "mail"  # any user but root
IMAPD = """
configdirectory: {folder}/conf
partition-default: {folder}/mail
defaultpartition: default
cyrus_user: {user}
admins: cyrus
autocreate_quota: 0
allowplaintext: yes
failedloginpause: 0
sasl_saslauthd_path: {socket}/mux
"""
MASTER = """
START {{
  recover cmd="{programs}/ctl_cyrusdb -C {folder}/imapd.conf -r"
}}
SERVICES {{
  imap cmd="{programs}/imapd -C {folder}/imapd.conf" listen="127.0.0.1:{port}" prefork=0
}}
"""


@contextmanager
def cyrus(socket: Path) -> Iterator[int]:
    """Its port. `socket`: the folder of saslauthd's."""
    need_file(f"{PROGRAMS}/master")
    [settings] = re.findall(
        r"```\n(sasl_pwcheck_method: .*?)```", (ROOT / "docs/mail-servers/ldap.md").read_text(), re.DOTALL
    )
    with tempfile.TemporaryDirectory(prefix="mailkey-cyrus-") as name:
        folder, port = Path(name), free_port()
        for part in ("conf", "conf/db", "conf/lock", "conf/log", "conf/msg", "conf/proc", "conf/socket", "mail"):
            (folder / part).mkdir()
            chown(folder / part, USER)
        chown(folder, USER)
        (folder / "imapd.conf").write_text(IMAPD.format(folder=folder, user=USER, socket=socket) + settings)
        (folder / "cyrus.conf").write_text(MASTER.format(folder=folder, programs=PROGRAMS, port=port))
        command = [
            f"{PROGRAMS}/master",
            "-C",
            f"{folder}/imapd.conf",
            "-M",
            f"{folder}/cyrus.conf",
            "-p",
            f"{folder}/pid",
        ]
        service = Service("cyrus", command, folder, {"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": str(LIBRARIES)})
        try:
            service.start(port)
            yield port
        finally:
            service.stop()


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    with ldap_front(tmp_path_factory.mktemp("ldap")) as started:
        yield started


def test_cyrus(front: Front) -> None:
    with saslauthd(front.url) as socket, cyrus(socket) as port:

        def opens(user: str, password: str) -> bool:
            """To its mailbox, into which a letter is laid and found again."""
            with imaplib.IMAP4("127.0.0.1", port, timeout=30) as line:
                try:
                    line.login(user, password)
                except imaplib.IMAP4.error:
                    return False
                line.append("INBOX", None, None, b"Subject: here\r\n\r\ntext\r\n")
                return int(line.select("INBOX")[1][0] or 0) > 0

        secret, removed = front.database.secret, front.database.unused
        on, off = "on@example.edu", "off@example.edu"
        assert opens(on, secret)
        assert opens(on, removed)
        assert opens(off, PASSWORD)
        for user, password in ((on, "wrong"), (on, PASSWORD), (off, secret), ("nobody@example.edu", secret)):
            assert not opens(user, password), user
        front.database.run("DELETE FROM apppasswords_apppassword WHERE name = 'Unused'")
        assert not opens(on, removed), "nothing remembers it"
        front.process.stop()
        try:
            assert not opens(on, secret), "no answer is no yes"
        finally:
            front.start()
        assert opens(on, secret)
