"""The public side as docs/operations.md and docs/mail-programs.md build it: nginx from the files in deploy/nginx, in
front of a portal with the settings of a production machine. Beside it the institution's own site, https://example.edu."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal.development.management.commands import up
from tests.kit.deployment import PRODUCTION
from tests.kit.servers import certificates, need
from tests.kit.servers.service import DEPLOY, Service, free_ports

PORTAL = "security.mail.example.edu"


class Front:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = certificates.make(folder / "tls")
        self.http, self.https, self.web = free_ports(3)
        self.log = folder / "portal.log"
        self._services: list[Service] = []

    def start(self) -> None:
        (self.folder / "static").mkdir()
        environment = PRODUCTION | {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "ALLOWED_HOSTS": PORTAL,
            "PUBLIC_URL": f"https://{PORTAL}",
            "INSTITUTION": "示例大学",
            "THUNDERBIRD_CLIENT": "thunderbird",  # autoconfig offers it to whoever has the add-on
            "TRUSTED_PROXIES": "1",
            "DATABASE_URL": f"sqlite:///{self.folder}/empty.sqlite3",
            "STATIC_ROOT": str(self.folder / "static"),
        }
        self._service("web", environment, *up.web_server(self.web)).start(self.web)
        self._lay_out()
        self._service("nginx", {}, need("nginx"), "-c", str(self.folder / "nginx.conf")).start(self.http, self.https)

    def stop(self) -> None:
        for service in reversed(self._services):
            service.stop()

    @contextmanager
    def without_portal(self) -> Iterator[None]:
        web = self._services[0]
        web.stop()
        yield
        web.start(self.web)

    def curl(self, url: str, *options: str, stdin: str = "") -> str:
        """Headers and page, as somebody sees them whose DNS leads here."""
        ports = (443, self.https), (80, self.http)
        where = [word for public, own in ports for word in ("--connect-to", f":{public}:127.0.0.1:{own}")]
        done = subprocess.run(
            [need("curl"), "--silent", "--show-error", "--include", "--http1.1", "--cacert", str(self.authority),
             *where, *options, url],
            input=stdin, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.replace("\r\n", "\n")

    def logs(self) -> str:
        return "\n".join(
            path.read_text(errors="replace") for path in [*self.folder.glob("*.log"), *self.folder.glob("*.out")]
        )

    def _service(self, name: str, environment: dict[str, str], *command: str) -> Service:
        service = Service(name, command, self.folder, environment)
        self._services.append(service)
        return service

    def _lay_out(self) -> None:
        changes = {
            "    listen [::]:80;\n": "",
            "    listen [::]:443 ssl http2;\n": "",
            "listen 80;": f"listen 127.0.0.1:{self.http};",
            "listen 443 ": f"listen 127.0.0.1:{self.https} ",
            "/etc/letsencrypt/live/security.mail.example.edu": str(self.folder / "tls"),
            "/etc/letsencrypt/live/autoconfig.example.edu": str(self.folder / "tls"),
            "/etc/ssl/certs/ca-certificates.crt": str(self.authority),
            "/var/log/nginx/": f"{self.folder}/",
            "http://127.0.0.1:8000": f"http://127.0.0.1:{self.web}",
            "proxy_pass https://autoconfig.example.edu;": f"proxy_pass https://127.0.0.1:{self.https};",
        }
        for name in ("portal.conf", "autoconfig.conf", "well-known.conf"):
            text = (DEPLOY / "nginx" / name).read_text()
            for old, new in changes.items():
                text = text.replace(old, new)
            (self.folder / name).write_text(text)
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temp_paths = " ".join(f"{kind}_temp_path {self.folder}/nginx-temp;" for kind in kinds)
        (self.folder / "nginx.conf").write_text(
            NGINX.format(folder=self.folder, temp_paths=temp_paths, https=self.https)
        )


NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{}}
http {{
    {temp_paths}
    access_log off;
    include {folder}/portal.conf;
    include {folder}/autoconfig.conf;
    server {{
        listen 127.0.0.1:{https} ssl http2;
        server_name example.edu;
        ssl_certificate     {folder}/tls/fullchain.pem;
        ssl_certificate_key {folder}/tls/privkey.pem;
        include {folder}/well-known.conf;
        location / {{ return 301 https://www.example.edu$request_uri; }}
    }}
}}
"""


@pytest.fixture(scope="session")
def front() -> Iterator[Front]:
    for program in ("nginx", "curl"):
        need(program)
    with tempfile.TemporaryDirectory(prefix="mailkey-front-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        front = Front(folder)
        try:
            front.start()
            yield front
        finally:
            front.stop()
