"""Sieve (RFC 5228), as far as it says where a person's own filters send mail on."""

import re

TOKEN = re.compile(
    r"""
    "(?P<string>(?:\\.|[^"\\])*)" |
    text:[^\n]*\n(?:.*?\n)?\.\r?$ |
    /\*.*?\*/ |
    \#[^\n]* |
    (?P<word>:?\w+) |
    (?P<end>;)
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE | re.IGNORECASE,
)


def forwards(script: str) -> list[str]:
    """In its order. What it reckons itself stands there as it is written: "${boss}"."""
    found, address, is_redirect = [], None, False
    for token in TOKEN.finditer(script):
        if token["word"]:
            is_redirect = is_redirect or token["word"].lower() == "redirect"
        elif token["string"] is not None:
            address = token["string"]
        elif token["end"]:
            if is_redirect and address:  # the last text of it: before that stand those of its tags
                found.append(re.sub(r"\\(.)", r"\1", address))
            address, is_redirect = None, False
    return found


def includes(script: str) -> bool:
    """Whether other scripts of the person count too."""
    return any((token["word"] or "").lower() == "include" for token in TOKEN.finditer(script))
