"""What stands in a cell though nobody wrote it: programs that save tables leave it behind. It becomes no person."""

import re
import unicodedata

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LOST = "\N{REPLACEMENT CHARACTER}"

_ERROR = re.compile(
    r"#(N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!|SPILL!|CALC!|BLOCKED!|CONNECT!|FIELD!|UNKNOWN!|BUSY!|PYTHON!|EXTERNAL!"
    r"|GETTING_DATA|N/A N/A)|#{2,}",
    re.IGNORECASE,
)
_EMPTY = re.compile(r"NULL|\(null\)|\\N|NaN|<NA>|undefined")
_POWER = re.compile(r"[+-]?\d+(\.\d+)?E[+-]\d{1,3}", re.IGNORECASE)
_DECIMAL = re.compile(r"\d+\.0+")
_LONG = re.compile(r"\d{16,}")
_ENTITY = re.compile(r"&(#\d+|#x[0-9a-f]+|[a-z]{2,8});", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_ADDRESS = re.compile(r"[\w.+-]@")
# 3-1 and 1/2, which Excel takes for days.
_DAY = re.compile(r"\d{1,2}月\d{1,2}日|\d{1,2}-[A-Z][a-z]{2}|[A-Z][a-z]{2}-\d{2}")


def of(text: str) -> Promise | None:
    """Why no such cell is read, whatever column it is in."""
    if LOST in text or "锟斤" in text:
        return _("holds characters that were destroyed when the file was saved, or read in the wrong encoding")
    if _CONTROL.search(text):
        return _("contains characters that cannot be shown")
    plain = unicodedata.normalize("NFKC", text).strip()
    if _ERROR.fullmatch(plain):
        return _("is an error of the spreadsheet program, not a value")
    if _EMPTY.fullmatch(plain):
        return _("is what a database or program writes for an empty cell; leave it empty")
    if _POWER.fullmatch(plain):
        return _("is a number that was shortened when the file was saved: make the column text, and enter it again")
    if _DECIMAL.fullmatch(plain):
        return _("is a number to which a program added decimals: make the column text")
    if _LONG.fullmatch(plain):
        return _("is a number of more than 15 digits, of which a spreadsheet program keeps 15: make the column text")
    return None


def of_words(text: str) -> Promise | None:
    """And in a column of words, such as names."""
    if _ADDRESS.search(text):
        return _("holds a mailbox address: two rows or cells may have become one")
    if "?" in text:
        return _("has “?” where a character was lost when the file was saved: save it in UTF-8 or as .xlsx")
    if _ENTITY.search(text):
        return _("has a character written as on a web page (&#…;): enter the character itself")
    if _DAY.fullmatch(text):
        return _("is a day, as a spreadsheet program makes of 3-1: make the column text, and enter it again")
    if _was_read_twice(text):
        return _("was read in the wrong encoding once and saved so: save it again from the source")
    return None


def _was_read_twice(text: str) -> bool:
    """UTF-8 that somebody opened as Western European: å¼ ä¸‰."""
    if text.isascii():
        return False
    try:
        again = text.replace(" ", "\u00a0").encode("cp1252").decode("utf-8")
    except UnicodeError:
        return False
    return any(unicodedata.category(char) == "Lo" for char in again)
