"""Values as LDAP writes them (BER, as RFC 4511 narrows it: definite lengths, tags of one byte)."""

from collections.abc import Iterator

INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x02, 0x04, 0x0A, 0x30, 0x31


class MalformedError(Exception):
    """The bytes are no such value."""


def length(data: bytes) -> int | None:
    """Of the whole first value with what stands before it; None: more has to come before that is known."""
    if len(data) < 2:
        return None
    if data[1] < 0x80:
        return 2 + data[1]
    more = data[1] - 0x80
    if not 1 <= more <= 4:
        raise MalformedError
    return 2 + more + int.from_bytes(data[2 : 2 + more]) if len(data) >= 2 + more else None


def values(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Each with its tag."""
    while data:
        end = length(data)
        if end is None or end > len(data):
            raise MalformedError
        start = 2 if data[1] < 0x80 else 2 + data[1] - 0x80
        yield data[0], data[start:end]
        data = data[end:]


def written(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes((tag, len(body))) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8)
    return bytes((tag, 0x80 + len(size))) + size + body


def number(tag: int, value: int) -> bytes:
    """Of one that is not negative."""
    return written(tag, value.to_bytes(value.bit_length() // 8 + 1))
