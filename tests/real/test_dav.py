"""Calendars and contacts behind nginx, by deploy/nginx/dav.conf: who gets through, and what programs are told."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.kit.people import PASSWORD
from tests.kit.servers import free_port, need
from tests.kit.servers.http_stub import Answer, HttpStub, http_stub
from tests.kit.servers.logins import TOKEN, LoginService, login_service_on
from tests.kit.servers.service import DEPLOY, Service

pytestmark = pytest.mark.slow

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    {temp_paths}
    access_log off;
    include {folder}/dav.conf;
}}
"""


@dataclass
class Site:
    address: str
    logins: LoginService
    behind: HttpStub

    def ask(self, user: str = "", password: str = "", *options: str) -> tuple[int, str]:
        """The status, and what was said with it."""
        who = ["--user", f"{user}:{password}"] if user else []
        done = subprocess.run(
            [need("curl"), "--silent", "--include", *who, *options, f"{self.address}/calendars/"],
            capture_output=True, text=True, timeout=30, check=True,
        )  # fmt: skip
        return int(done.stdout.split()[1]), done.stdout


RADICALE = """
[server]
hosts = {address}
[auth]
type = http_x_remote_user
[storage]
filesystem_folder = {folder}/collections
"""
VDIRSYNCER = """
[general]
status_path = "{folder}/status/"
[pair mine]
a = "here"
b = "there"
collections = ["from b"]
[storage here]
type = "filesystem"
path = "{folder}/here/"
fileext = ".ics"
[storage there]
type = "caldav"
url = "{address}/"
username = "on@example.edu"
password = "{password}"
"""
MEETING = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//test//
BEGIN:VEVENT
UID:meeting
DTSTAMP:20261130T080000Z
DTSTART:20261201T080000Z
SUMMARY:Meeting
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    need("curl")
    folder, port = tmp_path_factory.mktemp("dav"), free_port()
    with login_service_on("sqlite", folder) as logins, http_stub() as behind:
        behind.always = Answer("a calendar")
        lay_out(folder, port, logins.port, behind.host)
        nginx = Service("nginx", [need("nginx"), "-c", str(folder / "nginx.conf")], folder, {})
        nginx.start(port)
        yield Site(f"http://127.0.0.1:{port}", logins, behind)
        nginx.stop()


def lay_out(folder: Path, port: int, logins: int, behind: str, token: str = TOKEN, protocol: str = "dav") -> None:
    """nginx's configuration, as an administrator changes it."""
    text = (DEPLOY / "nginx/dav.conf").read_text()
    text = re.sub(r"(?m)^ *ssl_\w+ .*\n", "", text)  # nobody is in between here
    for old, new in {
        "443 ssl;": f"127.0.0.1:{port};",
        "127.0.0.1:8001": f"127.0.0.1:{logins}",
        "127.0.0.1:5232": behind,
        "/etc/nginx/mailkey-dav-token.conf": str(folder / "token.conf"),
        "Auth-Protocol        dav;": f"Auth-Protocol        {protocol};",
    }.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "dav.conf").write_text(text)
    (folder / "token.conf").write_text(f'proxy_set_header Authorization "Bearer {token}";\n')
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temp_paths = " ".join(f"{kind}_temp_path {folder}/nginx-temp;" for kind in kinds)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, temp_paths=temp_paths))


def limit(site: Site, scope: str) -> None:
    site.logins.database.run(f"UPDATE apppasswords_apppassword SET scope = '{scope}' WHERE name = 'Mail'")


def test_who_gets_through(site: Site) -> None:
    secret = site.logins.database.secret
    limit(site, "read send calendars")
    site.behind.asked.clear()
    assert site.ask("ON@example.edu", secret, "--header", "X-Remote-User: off@example.edu")[0] == 200
    [asked] = site.behind.asked
    assert asked.headers["X-Remote-User"] == "on@example.edu", "not who the program says that it is"
    assert "Authorization" not in asked.headers, "the server behind learns no password"
    assert site.ask("off@example.edu", PASSWORD)[0] == 200, "without two-step the mailbox password"
    site.behind.asked.clear()
    for user, password in (
        ("on@example.edu", PASSWORD),
        ("on@example.edu", "wrong"),
        ("off@example.edu", secret),
        ("", ""),
    ):
        status, said = site.ask(user, password)
        assert status == 401
        assert 'www-authenticate: basic realm="mail"' in said.lower()
    limit(site, "read send")
    assert site.ask("on@example.edu", secret)[0] == 401, "made for mail"
    assert not site.behind.asked


def test_removed_it_opens_nothing_at_the_next_request(site: Site) -> None:
    database = site.logins.database
    database.run("UPDATE apppasswords_apppassword SET scope = 'calendars' WHERE name = 'Unused'")
    assert site.ask("on@example.edu", database.unused)[0] == 200
    database.run("DELETE FROM apppasswords_apppassword WHERE name = 'Unused'")
    assert site.ask("on@example.edu", database.unused)[0] == 401


def test_wrong_ones_ban_and_an_outage_does_not(site: Site) -> None:
    database, elsewhere = site.logins.database, ("--interface", "127.0.0.9")
    database.run("ALTER TABLE bans_ban RENAME TO away")
    try:
        status, said = site.ask("on@example.edu", "wrong", *elsewhere)
        assert (status, "Retry-After: 30" in said) == (503, True), "later, and no other password"
    finally:
        database.run("ALTER TABLE away RENAME TO bans_ban")
    limit(site, "calendars")
    assert site.ask("on@example.edu", database.secret, *elsewhere)[0] == 200
    for _ in range(10):
        assert site.ask("on@example.edu", "wrong", *elsewhere)[0] == 401
    assert site.ask("on@example.edu", database.secret, *elsewhere)[0] == 403


# --- A real server, and a real program -------------------------------------------------------------------------------


def test_vdirsyncer_keeps_a_calendar_at_radicale(tmp_path: Path) -> None:
    """It finds the calendar by itself; a password for mail alone, and one that was removed, open none."""
    for program in ("radicale", "vdirsyncer"):
        need(program)
    port, behind = free_port(), free_port()
    (tmp_path / "radicale.conf").write_text(RADICALE.format(address=f"127.0.0.1:{behind}", folder=tmp_path))
    radicale = Service("radicale", ["radicale", "--config", str(tmp_path / "radicale.conf")], tmp_path, {})
    nginx = Service("nginx", [need("nginx"), "-c", str(tmp_path / "nginx.conf")], tmp_path, {})
    with login_service_on("sqlite", tmp_path) as logins:
        lay_out(tmp_path, port, logins.port, f"127.0.0.1:{behind}")
        try:
            radicale.start(behind)
            nginx.start(port)
            _keep_a_calendar(f"http://127.0.0.1:{port}", logins, tmp_path)
        finally:
            nginx.stop()
            radicale.stop()


def _keep_a_calendar(address: str, logins: LoginService, folder: Path) -> None:
    database = logins.database
    config = folder / "vdirsyncer.conf"
    config.write_text(VDIRSYNCER.format(folder=folder, address=address, password=database.secret))

    def run(command: str) -> int:
        words = [need("vdirsyncer"), "--config", str(config), command]
        done = subprocess.run(words, input="y\n" * 9, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode

    def put(method: str, path: str, body: str) -> int:
        who = ["--user", f"on@example.edu:{database.secret}", "--request", method, "--data-binary", "@-"]
        words = [need("curl"), "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", *who]
        done = subprocess.run([*words, address + path], input=body, capture_output=True, text=True, check=True)
        return int(done.stdout)

    assert run("discover"), "made for mail"
    database.run("UPDATE apppasswords_apppassword SET scope = 'calendars' WHERE name = 'Mail'")
    assert put("MKCALENDAR", "/on@example.edu/lectures/", "") == 201
    assert put("MKCALENDAR", "/off@example.edu/lectures/", "") in (403, 409), "not in another's name"
    assert put("PUT", "/on@example.edu/lectures/meeting.ics", MEETING) == 201
    assert (run("discover"), run("sync")) == (0, 0)
    [kept] = (folder / "here/lectures").glob("*.ics")
    (folder / "here/lectures/walk.ics").write_text(MEETING.replace("meeting", "walk").replace("Meeting", "A walk"))
    kept.unlink()
    assert run("sync") == 0
    there = (folder / "collections/collection-root/on@example.edu/lectures").glob("*.ics")
    assert ["A walk" in path.read_text() for path in there] == [True], "both ways"
    database.run("DELETE FROM apppasswords_apppassword WHERE name = 'Mail'")
    assert run("sync")
