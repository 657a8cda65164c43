"""`make run-mail`: the whole house starts with one command and leaves nothing behind."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import requests

from tests.kit.servers import migrated, need, need_file, showcase
from tests.kit.servers.house import PHP, ROUNDCUBE
from tests.kit.servers.service import free_ports, left_over
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
PROGRAM = """
import sys
from tests.kit.servers import showcase
showcase.PORTS |= {ports}
sys.exit(showcase.main())
"""


def test_it_starts_and_ctrl_c_stops_all_of_it(tmp_path: Path) -> None:
    for program in ("dovecot", "postfix", "nginx", PHP):
        need(program)
    need_file(str(ROUNDCUBE))
    ports = dict(zip([*showcase.PORTS, "portal", "login"], free_ports(len(showcase.PORTS) + 2), strict=True))
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", migrated.FOLDER) if name in os.environ}
    kept |= {"DEBUG": "on", "PORT": str(ports.pop("portal")), "MAIL_PORT": str(ports.pop("login"))}
    log = tmp_path / "log.txt"
    with log.open("wb") as output:
        house = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(ports=ports)], cwd=ROOT, env=kept, stdout=output, stderr=output
        )
    try:
        wait_until(lambda: house.poll() is not None or "Ctrl-C" in log.read_text(), 180)
        assert house.poll() is None, log.read_text()
        folder = next(path for path in Path(tempfile.gettempdir()).glob("mailkey-house-*") if left_over(path))
        portal = requests.get(f"http://localhost:{kept['PORT']}/sign-in/", timeout=30)
        assert portal.ok
        context = ssl.create_default_context(cafile=str(folder / "tls/fullchain.pem"))
        for name in ("webmail", "imap", "pop3", "smtp"):
            with socket.create_connection(("127.0.0.1", ports[name]), 10) as line:
                context.wrap_socket(line, server_hostname="localhost").close()
        inbox = folder / "vmail/example.edu/zhangsan/Maildir/new"
        wait_until(lambda: inbox.exists() and any("zhangsan@" in path.read_text() for path in inbox.iterdir()))
    finally:
        house.send_signal(signal.SIGINT)
    assert house.wait(60) == 0, log.read_text()
    assert not left_over(folder)
    assert not folder.exists()


def test_each_missing_thing_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        showcase, "NEEDED", {"/nowhere/dovecot": "dovecot-core", "/nowhere/roundcube": "roundcube-core"}
    )
    assert showcase.missing()[:2] == [
        "/nowhere/dovecot is missing: apt install dovecot-core",
        "/nowhere/roundcube is missing: apt install roundcube-core",
    ]
