"""The LDAP front: for servers that can ask in no other way than by an LDAP bind. A process and a port of its own.

    python -m apppasswords.maillogin.ldap.front

It is decided as by HTTP and in the same time: a bind waits its turn as a request does. Whatever goes wrong here ends
the connection without an answer, which is a yes to nobody.
"""

import asyncio
import signal
import ssl
import sys
import time
from asyncio import StreamReader, StreamWriter
from http import HTTPStatus

from django.conf import settings

from apppasswords.maillogin.server.request import answer  # it sets Django up

# isort: split
from accounts.lib import origins
from apppasswords.maillogin.ldap import ber, messages
from apppasswords.maillogin.ldap.ber import MalformedError
from apppasswords.maillogin.ldap.messages import (
    ABANDON,
    ANSWERED,
    BIND,
    SEARCH,
    SUCCESS,
    UNAVAILABLE,
    UNBIND,
    UNWILLING,
    Message,
)
from apppasswords.maillogin.wire import Answer, Asked

IDLE = 300  # seconds without a question, after which a connection is closed
MOST = 1000  # connections at once
NOT_DONE = Answer(UNWILLING, "This is not done here.")


class Front:
    def __init__(self) -> None:
        self._connections = 0

    async def serve(self) -> None:
        ended = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        host, _, port = settings.LDAP_FRONT_LISTEN.rpartition(":")
        server = await asyncio.start_server(self._talk, host.strip("[]"), int(port), ssl=_certificate())
        await ended.wait()
        server.close()

    async def _talk(self, reader: StreamReader, writer: StreamWriter) -> None:
        self._connections += 1
        peer = str(origins.parse(writer.get_extra_info("peername")[0]))
        try:
            while self._connections <= MOST and await _answer_next(reader, writer, peer):
                pass
        except (TimeoutError, OSError, EOFError, ValueError, MalformedError):
            pass  # it hung up, or does not speak LDAP
        finally:
            self._connections -= 1
            writer.close()


def _certificate() -> ssl.SSLContext | None:
    if not settings.LDAP_FRONT_CERTIFICATE:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.LDAP_FRONT_CERTIFICATE, settings.LDAP_FRONT_KEY)
    return context


async def _answer_next(reader: StreamReader, writer: StreamWriter, peer: str) -> bool:
    message = await asyncio.wait_for(_message(reader), IDLE)
    if message.operation == UNBIND:
        return False
    if message.operation != ABANDON:
        writer.write(await _said(message, peer))
        await asyncio.wait_for(writer.drain(), IDLE)
    return True


async def _message(reader: StreamReader) -> Message:
    data = await reader.readexactly(1)
    if data[0] != ber.SEQUENCE:
        raise MalformedError
    while (length := ber.length(data)) is None:
        data += await reader.readexactly(1)
    if length > messages.LARGEST:
        raise MalformedError
    return messages.read(data + await reader.readexactly(length - len(data)))


async def _said(message: Message, peer: str) -> bytes:
    if message.operation not in ANSWERED:
        raise MalformedError
    found, said = b"", NOT_DONE
    try:
        if message.operation == BIND:
            said = await _bind(message, peer)
        elif message.operation == SEARCH:
            found, said = messages.find(message, peer), Answer(SUCCESS, "")
            said = await _readiness() if messages.is_of_directory(message) else said
    except messages.Refusal as refusal:
        said = refusal.answer
    return found + messages.write(message, said)


async def _readiness() -> Answer:
    """Of what a directory says of itself it is asked by who watches over it (portal/operations/ldap_front.py)."""
    found = await answer(None, time.monotonic())
    return Answer(SUCCESS, "") if found.status == HTTPStatus.OK else Answer(UNAVAILABLE, found.text)


async def _bind(message: Message, peer: str) -> Answer:
    came_at = time.monotonic()
    login = messages.read_bind(message, peer)
    if login is None:
        return Answer(SUCCESS, "")
    asked = Asked(login, lambda verdict, _login: messages.write_bind(verdict))
    return await answer(asked, came_at)


if __name__ == "__main__":
    if not settings.LDAP_FRONT_SERVERS:
        sys.exit("LDAP_FRONT_SERVERS is empty: nobody may ask.")
    asyncio.run(Front().serve())
