"""deploy/haproxy as HAProxy reads it; `make machines` tries what it does."""

import subprocess
from pathlib import Path

from tests.kit.servers import certificates, need
from tests.kit.servers.service import DEPLOY

PLACE = "/etc/haproxy/security.mail.example.edu.pem"


def test_nothing_in_it_is_wrong_or_in_doubt(tmp_path: Path) -> None:
    certificates.make(tmp_path / "tls")
    pair = tmp_path / "pair.pem"
    pair.write_text("".join((tmp_path / "tls" / name).read_text() for name in ("fullchain.pem", "privkey.pem")))
    text = (DEPLOY / "haproxy/mailkey.cfg").read_text()
    assert PLACE in text
    (tmp_path / "mailkey.cfg").write_text(text.replace(PLACE, str(pair)))
    command = [need("haproxy"), "-c", "-dW", "-f", str(tmp_path / "mailkey.cfg")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
