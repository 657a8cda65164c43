"""Postfix asks the portal's PostgreSQL which mailboxes exist, as docs/mail-servers/dovecot.md sets it up."""

import re
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

        found = [is_there(f"{who}@example.edu") for who in ("on", "ON", "o'neil", "off", "nobody", "' OR true --")]
        assert found == [True, True, True, False, False, False]
        table.write_text(table.read_text().replace("'yes'", "password"))
        with pytest.raises(AssertionError, match="permission denied"):
            is_there("on@example.edu")
