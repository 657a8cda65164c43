"""A mail server that takes what comes, or takes the connection and says nothing."""

import time
from collections import Counter
from email import message_from_bytes
from socketserver import StreamRequestHandler, ThreadingTCPServer


class Mails(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, host: str) -> None:
        super().__init__((host, 0), _Conversation)
        self.is_silent = False
        self.came: Counter[str] = Counter()  # by what is in it


class _Conversation(StreamRequestHandler):
    server: Mails

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline():
            word = line[:4].upper().strip()
            if word == b"DATA":
                self._say("354 go on")
                self.server.came[self._mail()] += 1
            self._say("221 bye" if word == b"QUIT" else "250 ok")

    def _mail(self) -> str:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        mail = message_from_bytes(b"".join(lines))
        return f"{mail['To']} {mail['Subject']} {mail.get_payload()}"

    def _say(self, words: str) -> None:
        while self.server.is_silent:
            time.sleep(0.1)
        self.wfile.write(f"{words}\r\n".encode())
