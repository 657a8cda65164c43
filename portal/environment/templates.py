"""Settings that name the templates of an SMS provider: `sign_in=SMS_1 code mailbox:name; notices=SMS_2 mailbox`."""

import re

from portal.environment.kinds import Hint, text

CODES = ("sign_in", "bind", "change", "change_new", "unbind", "confirm")
NOTICES = ("notice_changed", "notice_unbound", "notice_help", "test")
# Without a template of their own, or one for all notices, they go by mail only.
OPTIONAL = ("notice_way", "notice_stolen")
GROUPS = {"codes": CODES, "notices": NOTICES}
SUFFIXES = ("zh-hans", "en", "abroad")
VALUES = ("code", "mailbox", "minutes", "institution", "contact")
WANTED = "templates as sign_in=SMS_1 code mailbox; notices=SMS_2 mailbox:name (docs/sms.md)"

Template = tuple[str, tuple[tuple[str, str], ...]]  # the provider's number of it; pairs of our name and its own


def templates(value: str) -> dict[str, Template]:
    found: dict[str, Template] = {}
    for part in filter(None, (part.strip() for part in text(value).split(";"))):
        key, separator, rest = part.partition("=")
        number, *fields = rest.split() or [""]
        name, dot, suffix = key.strip().partition(".")
        if not separator or not number:
            raise Hint(f'"{part}" is none.')
        if name not in (*CODES, *NOTICES, *OPTIONAL, *GROUPS) or (dot and suffix not in SUFFIXES):
            raise Hint(f'"{key.strip()}" is no kind of SMS.')
        found[key.strip()] = (number, tuple(_pair(field) for field in fields))
    if lacking := [name for group, names in GROUPS.items() for name in names if not {name, group} & found.keys()]:
        raise Hint(f"None is for {', '.join(lacking)}.")
    return found


def _pair(field: str) -> tuple[str, str]:
    ours, _, theirs = field.partition(":")
    if ours not in VALUES or not re.fullmatch(r"\w*", theirs):
        raise Hint(f'"{field}" is no value: there are {", ".join(VALUES)}.')
    return ours, theirs or ours
