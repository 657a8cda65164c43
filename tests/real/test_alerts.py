"""Prometheus and its Alertmanager with the files of deploy/prometheus: who administers has a mail. And the pictures."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
import requests

from tests.kit.servers import free_port, need
from tests.kit.servers.mails import Mails
from tests.kit.servers.programs import Program
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
FILES = ROOT / "deploy" / "prometheus"
SOON = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{manager}"]}}]}}]}}
"""


@pytest.fixture
def mails() -> Iterator[Mails]:
    mails = Mails("127.0.0.1")
    Thread(target=mails.serve_forever, daemon=True).start()
    yield mails
    mails.shutdown()
    mails.server_close()


def _alertmanager(folder: Path, mail_port: int) -> tuple[Program, int]:
    port = free_port()
    text = (FILES / "alertmanager.yml").read_text(encoding="utf-8")
    assert "localhost:25\n" in text
    text = re.sub("group_wait: .*", "group_wait: 1s", text).replace("localhost:25\n", f"127.0.0.1:{mail_port}\n")
    file = folder / "alertmanager.yml"
    file.write_text(text, encoding="utf-8")
    command = [need("prometheus-alertmanager"), f"--config.file={file}", f"--storage.path={folder}/alerts"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    return Program(command, folder / "alertmanager.log"), port


def _prometheus(folder: Path, manager: int, exporter: int) -> Program:
    """Looks each second, and waits for nothing: the files say minutes."""
    scraped = (FILES / "prometheus.yml").read_text(encoding="utf-8")
    assert "127.0.0.1:9108" in scraped
    text = SOON.format(manager=manager) + scraped.replace("127.0.0.1:9108", f"127.0.0.1:{exporter}")
    (folder / "prometheus.yml").write_text(text.replace("scrape_interval: 15s", "scrape_interval: 1s"))
    rules = (FILES / "mailkey.rules.yml").read_text(encoding="utf-8")
    (folder / "mailkey.rules.yml").write_text(re.sub("for: .*", "for: 0s", rules), encoding="utf-8")
    command = [need("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    return Program([*command, f"--web.listen-address=127.0.0.1:{free_port()}"], folder / "prometheus.log")


def test_who_administers_is_told_that_nobody_tells(tmp_path: Path, mails: Mails) -> None:
    subprocess.run([need("amtool"), "check-config", FILES / "alertmanager.yml"], check=True, capture_output=True)
    manager, port = _alertmanager(tmp_path, mails.server_address[1])
    prometheus = _prometheus(tmp_path, port, free_port())
    try:
        wait_until(lambda: [mail for mail in mails.came if "MailkeyNotTold" in mail], 60)
        assert all(mail.startswith("it@example.edu ") for mail in mails.came)
        assert requests.get(f"http://127.0.0.1:{port}/api/v2/alerts", timeout=10).ok
    finally:
        prometheus.kill()
        manager.kill()


def test_each_picture_asks_what_is_told(tmp_path: Path) -> None:
    board = json.loads((FILES / "grafana.json").read_text(encoding="utf-8"))
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    rules = [{"record": f"asked:{place}", "expr": expr} for place, expr in enumerate(asked)]
    file = tmp_path / "asked.yml"
    file.write_text(json.dumps({"groups": [{"name": "asked", "rules": rules}]}), encoding="utf-8")
    done = subprocess.run([need("promtool"), "check", "rules", file], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    source = (ROOT / "portal/operations/metrics.py").read_text(encoding="utf-8")
    told = set(re.findall(r'"(mailkey_\w+)"', source))
    named = {name.removesuffix("_total") for expr in asked for name in re.findall(r"mailkey_\w+", expr)}
    assert named == told, "each figure has its picture"
