"""What nobody can see in a text: it is pasted along from chats, web pages and spreadsheets, and nobody means it.

Letters stay what they are: the joiners of the scripts that need them, the variants of an ideograph, characters that are
newer than Python's tables, and those of private use."""

import re
import unicodedata

# Unicode's Default_Ignorable_Code_Point, and the marks of interlinear notes. Control characters are none of them:
# nobody pastes them along, they are damage or an attack, and stay to be refused.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_BREAKS = "\x0b\x0c\x85\u2028\u2029"
_BLANKS = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000"
_ANY = re.compile(f"[{_IGNORABLE}{_BREAKS}{_BLANKS}]")
_BREAK, _BLANK = re.compile(f"[{_BREAKS}]"), re.compile(f"[{_BLANKS}]")

# Scripts whose letters change by what stands between them: Arabic (Uighur too) to Tibetan and Myanmar, Mongolian, old
# Korean, and the scripts of India and its neighbours in the supplementary planes.
_JOINING = re.compile(
    "[\u0600-\u109f\u1100-\u11ff\u1780-\u18af\ua840-\ua87f\ua8e0-\ua8ff\ua960-\ua97f\ud7b0-\ud7ff\ufb50-\ufdff"
    "\ufe70-\ufefc\U00010a00-\U00011fff]"
)
_JOINERS = frozenset("\u115f\u1160\u180b\u180c\u180d\u180e\u180f\u200c\u200d")


def dropped(text: str) -> str:
    """The text without what nobody can see; blanks of every kind are blanks. What it gives stays as it is."""
    if not _ANY.search(text):
        return text
    kept: list[str] = []
    for at, char in enumerate(text):
        if _BREAK.match(char):
            kept.append("\n")
        elif _BLANK.match(char):
            kept.append(" ")
        elif not _ANY.match(char) or _is_of_a_letter(char, kept[-1] if kept else "", text[at + 1 : at + 2]):
            kept.append(char)
    return "".join(kept)


def _is_of_a_letter(char: str, before: str, after: str) -> bool:
    if char in _JOINERS:
        return any(map(_JOINING.match, (before, after)))
    if "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef":
        # Of an ideograph, or of a letter that no case has; 1\ufe0f and a\ufe0f are a digit and a letter all the same.
        return bool(before) and unicodedata.category(before) in ("Lo", "Co", "Cn")
    return False
