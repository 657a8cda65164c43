"""A mail system as docs/mail-servers.md builds it, from the files in deploy/: the mail login service, Dovecot and
Postfix, and nginx in front for the second way.

The files are copied, and changed where an administrator changes them: names of folders. What only a test needs (high
ports, no waiting after a refusal) comes in a file of its own that is read after them.
"""

import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.kit.servers import certificates, migrated, need
from tests.kit.servers.mail_files import BEHIND_NGINX, FIRST_WAY, NGINX, POSTFIX, SASL, limited
from tests.kit.servers.service import DEPLOY, ROOT, Service, free_ports, left_over
from tests.kit.waiting import wait_until

TOKEN = "test-token+with/odd=characters"
# Of the portal's clients. What administrators paste into an address has no characters that mean something there.
SECRETS = {name: f"secret-of-{name}-" + "0123456789abcdef" * 2 for name in ("dovecot", "roundcube")}
DOVEADM_KEY = "key-of-doveadm/with+odd=characters"
WITH_WEBMAIL = {"#!include mailkey/webmail": "!include mailkey/webmail"}
WITH_STARTTLS = {"#!include mailkey/starttls": "!include mailkey/starttls"}
BEHIND = {"#!include mailkey/behind": "!include mailkey/behind"}
BRAKE = 12  # wrong mailbox passwords, from where an account is not known
DEVICES = 12  # what one person may have open at once from one address; fifty in deploy/
IPV6 = Path("/proc/net/if_inet6")
LISTEN = "127.0.0.1, ::1" if IPV6.exists() and "0" * 31 + "1 " in IPV6.read_text() else "127.0.0.1"
MAIL_USER = 399  # a system user, as `adduser --system` makes one; needs no name here
PORTS = ("imap", "pop3", "smtp", "sieve", "doveadm", "starttls_imap", "starttls_pop3", "starttls_smtp",
         "relay", "world", "sasl", "limited")  # of one Dovecot and its Postfix  # fmt: skip
NGINX_PORTS = ("nginx_login", "nginx_imap", "nginx_pop3", "nginx_smtp")
SERVICES = ("login", *PORTS, "portal", "webmail", "webmail_http", *NGINX_PORTS,
            "behind_imap", "behind_pop3", "behind_smtp", "behind_doveadm",
            *(f"newer_{port}" for port in (*PORTS, *NGINX_PORTS)))  # fmt: skip


class People:
    """Calls functions of tests/kit/mail_people.py, which is a process of its own."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.kit.mail_people"], cwd=ROOT, env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __call__(self, name: str, *arguments: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([name, arguments]) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def leave(self) -> None:
        self._process.communicate(timeout=10)


class MailSystem:
    def __init__(self, folder: Path, ports: Mapping[str, int] | None = None, **settings: str) -> None:
        self.folder = folder
        self.ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True)) | dict(ports or {})
        self.settings = settings  # of the portal
        self.mailboxes = [f"staff{number}@example.edu" for number in range(400)]  # that Postfix knows
        self.certificate = folder / "tls/fullchain.pem"
        self.context = ssl.create_default_context()
        self.environment = self._environment()
        self._services: list[Service] = []

    def start(self, *, demo: bool = False) -> None:
        """With demo people, or with nobody."""
        self._make_certificate()
        portal = Path(self.environment["VAR"])
        portal.mkdir(parents=True, exist_ok=True)
        migrated.migrate(f"sqlite:///{portal / 'mailkey.sqlite3'}")
        self.login = self._login_service()
        self.login.begin()  # takes its time, as the next two lines do
        self.people = People(self.environment)
        self.people("prepare", demo)
        self.login.wait_for(self.ports["login"])
        self.dovecot("dovecot", FIRST_WAY, WITH_WEBMAIL | WITH_STARTTLS).start(
            *self.numbers("imap", "pop3", "smtp", "sieve", "doveadm")
        )
        self.transfer = self.postfix()
        self.transfer.start(*self.numbers("relay", "world"))

    def doveadm_url(self, name: str = "doveadm") -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def start_nginx(self) -> None:
        """nginx, and a second Dovecot that is behind it and has the same mail."""
        self.dovecot("behind", BEHIND_NGINX, BEHIND, way="behind_").start(
            *self.numbers("behind_imap", "behind_pop3", "behind_smtp", "behind_doveadm")
        )
        self.nginx().start(*self.numbers(*NGINX_PORTS))

    def stop(self) -> None:
        with ThreadPoolExecutor() as pool:  # each takes a while
            list(pool.map(Service.stop, self._services))
        self.people.leave()

    def numbers(self, *services: str) -> list[int]:
        return [self.ports[service] for service in services]

    def service(self, name: str, *command: str) -> Service:
        service = Service(name, command, self.folder, self.environment)
        self._services.append(service)
        return service

    def _environment(self) -> dict[str, str]:
        hidden = ("SMS_GATEWAY", "EMAIL_URL", "CELERY_BROKER_URL", "DATABASE_URL", "SHARED_NETWORKS")
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        backends = {"IMAP": "behind_imap", "POP3": "behind_pop3", "SMTP": "behind_smtp"}
        environment |= {f"NGINX_{name}_BACKEND": f"127.0.0.1:{self.ports[to]}" for name, to in backends.items()}
        environment |= {"PORT": str(self.ports["portal"]), "MAIL_AUTH_TOKEN": TOKEN, "SUBADDRESSES": "on"}
        environment["MAIL_ANSWER_WITHIN"] = "2.5"  # as long as Dovecot waits: a busy machine is no "cannot tell"
        environment |= {"DOVEADM_URLS": self.doveadm_url(), "DOVEADM_API_KEY": DOVEADM_KEY}
        environment |= {
            "MAILBOX_URL": f"https://localhost:{self.ports['webmail']}/",
            "VAR": str(self.folder / "portal"),
        }
        return environment | {"DEBUG": "on"} | self.settings

    def _make_certificate(self) -> None:
        self.authority = certificates.make(self.folder / "tls")
        self.context = ssl.create_default_context(cafile=str(self.certificate))

    def _login_service(self) -> Service:
        return self.service(
            "login", sys.executable, "-m", "portal.serving", "protocol",
            "apppasswords.maillogin.server.request:MailServer", f"127.0.0.1:{self.ports['login']}", "1", "warning",
        )  # fmt: skip

    def copy(self, name: str, to: Path, changes: Mapping[str, str]) -> None:
        """The files that administrators copy, with what they change in them."""
        shutil.copytree(DEPLOY / name, to)
        for path in filter(Path.is_file, to.rglob("*")):
            text = path.read_text()
            for old, new in changes.items():
                text = text.replace(old, new)
            path.write_text(text)

    def dovecot(
        self, name: str, template: str, more_changes: Mapping[str, str], *,
        way: str = "", files: str = "dovecot", root: Path = Path("/"),
    ) -> Service:  # fmt: skip
        """`way`: what the names of its ports begin with. With a `root` of its own it runs there, by chroot."""
        folder, sockets = self.folder / name, self.folder / f"for-postfix-{name}"
        place = root / folder.relative_to("/")
        ports = self.ports | {port: self.ports[way + port] for port in PORTS if way + port in self.ports}
        asker = f"http://dovecot:{SECRETS['dovecot']}@127.0.0.1:{self.ports['portal']}"
        changes = {
            "/etc/dovecot": str(folder),
            "/etc/letsencrypt/live/mail.example.edu": str(self.folder / "tls"),
            "/etc/ssl/certs/ca-certificates.crt": str(self.certificate),
            "/var/vmail": str(self.folder / "vmail"),
            "/var/spool/postfix/private": str(sockets),
            "http://127.0.0.1:8001": f"http://127.0.0.1:{self.ports['login']}",
            "= vmail": f"= {MAIL_USER}",
            "https://dovecot:SECRET@security.mail.example.edu": asker,
            "#!include mailkey-doveadm": "!include mailkey-doveadm",
            "mail_max_userip_connections = 50": f"mail_max_userip_connections = {DEVICES}",
            "doveadm_api_key = SECRET": f"doveadm_api_key = {DOVEADM_KEY}",
            "port = 8180": f"port = {ports['doveadm']}",
            "port = 143\n": f"port = {ports['starttls_imap']}\n",
            "port = 110\n": f"port = {ports['starttls_pop3']}\n",
            "port = 587\n": f"port = {ports['starttls_smtp']}\n",
        }
        self.copy(files, place, changes | dict(more_changes))
        (root / sockets.relative_to("/")).mkdir()
        (place.parent / "vmail").mkdir(exist_ok=True)
        os.chown(place.parent / "vmail", MAIL_USER, MAIL_USER)
        (place / "mailkey.token").write_text(TOKEN + "\n")
        for secret in ("mailkey.token", "mailkey-oauth2.conf.ext", "mailkey-doveadm.conf.ext"):
            (place / secret).chmod(0o640)
            shutil.chown(place / secret, "root", "dovecot")
        with (place / "dovecot.conf").open("a") as configuration:
            configuration.write(template.format(folder=folder, ports=ports, listen=LISTEN))
        return self.service(name, *self._program("dovecot", root), "-F", "-c", str(folder / "dovecot.conf"))

    def postfix(self, dovecot: str = "dovecot", *, way: str = "", root: Path = Path("/")) -> Service:
        folder = self.folder / "postfix"
        place = root / folder.relative_to("/")
        changes = {
            "/etc/letsencrypt/live/mail.example.edu": str(self.folder / "tls"),
            "/etc/postfix": str(folder),
            "private/dovecot-": f"{self.folder}/for-postfix-{dovecot}/dovecot-",
            "127.0.0.1:10025 inet": f"127.0.0.1:{self.ports[way + 'relay']} inet",
            "smtp      inet": f"127.0.0.1:{self.ports[way + 'world']} inet",
        }
        self.copy("postfix", place, changes)
        with (place / "main.cf").open("a") as main:
            main.write(POSTFIX.format(folder=self.folder, listen=LISTEN))
        listener = limited((place / "master.cf").read_text(), self.ports[way + "relay"], self.ports[way + "limited"])
        with (place / "master.cf").open("a") as master:
            master.write(SASL.format(port=self.ports[way + "sasl"]) + listener)
            if "::1" in LISTEN:
                master.write(f"[::1]:{self.ports[way + 'world']} inet n - n - - smtpd\n")
        (place / "mailboxes").write_text("".join(f"{mailbox} yes\n" for mailbox in self.mailboxes))
        granted = (f"office-{mailbox} other@example.edu,{mailbox}\n" for mailbox in self.mailboxes)
        (place / "senders").write_text("".join(granted))
        (place.parent / "spool").mkdir()
        (place.parent / "state").mkdir()
        shutil.chown(place.parent / "state", "postfix")
        postfix = (*self._program("postfix", root), "-c", str(folder))
        service = self.service(f"{way}postfix", *postfix, "start-fg")
        service.stop_command = (*postfix, "stop")
        return service

    def _program(self, name: str, root: Path) -> tuple[str, ...]:
        return (need(name),) if root == Path("/") else (need("chroot"), str(root), f"/usr/sbin/{name}")

    def nginx(self, *, way: str = "", root: Path = Path("/")) -> Service:
        folder = self.folder / "nginx"
        place = root / folder.relative_to("/")
        changes = {
            "/etc/letsencrypt/live/mail.example.edu": str(self.folder / "tls"),
            "/etc/nginx": str(folder),
            "127.0.0.1:8001": f"127.0.0.1:{self.ports['login']}",
            "127.0.0.1:8002": f"127.0.0.1:{self.ports[way + 'nginx_login']}",
        }
        for number, name in ((993, "imap"), (995, "pop3"), (465, "smtp")):
            port = self.ports[f"{way}nginx_{name}"]
            by_6 = f"        listen   [::1]:{port} ssl;\n" if "::1" in LISTEN else ""
            changes |= {
                f"        listen   [::]:{number} ssl;\n": by_6,
                f"listen   {number}": f"listen 127.0.0.1:{port}",
            }
        self.copy("nginx", place, changes)
        (place / "mailkey-token.conf").write_text(f'auth_http_header Authorization "Bearer {TOKEN}";\n')
        temp_paths = " ".join(
            f"{kind}_temp_path {folder}/temp;" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        (place / "nginx.conf").write_text(NGINX.format(folder=folder, temp_paths=temp_paths))
        return self.service(f"{way}nginx", *self._program("nginx", root), "-c", str(folder / "nginx.conf"))


@pytest.fixture(scope="session")
def mail_system() -> Iterator[MailSystem]:
    """Runs until the last test; each test has its own client addresses."""
    for program in ("dovecot", "postfix"):
        need(program)
    if os.geteuid() != 0:
        (pytest.fail if os.environ.get("REQUIRE_SERVERS") == "1" else pytest.skip)("Dovecot and Postfix start as root")
    with tempfile.TemporaryDirectory(prefix="mailkey-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # servers drop their privileges and still need their files
        system = MailSystem(
            folder, SMS_RESEND_AFTER="1", SMS_HOURLY_LIMIT="100", SMS_DAILY_LIMIT="100", BRAKE_AFTER_FAILURES=str(BRAKE)
        )
        try:
            system.start()
            yield system
        finally:
            system.stop()
            wait_until(lambda: not left_over(folder))


@pytest.fixture(scope="session")
def nginx(mail_system: MailSystem) -> MailSystem:
    need("nginx")
    mail_system.start_nginx()
    return mail_system
