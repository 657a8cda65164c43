"""Named values: texts with `{names}` in them, and what is made of a text step by step."""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

NAME = re.compile(r"\{(\w+)\}")
DIGESTS = ("md5", "sha1", "sha256", "sha512")
HMACS = tuple(f"hmac-{name}" for name in DIGESTS)  # with its key, as in "hmac-sha256 {secret}"
TO_TEXT = ("hex", "base64", "upper", "lower", "url")
STEPS = (*DIGESTS, *HMACS, *TO_TEXT)


@dataclass(frozen=True)
class Expression:
    of: str = field(repr=False)  # may hold a secret
    then: tuple[str, ...] = ()

    def text(self, values: Mapping[str, str], charset: str) -> str:
        found = run(self.then, fill(self.of, values), values, charset)
        return found if isinstance(found, str) else found.decode("ascii")


def names(text: str) -> list[str]:
    return NAME.findall(text)


def fill(text: str, values: Mapping[str, str], escape: Callable[[str], str] = str) -> str:
    """Once over: a name inside a value is not looked at."""
    return NAME.sub(lambda found: escape(values[found[1]]), text)


def run(steps: tuple[str, ...], content: str | bytes, values: Mapping[str, str], charset: str) -> str | bytes:
    for step in steps:
        content = _step(step, content, values, charset)
    return content


def _step(step: str, content: str | bytes, values: Mapping[str, str], charset: str) -> str | bytes:
    data = content.encode(charset, "replace") if isinstance(content, str) else content
    name, _, key = step.partition(" ")
    if name in DIGESTS:
        return hashlib.new(name, data, usedforsecurity=False).digest()
    if name in HMACS:
        return hmac.digest(fill(key, values).encode(charset), data, name.removeprefix("hmac-"))
    if name == "hex":
        return data.hex()
    if name == "base64":
        return base64.b64encode(data).decode()
    text = data.decode(charset)
    return {"upper": text.upper(), "lower": text.lower(), "url": quote(data, safe="")}[name]


def fault(steps: tuple[str, ...]) -> str:
    """What is wrong with them, if anything is: a digest is bytes, which must be written as text in the end."""
    is_text = True
    for step in steps:
        name, _, key = step.partition(" ")
        if name not in STEPS:
            return f'"{step}" is no step: there are {", ".join(STEPS)}'
        if (name in HMACS) != bool(key.strip()):
            return (
                f'"{name}" wants a key behind it, as in "hmac-sha256 {{secret}}"'
                if name in HMACS
                else f'"{step}" takes no key'
            )
        if name in ("upper", "lower", "url") and not is_text:
            return f'"{name}" comes before "hex" or "base64"'
        is_text = name in TO_TEXT
    return "" if is_text else '"hex" or "base64" must come last'
