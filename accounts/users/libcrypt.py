"""crypt(3), which the system has anyway (libcrypt.so.1, libxcrypt): Python's own module is gone since 3.13.

It leaves Python's lock while it works, so that other threads go on.
"""

import ctypes
from functools import cache

ROOM = 32768  # bytes of struct crypt_data


class Missing(OSError):
    """This system has none."""


@cache
def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libcrypt.so.1")
    except OSError as error:
        raise Missing("libcrypt.so.1 is missing (Debian: libcrypt1)") from error
    library.crypt_rn.restype = ctypes.c_char_p
    library.crypt_rn.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int)
    return library


def check() -> None:
    """Missing, if it is."""
    _library()


def crypt(password: str, setting: str) -> str | None:
    """None if it cannot be: an unknown setting, a password longer than 512 bytes, or one with a NUL, where C would
    stop reading."""
    if "\0" in password:
        return None
    room = ctypes.create_string_buffer(ROOM)
    found = _library().crypt_rn(password.encode(), setting.encode(), room, ROOM)
    return found.decode("ascii") if found else None
