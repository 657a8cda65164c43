"""The kinds of values that settings have: each function reads one, or raises ValueError; a Hint says more about why."""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import date, timedelta
from difflib import get_close_matches
from email.utils import parseaddr
from importlib.util import find_spec
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

Ordered = TypeVar("Ordered", int, float, timedelta)

SHORTEST_KEY = 32  # characters
KEY = f"a random text of {SHORTEST_KEY} characters or more"
PRIVATE_KEY = "PRIVATE KEY"
CERTIFICATE = "CERTIFICATE"

TRUE, FALSE = ("on", "true", "yes", "y", "ok", "1"), ("off", "false", "no", "n", "0")
UNITS = {"": 1, "s": 1, "min": 60, "h": 3600, "d": 86400}  # seconds
ADDRESS = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+")
DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.+?)-----END \1-----", re.DOTALL)


class Hint(ValueError):
    """What the person who wrote the value may have meant, as a sentence."""


def text(value: str) -> str:
    value = value.strip()
    if CONTROL.search(value):
        raise Hint("There is a line break or another control character in it.")
    return value


def checked(value: str, check: Callable[[str], object]) -> str:
    value = text(value)
    check(value)
    return value


def secret(value: str, least: int) -> str:
    value = text(value)
    if len(value) < least:
        raise Hint("It is too short.")
    return value


def key(value: str) -> str:
    if len(value.strip()) < SHORTEST_KEY:
        raise Hint("It is too short.")
    return value


def keys(value: str) -> list[str]:
    return [key(part) for part in value.split(",") if part] or [key("")]


def keys_or(plain: str, value: str) -> list[str]:
    """`plain` in the first place stands for none."""
    first, _, rest = value.partition(",")
    return [plain, *(keys(rest) if rest else [])] if first.strip() == plain else keys(value)


def pems(value: str, label: str) -> list[str]:
    found = list(PEM.finditer(value.replace("\\n", "\n")))
    if not found:
        raise Hint("It has no -----BEGIN … and -----END … lines.")
    for block in found:
        if not block[1].endswith(label) or "ENCRYPTED" in block[1] + block[2]:
            raise Hint(f"What it holds is called {block[1]}.")
        try:
            base64.b64decode("".join(block[2].split()), validate=True)
        except binascii.Error:
            raise Hint("What stands between its first and last line is damaged.") from None
    return [block[0] for block in found]


def boolean(value: str) -> bool:
    word = value.strip().lower()
    if word not in TRUE + FALSE:
        raise ValueError
    return word in TRUE


def number(value: str, limits: str) -> int:
    """`limits` as "1 to 20"."""
    return _within(value, limits, _whole)


def _whole(value: str) -> int:
    if not re.fullmatch(r"\s*-?[0-9]{1,18}\s*", value):
        raise ValueError
    return int(value)


def _within(value: str, limits: str, read: Callable[[str], Ordered]) -> Ordered:
    found = read(value)
    least, most = map(read, limits.split(" to "))
    if not least <= found <= most:
        raise ValueError
    return found


def numbers(value: str, limits: str) -> list[int]:
    return [number(word, limits) for word in words(value)]


def words(value: str) -> list[str]:
    return [word.strip() for word in value.split(",") if word.strip()]


def duration(value: str, limits: str) -> timedelta:
    """`limits` as "30s to 1h"."""
    return _within(value, limits, _duration)


def _duration(value: str) -> timedelta:
    match = re.fullmatch(r"([0-9]{1,10})\s*([a-z]*)", value.strip())
    if not match or match[2] not in UNITS:
        raise ValueError
    return timedelta(seconds=int(match[1]) * UNITS[match[2]])


def seconds(value: str, limits: str) -> float:
    """`limits` as "0.1 to 10"."""
    return _within(value, limits, _decimal)


def _decimal(value: str) -> float:
    if not re.fullmatch(r"\s*[0-9]{1,10}(\.[0-9]{1,10})?\s*", value):
        raise ValueError
    return float(value)


def choice(value: str, choices: tuple[str, ...]) -> str:
    value = value.strip()
    if value not in choices:
        raise ValueError
    return value


def choices(value: str, choices: tuple[str, ...]) -> list[str]:
    return [choice(word, choices) for word in words(value)]


def color(value: str) -> str:
    value = value.strip().lower()
    if not re.fullmatch("#[0-9a-f]{6}", value):
        raise ValueError
    return value


def zone(value: str) -> str:
    value = value.strip()
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):  # none, a path, a folder
        names = sorted(available_timezones())
        near = get_close_matches(value, names, n=3) or [name for name in names if value.lower() in name.lower()][:3]
        raise Hint(f"Near it are {', '.join(near)}." if near else "") from None
    return value


def address(value: str) -> str:
    value = text(value)
    if not ADDRESS.fullmatch(parseaddr(value)[1]):
        raise ValueError
    return value


def addresses(value: str) -> list[str]:
    found = words(value)
    for word in found:
        if not ADDRESS.fullmatch(word):
            raise Hint(f'"{word}" is none.')
    return found


def dotted(value: str) -> list[str]:
    found = words(value)
    for word in found:
        if not DOTTED.fullmatch(word):
            raise Hint(f'"{word}" is none.')
        package = word.partition(".")[0]
        if find_spec(package) is None:
            raise Hint(f"There is no package {package}: is it installed?")
    return found


LDAP_COLUMNS = ("address", "name", "department", "identity", "phone")


def ldap_attributes(value: str) -> dict[str, str]:
    found = {}
    for word in words(value):
        ours, _, theirs = (part.strip() for part in word.partition("="))
        if ours not in LDAP_COLUMNS or not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", theirs):
            raise Hint(f'"{word}" is no such pair.')
        found[ours] = theirs
    if missing := {"address", "name", "identity"} - set(found):
        raise Hint(f"{' and '.join(sorted(missing))} must be among them.")
    return found


def day(value: str) -> date | None:
    return date.fromisoformat(value.strip()) if value.strip() else None


def pairs(value: str) -> list[tuple[str, str]]:
    """A value may have any sign but a comma."""
    found = []
    for word in words(value):
        name, equals, wanted = (part.strip() for part in word.partition("="))
        if not (name and equals and wanted):
            raise Hint(f'"{word}" is no such pair.')
        found.append((name, wanted))
    return found


def query(value: str) -> str:
    value = text(value)
    if not re.match(r"(?:SELECT|WITH)\b", value, re.IGNORECASE):
        raise ValueError
    return value


def ldap_filter(value: str) -> str:
    value = text(value)
    if value.count("(") != value.count(")") or not (value.startswith("(") and value.endswith(")")):
        raise Hint("Its parentheses do not close.")
    if "{address}" not in value and "{name}" not in value:
        raise Hint("It would find the same for everybody.")
    return value
