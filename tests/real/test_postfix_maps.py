"""What Postfix asks the portal's PostgreSQL: which mailboxes exist, and who may send as whom."""

import re
import runpy
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.kit.mail_programs import Mailbox, smtp
from tests.kit.servers import need, need_file
from tests.kit.servers.logins import ROOT, Database
from tests.kit.servers.mail import MailSystem
from tests.kit.servers.postgres import running
from tests.kit.servers.service import DEPLOY
from tests.real.test_mail_senders import send

pytestmark = pytest.mark.slow

PEOPLE = """
from accounts.users.models import User
for name in {names}:
    User.objects.create_user(name)
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    need_file("/usr/lib/postfix/postfix-pgsql.so")
    [grants] = re.findall(r"-c \"(CREATE ROLE postfix .*)\"", (ROOT / "docs/mail-servers/dovecot.md").read_text())
    with running() as url:
        database = Database(url, tmp_path_factory.mktemp("maps"))
        with closing(database.session()) as session:
            for statement in grants.split(";"):
                session.execute(statement)
        yield database


def table(database: Database, name: str, folder: Path) -> Path:
    """One of deploy/postfix, with what an administrator changes in it."""
    address, of = database.url.partition("@")[2].split("/")
    text = (DEPLOY / f"postfix/{name}_pgsql.cf").read_text()
    file = folder / f"{name}_pgsql.cf"
    file.write_text(text.replace("127.0.0.1", address).replace("dbname = mailkey", f"dbname = {of}"))
    return file


def grant(database: Database, address: str, to: str, *, receives: bool = False) -> None:
    database.run(
        "INSERT INTO aliases_alias (address, user_id, receives, note, created_at)"
        f" SELECT '{address}', id, {receives}, '', now() FROM accounts_user WHERE username = '{to}'"
    )


def test_which_mailboxes_exist(database: Database, tmp_path: Path) -> None:
    database.run("UPDATE accounts_user SET is_active = false WHERE username = 'off@example.edu'")
    file = table(database, "mailboxes", tmp_path)

    def is_there(mailbox: str) -> bool:
        done = subprocess.run(
            [need("postmap"), "-q", mailbox, f"pgsql:{file}"], capture_output=True, text=True, check=False
        )
        assert not done.stderr
        return done.stdout == "yes\n"

    _ask_other_addresses(database, tmp_path)
    found = [is_there(f"{who}@example.edu") for who in ("on", "ON", "o'neil", "off", "nobody", "' OR true --")]
    assert found == [True, True, True, False, False, False]
    file.write_text(file.read_text().replace("'yes'", "password"))
    with pytest.raises(AssertionError, match="permission denied"):
        is_there("on@example.edu")


def _ask_other_addresses(database: Database, folder: Path) -> None:
    """`on` has press@ and may send as the mailbox off@, which is disabled; a mailbox keeps its mail."""
    for quoted, receives in (("press@example.edu", True), ("off@example.edu", True), ("o''neil@example.edu", False)):
        grant(database, quoted, "on@example.edu", receives=receives)

    def asked(name: str, key: str) -> str:
        command = [need("postmap"), "-q", key, f"pgsql:{table(database, name, folder)}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert not done.stderr
        return done.stdout.strip()

    assert asked("aliases", "PRESS@example.edu") == "on@example.edu"
    assert asked("aliases", "off@example.edu") == "", "a mailbox keeps its mail"
    assert asked("aliases", "o'neil@example.edu") == "", "only to send as"
    assert asked("senders", "press@example.edu") == "on@example.edu"
    assert set(asked("senders", "o'neil@example.edu").split(",")) == {"o'neil@example.edu", "on@example.edu"}
    assert asked("senders", "off@example.edu") == "on@example.edu", "its owner is disabled"
    assert asked("senders", "nobody@example.edu") == ""
    addresses = f"pgsql:{table(database, 'own_addresses', folder)}"
    program = runpy.run_path(str(DEPLOY / "postfix/mailkey_from.py"))
    own = {"on@example.edu", "press@example.edu", "off@example.edu", "o'neil@example.edu"}
    assert program["own"]("on@example.edu", folder / "senders", addresses) == own
    letter = [("from", "Press <press@example.edu>")]
    assert program["complaint"](letter, "on@example.edu", folder / "senders", addresses) == ""
    assert program["complaint"](letter, "o'neil@example.edu", folder / "senders", addresses)
    with pytest.raises(OSError, match="open"):
        program["own"]("on@example.edu", folder / "senders", f"pgsql:{folder}/missing.cf")
    database.run("UPDATE accounts_user SET is_active = false WHERE username = 'on@example.edu'")
    assert [asked(name, "press@example.edu") for name in ("aliases", "senders")] == ["", ""], "who leaves is out"
    database.run("UPDATE accounts_user SET is_active = true WHERE username = 'on@example.edu'")


def test_a_real_postfix_lets_send_as_what_the_office_grants(
    database: Database, mail_system: MailSystem, staff: Mailbox, colleague: Mailbox
) -> None:
    """Envelope and letter, as docs/mail-servers/dovecot.md sets it up; what is withdrawn counts at once."""
    granted = f"paper-{staff.name}"
    database.manage("shell", "--verbosity", "0", "--command", PEOPLE.format(names=[staff.name, colleague.name]))
    grant(database, granted, staff.name)
    with asking(database, mail_system) as folder:

        def says(who: Mailbox, envelope: str | None = None) -> str:
            return send(who, f"From: Paper <{granted}>\r\nSubject: paper", envelope=envelope)

        assert says(staff) == "sent"
        assert says(staff, granted) == "sent"
        assert says(colleague).startswith("550")
        assert refused_sender(colleague, granted) == 553
        kept = (folder / "own_addresses_pgsql.cf").rename(folder / "away")
        assert says(staff).startswith("451"), "it cannot be asked: the letter waits"
        kept.rename(folder / "own_addresses_pgsql.cf")
        assert says(staff) == "sent"
        database.run(f"DELETE FROM aliases_alias WHERE address = '{granted}'")
        assert says(staff).startswith("550")
        assert refused_sender(staff, granted) == 553


def refused_sender(who: Mailbox, envelope: str) -> int:
    with smtp(who.system, who.address) as outgoing:
        outgoing.login(who.name, who.app_password)
        outgoing.mail(envelope)
        return outgoing.rcpt(who.name)[0]


@contextmanager
def asking(database: Database, system: MailSystem) -> Iterator[Path]:
    """The Postfix that runs asks the database; afterwards it does as before. Its folder."""
    folder = system.folder / "postfix"
    kept = {name: (folder / name).read_text() for name in ("main.cf", "master.cf")}
    own, senders = (table(database, name, folder) for name in ("own_addresses", "senders"))
    program = f"mailkey_from.py {folder}/senders"
    assert program in kept["master.cf"]
    system.transfer.stop()
    (folder / "master.cf").write_text(kept["master.cf"].replace(program, f"{program} pgsql:{own}"))
    (folder / "main.cf").write_text(kept["main.cf"] + f"granted_senders = proxy:pgsql:{senders}\n")
    ports = system.numbers("relay", "world")
    try:
        system.transfer.start(*ports)
        yield folder
    finally:
        system.transfer.stop()
        for name, text in kept.items():
            (folder / name).write_text(text)
        system.transfer.start(*ports)
