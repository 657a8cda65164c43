"""Postfix asks the portal's PostgreSQL which mailboxes exist, as docs/mail-servers/dovecot.md sets it up."""

import re
import runpy
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.kit.servers import need, need_file
from tests.kit.servers.logins import ROOT, Database
from tests.kit.servers.postgres import running
from tests.kit.servers.service import DEPLOY

pytestmark = pytest.mark.slow


def test_which_mailboxes_exist(tmp_path: Path) -> None:
    need_file("/usr/lib/postfix/postfix-pgsql.so")
    [grants] = re.findall(r"-c \"(CREATE ROLE postfix .*)\"", (ROOT / "docs/mail-servers/dovecot.md").read_text())
    with running() as url:
        database = Database(url, tmp_path)
        with closing(database.session()) as session:
            for statement in grants.split(";"):
                session.execute(statement)
        database.run("UPDATE accounts_user SET is_active = false WHERE username = 'off@example.edu'")
        table = tmp_path / "mailboxes.cf"
        text = (DEPLOY / "postfix/mailboxes_pgsql.cf").read_text()
        address, name = url.partition("@")[2].split("/")
        table.write_text(text.replace("127.0.0.1", address).replace("dbname = mailkey", f"dbname = {name}"))

        def is_there(mailbox: str) -> bool:
            done = subprocess.run(
                [need("postmap"), "-q", mailbox, f"pgsql:{table}"], capture_output=True, text=True, check=False
            )
            assert not done.stderr
            return done.stdout == "yes\n"

        _ask_other_addresses(database, tmp_path, (address, name))
        found = [is_there(f"{who}@example.edu") for who in ("on", "ON", "o'neil", "off", "nobody", "' OR true --")]
        assert found == [True, True, True, False, False, False]
        table.write_text(table.read_text().replace("'yes'", "password"))
        with pytest.raises(AssertionError, match="permission denied"):
            is_there("on@example.edu")


def _ask_other_addresses(database: Database, folder: Path, place: tuple[str, str]) -> None:
    """`on` has press@ and may send as the mailbox off@, which is disabled; a mailbox keeps its mail."""
    for quoted, receives in (("press@example.edu", True), ("off@example.edu", True), ("o''neil@example.edu", False)):
        database.run(
            "INSERT INTO aliases_alias (address, user_id, receives, note, created_at)"
            f" SELECT '{quoted}', id, {receives}, '', now() FROM accounts_user"
            " WHERE username = 'on@example.edu'"
        )

    def asked(table: str, key: str) -> str:
        text = (DEPLOY / f"postfix/{table}_pgsql.cf").read_text()
        text = text.replace("127.0.0.1", place[0]).replace("dbname = mailkey", f"dbname = {place[1]}")
        (folder / f"{table}.cf").write_text(text)
        command = [need("postmap"), "-q", key, f"pgsql:{folder}/{table}.cf"]
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
    asked("own_addresses", "on@example.edu")
    table = f"pgsql:{folder}/own_addresses.cf"
    program = runpy.run_path(str(DEPLOY / "postfix/mailkey_from.py"))
    own = {"on@example.edu", "press@example.edu", "off@example.edu", "o'neil@example.edu"}
    assert program["own"]("on@example.edu", folder / "senders", table) == own
    letter = [("from", "Press <press@example.edu>")]
    assert program["complaint"](letter, "on@example.edu", folder / "senders", table) == ""
    assert program["complaint"](letter, "o'neil@example.edu", folder / "senders", table)
    with pytest.raises(OSError, match="open"):
        program["own"]("on@example.edu", folder / "senders", f"pgsql:{folder}/missing.cf")
    database.run("UPDATE accounts_user SET is_active = false WHERE username = 'on@example.edu'")
    assert [asked(table, "press@example.edu") for table in ("aliases", "senders")] == ["", ""], "who leaves is out"
    database.run("UPDATE accounts_user SET is_active = true WHERE username = 'on@example.edu'")
