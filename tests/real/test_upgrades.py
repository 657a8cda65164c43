"""deploy/upgrade, with the processes of deploy/systemd on PostgreSQL and Redis, which are asked all the time."""

import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.kit.people import PASSWORD
from tests.kit.releases import FOLDER, GROWS, MIGRATION, Releases
from tests.kit.servers.logins import Database, LoginService
from tests.kit.servers.postgres import running
from tests.kit.servers.redis import Redis
from tests.kit.servers.units import Units, asked_all_the_time, started

pytestmark = pytest.mark.slow

NAMES = ("mailkey-worker", "mailkey-files", "mailkey-beat", "mailkey-mail", "mailkey-web")
NEEDS_A_PAUSE = {
    f"{FOLDER}/0002_note.py": MIGRATION.format(
        after="0001_initial", atomic=True,
        operation='migrations.AddField("maillogin", "note", models.CharField(max_length=9))',
    )
}  # fmt: skip


class Person:
    """Signed in with the password alone."""

    def __init__(self, port: int) -> None:
        self.site = f"http://127.0.0.1:{port}"
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', self._open("/sign-in/")[0]))
        self._open("/sign-in/", form | {"username": "off@example.edu", "password": PASSWORD})
        assert self.is_in()

    def _open(self, path: str, form: dict[str, str] | None = None) -> tuple[str, str, str]:
        """The page, where it is, and its version."""
        body = urlencode(form).encode() if form else None
        with self._browser.open(self.site + path, body, timeout=60) as answer:
            return answer.read().decode(), answer.url.removeprefix(self.site), answer.headers.get("X-Version", "old")

    def is_in(self) -> bool:
        return self._open("/security/activity/")[1] == "/security/activity/"

    def version(self) -> str:
        return self._open("/security/activity/")[2]


class Site:
    def __init__(self, releases: Releases, units: Units, database: Database) -> None:
        self.releases, self.units = releases, units
        self.person = Person(units.of["mailkey-web"].port)
        self._mail = LoginService(database, units.of["mailkey-mail"].port)
        self._environment = database.environment | units.environment()

    def ask(self) -> tuple[int, bool]:
        return self._mail.right("192.0.2.1").status, self.person.is_in()

    def upgrade(self, *words: str) -> tuple[int, str]:
        done = subprocess.run(
            ["deploy/upgrade", *words], cwd=self.releases.tree, env=self._environment, check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.returncode, done.stdout

    def logs(self) -> str:
        return "".join(unit.log.read_text() for unit in self.units.of.values())


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running() as url, Redis().start() as redis:
        database = Database(url, tmp_path)
        database.environment |= {"CELERY_BROKER_URL": redis.url, "MAIL_ANSWER_WITHIN": "10", "SMS_GATEWAY": "outbox"}
        releases = Releases(tmp_path / "tree", Path(sys.executable).parent.parent)
        with started(releases.tree, tmp_path, database.environment, *NAMES) as units:
            yield Site(releases, units, database)


def test_nobody_notices_an_upgrade(site: Site) -> None:
    releases = site.releases
    paused = releases.after(releases.first, NEEDS_A_PAUSE)
    broken = releases.after(releases.first, {f"{FOLDER}/0002_note.py": GROWS[f"{FOLDER}/0002_note.py"],
                                             "portal/wsgi.py": "\nraise RuntimeError('boom')\n"})  # fmt: skip
    new = releases.after(releases.first, GROWS | {"deploy/systemd/again.conf": "# newer\n"})
    (site.units.folder / "nginx.service.d").mkdir()
    of_nginx = site.units.folder / "nginx.service.d/mailkey.conf"  # as deploy/install lays it, of that one alone
    of_nginx.write_text((releases.tree / "deploy/systemd/again.conf").read_text())
    with asked_all_the_time(site.ask, every=0.6) as answers:
        status, said = site.upgrade(paused)
        assert (status, releases.here()) == (1, releases.first), said
        assert "the old code writes to maillogin without note" in said

        status, said = site.upgrade(broken)
        assert (status, releases.here()) == (1, releases.first), said + site.logs()
        assert "everything gets the old version again" in said
        assert site.person.version() == "old"

        status, said = site.upgrade(new)
        assert (status, releases.here()) == (0, new), said + site.logs()
        assert site.person.version() == "new"
        assert of_nginx.read_text().endswith("# newer\n")
        assert not (site.units.folder / "postgresql@.service.d").exists(), "it is not there for everybody"
        commands = releases.tree / "portal/office/management/commands"  # which nothing has called
        assert list((commands / "__pycache__").glob("evidence.*.pyc")), "services may not write what they compile"
        assert re.findall(r"(expand|contract): maillogins\.(\w+)", said) == [
            ("expand", "0003_index"), ("contract", "0004_gone"),
        ]  # fmt: skip
    assert set(answers) == {(200, True)}
    assert len(answers) > 100
