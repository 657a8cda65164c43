"""Kannel: bearerbox, smsbox, and the carrier that comes with it (fakesmsc), which reports each SMS as delivered."""

import re
import tempfile
from pathlib import Path
from typing import Self
from urllib.parse import unquote_to_bytes

from tests.kit.servers import need, need_file
from tests.kit.servers.programs import Program
from tests.kit.servers.service import free_ports, is_listening
from tests.kit.waiting import wait_until

CARRIER = "/usr/lib/kannel/test/fakesmsc"
USER, PASSWORD = "mailkey", "only-for-this-test"
GOT = re.compile(r"Got message \d+: <\S+ (\S+) ucs-2 (\S+)>")

CONFIGURATION = """
group = core
admin-port = {admin}
admin-password = {password}
admin-allow-ip = 127.0.0.1
smsbox-port = {boxes}

group = smsc
smsc = fake
smsc-id = fake
port = {carrier}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {send}
global-sender = 10690

group = sendsms-user
username = {user}
password = {password}
max-messages = 4
concatenation = true
user-allow-ip = 127.0.0.1

group = sms-service
keyword = default
max-messages = 0
text = ""
"""


class Kannel:
    def __init__(self) -> None:
        self._bearerbox, self._smsbox = need("bearerbox"), need("smsbox")
        need_file(CARRIER)
        self._temporary = tempfile.TemporaryDirectory(prefix="mailkey-kannel-")
        self._folder = Path(self._temporary.name)
        self._configuration = self._folder / "kannel.conf"
        self._programs: list[Program] = []
        admin, boxes, self._carrier, self.port = free_ports(4)
        self._boxes = boxes
        self._configuration.write_text(
            CONFIGURATION.format(
                admin=admin, boxes=boxes, carrier=self._carrier, send=self.port, user=USER, password=PASSWORD
            )
        )

    def start(self) -> Self:
        self._run(self._bearerbox, "-v", "1", str(self._configuration))
        wait_until(lambda: is_listening(self._boxes) and is_listening(self._carrier), 30)
        self._run(CARRIER, "-H", "127.0.0.1", "-r", str(self._carrier), "-i", "1", "-m", "0", "1 2 text nothing")
        self._run(self._smsbox, "-v", "1", str(self._configuration))
        wait_until(lambda: is_listening(self.port), 30)
        return self

    def _run(self, command: str, *words: str) -> None:
        log = self._folder / f"{Path(command).name}.log"
        self._programs.append(Program([command, *words], log, folder=self._folder))

    def stop(self) -> None:
        """The ports stay its own."""
        for program in reversed(self._programs):
            program.kill()
        self._programs.clear()

    def received(self) -> list[tuple[str, str]]:
        """Number and text of each SMS that came to the carrier."""
        log = self._folder / "fakesmsc.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        return [(number, _decoded(data)) for number, data in GOT.findall(text)]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._temporary.cleanup()


def _decoded(data: str) -> str:
    return unquote_to_bytes(data.replace("+", " ")).decode("utf-16-be")
