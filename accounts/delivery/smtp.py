"""Django's way to a mail server, which remembers how far it came: what may have left us is not sent again."""

import smtplib
from typing import Any

from django.core.mail.backends import smtp

END = b"\r\n.\r\n"  # of a mail; without it no server takes one


class EmailBackend(smtp.EmailBackend):
    was_handed_over = False  # to its last byte; from now on only an answer tells
    was_accepted = False

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        backend = self
        plain: Any = super().connection_class

        class Conversation(plain):  # type: ignore[misc]
            def send(self, text: bytes | str) -> None:
                super().send(text)
                if isinstance(text, bytes) and text.endswith(END):
                    backend.was_handed_over = True

            def data(self, msg: bytes | str) -> tuple[int, bytes]:
                code, reply = super().data(msg)
                backend.was_accepted = code == 250
                return code, reply

        return Conversation
