"""In which encoding a file is: guessed by what it would say, since Chinese files do not tell.

GBK, Big5, Windows-1252 and even UTF-8 can often all read the same bytes, and each gives other names. What reads like
Chinese is what was meant; where two readings are about as good, whoever looks must choose.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from accounts.spreadsheets.damage import LOST

NAMES = {
    "utf-8": "UTF-8",
    "gb18030": "GBK (GB 18030)",
    "big5": "Big5",
    "cp1252": "Windows-1252",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16 (BE)",
}
_CODECS = {"big5": "big5hkscs"}
_UTF8_MARK = re.compile(rb"(?:\xef\xbb\xbf)+")
SAMPLE = 100_000  # bytes by which it is guessed
CLOSE = 0.35  # between two readings that are about as good
WORST = -0.5  # less than this is no text at all
KNOWN_HEADING = 3.0


@dataclass(frozen=True)
class Guess:
    encoding: str | None  # None: no text
    doubts: tuple[str, ...] = ()  # encodings in which it reads about as well


def guess(content: bytes, headings: Collection[str]) -> Guess:
    """`headings`: words that stand at the top of such files, which settle it."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Guess("utf-16-le" if content.startswith(b"\xff") else "utf-16-be")
    if mark := _UTF8_MARK.match(content):
        rest = content[mark.end() :]
        if LOST not in decoded(rest[:SAMPLE], "utf-8")[:-1]:
            return Guess("utf-8")
    sample = content[:SAMPLE]
    if sample.count(0) > len(sample) // 10:
        return _guess_utf16(sample)
    if sample.isascii():
        return Guess("utf-8")
    readings = {name: decoded(sample, name) for name in ("utf-8", "gb18030", "big5", "cp1252")}
    points = {name: _points(text, name, headings) for name, text in readings.items()}
    best = max(points, key=lambda name: points[name])
    if points[best] <= WORST:
        return Guess(None)
    near = [name for name in points if name != best and points[best] - points[name] < CLOSE]
    if best != "utf-8" and "utf-8" not in near and LOST not in readings["utf-8"][:-1]:
        near.append("utf-8")  # hardly anything is UTF-8 by accident
    return Guess(best, tuple(name for name in near if readings[name] != readings[best]))


def _guess_utf16(sample: bytes) -> Guess:
    """Without its mark: the commas and line ends of a table have a zero at one side."""
    low, high = sample[::2].count(0), sample[1::2].count(0)
    if min(low, high) * 4 > max(low, high):
        return Guess(None)
    encoding = "utf-16-le" if high > low else "utf-16-be"
    text = decoded(sample, encoding)
    strange = sum(char < " " and char not in "\t\r\n" for char in text)
    return Guess(encoding) if strange * 20 < len(text) else Guess(None)


def decoded(content: bytes, encoding: str) -> str:
    """Without the marks before it, however many; what cannot be read is LOST, and named later."""
    return content.decode(_CODECS.get(encoding, encoding), "replace").lstrip("\ufeff")


def _points(text: str, encoding: str, headings: Collection[str]) -> float:
    """How much a text reads like one: about 1 for Chinese, below 0 for what nobody writes."""
    strange = [at for at, char in enumerate(text) if char > "\x7f"][:5000]
    if not strange:
        return 0.0
    head = "\n".join(text.splitlines()[:20])
    known = KNOWN_HEADING if any(not word.isascii() and word in head for word in headings) else 0.0
    # Few texts are UTF-8 by accident; two letters of two bytes each may be.
    strict = 0.3 if encoding == "utf-8" and any(text[at] > "\u07ff" and text[at] != LOST for at in strange) else 0.0
    return sum(_worth(text, at, encoding) for at in strange) / len(strange) + known + strict


def _worth(text: str, at: int, encoding: str) -> float:
    char, beside = text[at], text[max(at - 1, 0) : at] + text[at + 1 : at + 2]
    if char == LOST:
        return -2.0
    if "\u4e00" <= char <= "\u9fff" or char == "〇":
        is_within_a_word = encoding != "utf-8" and any(letter.isascii() and letter.isalpha() for letter in beside)
        return -0.5 if is_within_a_word else _how_common(char, encoding)
    if "\u3001" <= char <= "\u3011" or "\uff01" <= char <= "\uff5e" or char in "“”‘’—…·\u3000":
        return 0.5
    if "\u0080" <= char <= "\u009f" or "\ue000" <= char <= "\uf8ff":
        return -0.5
    if "\u00c0" <= char <= "\u024f":
        return 0.7 if any(letter.isascii() and letter.isalpha() for letter in beside) else -0.5
    if "\u0370" <= char <= "\u06ff":  # Greek, Cyrillic, Arabic: words of one script
        block = ord(char) >> 8
        return 0.9 if encoding == "utf-8" and any(ord(letter) >> 8 == block for letter in beside) else -0.5
    return 0.3 if encoding == "utf-8" else -0.3


def _how_common(char: str, encoding: str) -> float:
    """Schools teach the first level of GB 2312, and of Big5."""
    try:
        first = char.encode("gb2312")[0]
        return 1.0 if first < 0xD8 else 0.6
    except UnicodeEncodeError:
        pass
    try:
        first = char.encode("big5")[0]
    except UnicodeEncodeError:
        return 0.1
    everyday = 1.0 if encoding == "big5" else 0.6
    return everyday if first < 0xC9 else 0.2
