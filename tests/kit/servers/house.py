"""The whole house: beside the mail system, the portal and webmail (Roundcube with PHP and nginx) as docs/webmail.md
builds it, from the files in deploy/roundcube."""

import base64
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import requests

from portal.development.management.commands import up
from tests.kit.servers import need, need_file
from tests.kit.servers.mail import SECRETS, MailSystem
from tests.kit.servers.service import ROOT
from tests.kit.waiting import wait_until

ROUNDCUBE = Path("/usr/share/roundcube")
PHP = "php-fpm8.2"
SESSION_KEY = "0123456789abcdefghijklmnopqrstuv"  # 32 characters


class House:
    """On the database of a mail system that runs already."""

    def __init__(self, mail: MailSystem) -> None:
        self.mail = mail
        self.folder = mail.folder / "webmail"
        self.database = self.folder / "database/roundcube.sqlite3"
        self.portal_url = f"http://localhost:{mail.ports['portal']}"
        self.webmail_url = f"https://localhost:{mail.ports['webmail']}"
        self.return_uri = f"{self.webmail_url}/index.php/login/oauth"

    def start(self) -> None:
        self._lay_out()
        self._add_clients()
        self.portal = self.mail.service("web", *up.web_server(self.mail.ports["portal"]))
        self.portal.begin()  # takes its time, as the others do
        self.mail.service("worker", *up.worker()).begin()
        self.mail.service("files-worker", *up.files_worker()).begin()
        self.mail.service("php", need(PHP), "--nodaemonize", "--fpm-config", str(self.folder / "test.conf")).begin()
        self.mail.service("webmail-nginx", need("nginx"), "-c", str(self.folder / "test-nginx.conf")).start(
            self.mail.ports["webmail"]
        )
        self._wait_for_portal()

    def start_portal(self) -> None:
        """Once more."""
        self.portal.begin()
        self._wait_for_portal()

    def _wait_for_portal(self) -> None:
        """Its first answer takes longer than mail servers wait for one: it loads all pages."""
        self.portal.wait_for(self.mail.ports["portal"])
        wait_until(lambda: requests.get(f"{self.portal_url}/health/ready", timeout=30).ok)

    def change_session(self, key: str | None, pattern: bytes, by: bytes) -> None:
        """Something in what Roundcube remembers of a browser."""
        with closing(sqlite3.connect(self.database, timeout=20)) as database, database:
            (kept,) = database.execute("SELECT vars FROM session WHERE sess_id = ?", (key,)).fetchone()
            changed, count = re.subn(pattern, by, base64.b64decode(kept))
            assert count, base64.b64decode(kept)
            new = base64.b64encode(changed).decode()
            database.execute("UPDATE session SET vars = ? WHERE sess_id = ?", (new, key))

    def logs(self) -> str:
        """What Roundcube, PHP and nginx have written."""
        paths = [*self.folder.glob("logs/*"), *self.mail.folder.glob("*.out"), *self.mail.folder.glob("*.log")]
        return "\n".join(path.read_text(errors="replace") for path in paths)

    def _add_clients(self) -> None:
        for name, secret in SECRETS.items():
            (self.mail.folder / f"{name}.secret").write_text(secret)
        self._add_client("dovecot", "--introspection")
        self._add_client(
            "roundcube", "--name", "网页邮箱", "--redirect-uri", self.return_uri,
            "--scopes", "openid email profile mail", "--trusted", "--without-pkce",
        )  # fmt: skip

    def _add_client(self, name: str, *words: str) -> None:
        command = [sys.executable, "manage.py", "addclient", name, *words]
        command += ["--secret-file", str(self.mail.folder / f"{name}.secret")]
        subprocess.run(command, cwd=ROOT, env=self.mail.environment, check=True)

    def _lay_out(self) -> None:
        """What Debian has in /var/lib/roundcube and /etc/roundcube, here in one folder."""
        ports, tls = self.mail.ports, self.mail.folder / "tls"
        changes = {
            "/etc/roundcube": str(self.folder),
            "/var/lib/roundcube": str(self.folder),
            "/run/php/": f"{self.folder}/",
            "/var/log/nginx/": f"{self.mail.folder}/nginx-",
            "/etc/letsencrypt/live/webmail.example.edu": str(tls),
            "/etc/ssl/certs/ca-certificates.crt": str(tls / "fullchain.pem"),
            "https://security.mail.example.edu": self.portal_url,
            "['webmail.example.edu']": f"['localhost', 'localhost:{ports['webmail']}']",
            "webmail.example.edu": "localhost",
            "'mail.example.edu'": "'localhost'",
            "$mail:993": f"$mail:{ports['imap']}",
            "$mail:465": f"$mail:{ports['smtp']}",
            "$mail:4190": f"$mail:{ports['sieve']}",
            "    listen [::]:80;\n": "",
            "    listen [::]:443 ssl http2;\n": "",
            "max-age=31536000": "max-age=0",  # of localhost, where others speak http
            "listen 80;": f"listen 127.0.0.1:{ports['webmail_http']};",
            "listen 443 ": f"listen 127.0.0.1:{ports['webmail']} ",
            "include       fastcgi_params;": "include /etc/nginx/fastcgi_params; fastcgi_param HTTP_HOST $http_host;",
        }
        self.mail.copy("roundcube", self.folder, changes)
        for name in ("index.php", "program", "skins", "SQL"):
            (self.folder / name).symlink_to(ROUNDCUBE / name)
        for plugin in (ROUNDCUBE / "plugins").iterdir():
            (self.folder / "plugins" / plugin.name).symlink_to(plugin)
        (self.folder / "defaults.inc.php").symlink_to("/etc/roundcube/defaults.inc.php")
        (self.folder / "mimetypes.php").symlink_to("/etc/roundcube/mimetypes.php")
        shutil.copytree("/var/lib/roundcube/public_html", self.folder / "public_html", symlinks=True)
        (self.folder / "secrets").mkdir()
        (self.folder / "secrets/client").write_text(SECRETS["roundcube"] + "\n")
        (self.folder / "secrets/session").write_text(SESSION_KEY + "\n")
        for name in ("database", "logs", "temp"):
            (self.folder / name).mkdir()
        with closing(sqlite3.connect(self.database)) as connection:
            connection.executescript((ROUNDCUBE / "SQL/sqlite.initial.sql").read_text())
        (self.folder / "debian-db-roundcube.php").write_text(
            f"<?php\n$config['db_dsnw'] = 'sqlite:///{self.database}?mode=0640';\n"
        )
        for path in (self.database, *(self.folder / name for name in ("database", "logs", "temp"))):
            shutil.chown(path, "www-data")
        with (self.folder / "php-fpm.conf").open("a") as pool:
            pool.write(f"env[ROUNDCUBE_CONFIG_DIR] = {self.folder}\npm.start_servers = 2\n")
        (self.folder / "test.conf").write_text(
            f"[global]\nerror_log = {self.mail.folder}/php.log\ninclude = {self.folder}/php-fpm.conf\n"
        )
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temp_paths = " ".join(f"{kind}_temp_path {self.folder}/nginx-temp;" for kind in kinds)
        (self.folder / "test-nginx.conf").write_text(
            NGINX.format(folder=self.folder, log=self.mail.folder / "webmail-nginx.log", temp_paths=temp_paths)
        )


NGINX = """
user www-data;
daemon off;
pid {folder}/nginx.pid;
error_log {log};
events {{}}
http {{
    include /etc/nginx/mime.types;
    {temp_paths}
    include {folder}/nginx.conf;
}}
"""


@pytest.fixture(scope="session")
def house(mail_system: MailSystem) -> House:
    for program in (PHP, "nginx"):
        need(program)
    need_file(str(ROUNDCUBE / "index.php"))
    need_file(str(ROUNDCUBE / "plugins/managesieve"))
    house = House(mail_system)
    house.start()
    return house
