"""A milter that Postfix starts itself (master.cf): who signed in sends in his own name, in the letter too.

The envelope is checked by Postfix (smtpd_sender_login_maps), but people see the header. It may name the address of
who signed in, and those that stand beside it in `senders` (argument 1), the table that Postfix checks the envelope by:
`shared@example.edu zhangsan@example.edu,lisi@example.edu`. A table of Postfix (argument 2) that says them by who
signed in is asked too. No other address may stand there in any spelling, not even
in the displayed name, which is all that some programs show.

It speaks with Postfix on standard input and output, one process for a connection, and needs Python and postmap.
"""

import re
import struct
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from pathlib import Path

OPTIONS, MACROS, MAIL, HEADER, END_OF_HEADERS, ABORT = b"O", b"D", b"M", b"L", b"N", b"A"
QUIT, QUIT_FOR_ANOTHER = b"Q", b"K"
CONTINUE, REPLY = b"c", b"y"
# What need not be told: connect, helo, recipients, body, data, unknown commands.
NOT_WANTED = 0x1 | 0x2 | 0x8 | 0x10 | 0x200 | 0x100
VERSION = 6
LARGEST = 1 << 20  # bytes of one packet; Postfix cuts headers long before

NAMES = ("from", "sender", "resent-from", "resent-sender")
ATOM = r"[\w.!#$%&'*+/=?^`{|}~-]"


def own(login: str, senders: Path, table: str = "") -> set[str]:
    """The addresses in whose name one may send. A table that cannot be asked ends the program: the letter waits."""
    found = {login, *(looked_up(login, table) if table else [])}
    if senders.is_file():
        for line in senders.read_text("utf-8", "replace").lower().splitlines():
            address, _, logins = line.partition("#")[0].strip().partition(" ")
            if login in re.split(r"[\s,]+", logins):
                found.add(address)
    return found


def looked_up(login: str, table: str) -> list[str]:
    command = ["/usr/sbin/postmap", "-q", login, table]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603
    # 1 is "not there" and "cannot tell"; only the latter says "fatal". Of a line that main.cf has twice it only warns.
    if ": fatal: " in done.stderr or done.returncode not in (0, 1):
        raise OSError(done.stderr)
    return [address for address in re.split(r"[\s,]+", done.stdout.lower()) if address]


def complaint(headers: list[tuple[str, str]], login: str, senders: Path, table: str = "") -> str:
    """Why the letter is refused, or nothing."""
    if not login:
        return "Sign in before you send."
    if sum(name == "from" for name, _ in headers) != 1:
        return "A letter needs one From line."
    addresses = own(login, senders, table)
    for name, value in headers:
        if not all(names_only(addresses, text) for text in readings(value)) or (name == "from" and "@" not in value):
            return f"The {name.title()} line must hold your own address, {login}, and no other."
    return ""


def readings(value: str) -> list[str]:
    """How programs may read it: as it is, decoded, without comments."""
    try:
        decoded = str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        decoded = "@"  # nobody knows what it says
    plain = [re.sub(r'["\\]', "", unicodedata.normalize("NFKC", text)).lower() for text in (value, decoded)]
    return [re.sub(r"\s*([@.])\s*", r"\1", text) for text in (*plain, *(uncommented(text) for text in plain))]


def uncommented(text: str) -> str:
    while (shorter := re.sub(r"\([^()]*\)", "", text)) != text:
        text = shorter
    return text


def names_only(addresses: set[str], text: str) -> bool:
    """After these are taken out, with +anything or without, no @ is left."""
    for address in addresses:
        name, _, domain = map(re.escape, address.rpartition("@"))
        text = re.sub(rf"(?<!{ATOM}){name}(\+{ATOM}*)?@{domain}(?!{ATOM})", "", text)
    return "@" not in text and not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text)


# --- The milter protocol ---------------------------------------------------------------------------------------------


def packet() -> tuple[bytes, bytes] | None:
    head = sys.stdin.buffer.read(4)
    if len(head) < 4:
        return None
    (size,) = struct.unpack("!I", head)
    if not 0 < size <= LARGEST:
        return None
    body = sys.stdin.buffer.read(size)
    return (body[:1], body[1:]) if len(body) == size else None


def answer(kind: bytes, data: bytes = b"") -> None:
    sys.stdout.buffer.write(struct.pack("!I", len(data) + 1) + kind + data)
    sys.stdout.buffer.flush()


def text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


class Letters:
    """What one connection sends, one letter after the other."""

    def __init__(self, senders: Path, table: str) -> None:
        self.senders, self.table = senders, table
        self.login = ""
        self.headers: list[tuple[str, str]] = []

    def options(self, data: bytes) -> None:
        version, _actions, offered = struct.unpack("!III", data[:12])
        answer(OPTIONS, struct.pack("!III", min(version, VERSION), 0, offered & NOT_WANTED))

    def macros(self, data: bytes) -> None:
        if data[:1] == MAIL:
            words = text(data[1:]).split("\0")
            self.login = dict(zip(words[::2], words[1::2], strict=False)).get("{auth_authen}", "").lower()

    def mail(self, _: bytes) -> None:
        self.headers = []
        answer(CONTINUE)

    def header(self, data: bytes) -> None:
        name, _, value = text(data).rstrip("\0").partition("\0")
        if name.strip().lower() in NAMES:
            self.headers.append((name.strip().lower(), value))
        answer(CONTINUE)

    def end_of_headers(self, _: bytes) -> None:
        if said := complaint(self.headers, self.login, self.senders, self.table):
            answer(REPLY, f"550 5.7.1 {said}".encode("ascii", "replace") + b"\0")
        else:
            answer(CONTINUE)

    def abort(self, _: bytes) -> None:
        """It is not answered."""
        self.headers = []

    def other(self, _: bytes) -> None:
        answer(CONTINUE)


def serve(senders: Path, table: str = "") -> None:
    letters = Letters(senders, table)
    known: dict[bytes, Callable[[bytes], None]] = {
        OPTIONS: letters.options,
        MACROS: letters.macros,
        MAIL: letters.mail,
        HEADER: letters.header,
        END_OF_HEADERS: letters.end_of_headers,
        ABORT: letters.abort,
    }
    while (received := packet()) and received[0] not in (QUIT, QUIT_FOR_ANOTHER):
        kind, data = received
        known.get(kind, letters.other)(data)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), *sys.argv[2:3])
