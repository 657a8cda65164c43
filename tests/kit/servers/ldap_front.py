"""The LDAP front as deploy/systemd starts it, and saslauthd that asks it."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.servers import certificates, free_port, need
from tests.kit.servers.logins import Database
from tests.kit.servers.service import ROOT, Service
from tests.kit.waiting import wait_until

SERVERS = "cyrus: imap, 127.0.0.1; exim: smtp, 127.0.0.1, tells addresses; far: imap, 192.0.2.0/24"
SUFFIX = "dc=mailkey"
OURS = "ldap://127.0.0.1:1389"


class Front:
    def __init__(self, database: Database, folder: Path, **settings: str) -> None:
        self.database, self.port = database, free_port()
        self.url = f"ldap{'s' if settings else ''}://127.0.0.1:{self.port}"
        environment = database.environment | {
            "LDAP_FRONT_SERVERS": SERVERS, "LDAP_FRONT_LISTEN": f"127.0.0.1:{self.port}", "MAIL_ANSWER_WITHIN": "10",
        }  # fmt: skip
        command = [sys.executable, "-m", "apppasswords.maillogin.ldap.front"]
        self.process = Service(f"front-{self.port}", command, folder, environment | settings)

    def start(self) -> None:
        self.process.start(self.port)

    def bind(self, name: str, password: str, *options: str, **environment: str) -> tuple[int, str]:
        """The code, and what is said with it."""
        done = self._search("", "-D", f"{name},{SUFFIX}", "-w", password, *options, **environment)
        said = re.search("additional info: (.*)", done.stderr)
        return done.returncode, said[1] if said else ""

    def find(self, query: str, *attributes: str, base: str = "ou=cyrus") -> str:
        return self._search(f"{base},{SUFFIX}", query, *attributes).stdout.strip()

    def _search(self, base: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [need("ldapsearch"), "-LLL", "-o", "ldif-wrap=no", "-x", "-H", self.url, "-b", base, *options]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, env=environment)


@contextmanager
def ldap_front(folder: Path) -> Iterator[Front]:
    front = Front(Database(f"sqlite:///{folder}/mailkey.sqlite3", folder), folder)
    try:
        front.start()
        yield front
    finally:
        front.process.stop()


@contextmanager
def with_tls(front: Front, folder: Path) -> Iterator[tuple[Front, Path]]:
    """The same by TLS, and the authority of its certificate."""
    authority = certificates.make(folder / "tls")
    files = {"LDAP_FRONT_CERTIFICATE": f"{folder}/tls/fullchain.pem", "LDAP_FRONT_KEY": f"{folder}/tls/privkey.pem"}
    secure = Front(front.database, folder, **files)
    try:
        secure.start()
        yield secure, authority
    finally:
        secure.process.stop()


@contextmanager
def saslauthd(url: str) -> Iterator[Path]:
    """Asking the front there, as docs/mail-servers/ldap.md says. The folder of its socket, whose name must be short."""
    text = (ROOT / "deploy/ldap/saslauthd.conf").read_text()
    assert OURS in text
    with tempfile.TemporaryDirectory(prefix="mailkey-sasl-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # a mail server is another user
        (folder / "saslauthd.conf").write_text(text.replace(OURS, url))
        command = [need("saslauthd"), "-a", "ldap", "-O", f"{folder}/saslauthd.conf", "-m", name, "-n", "1", "-r", "-d"]
        service = Service("saslauthd", command, folder, {"PATH": "/usr/sbin:/usr/bin"})
        try:
            service.begin()
            wait_until((folder / "mux").exists)
            yield folder
        finally:
            service.stop()
