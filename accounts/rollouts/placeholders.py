"""Texts that the office writes itself, with words in braces that stand for something; the institution's name."""

import re

_WORD = re.compile(r"\{([^{}\s]*)\}")

# What stands in the braces, and what it stands for is in letters.py.
WORDS = ("name", "mailbox", "date", "time", "to_do", "portal", "contact", "institution")


def unknown(text: str) -> list[str]:
    """Words in braces that stand for nothing."""
    return sorted({word for word in _WORD.findall(text) if word not in WORDS})


def filled(text: str, values: dict[str, str]) -> str:
    """Nothing but the known words is replaced, and what comes in with them is not looked at again."""
    return _WORD.sub(lambda found: values.get(found[1], found[0]), text)
