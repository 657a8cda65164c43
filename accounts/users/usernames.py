"""The user name is the full mailbox address, in one canonical form that every look-up goes through."""

import re
import unicodedata

from django.conf import settings

from accounts.lib import invisible

LONGEST = 254  # characters; RFC 5321 leaves no room for more

# What a mailbox of an institution looks like. Letters of other scripts that look like Latin ones never get this far.
# None is a folder's own or upper name: mail lives in domain/local part.
_MAILBOX = re.compile(r"(?!\.+@)[a-z0-9._+'-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+")

_TAG = re.compile(r"(?<=[^+])\+[^@]*@")


def canonical(text: str) -> str | None:
    """NFKC, lower case and nothing invisible, or None where no mailbox can be meant. zhangsan+news@ is zhangsan@ where
    the settings say so.
    `canonical(canonical(x)) == canonical(x)`."""
    if len(text) > LONGEST:
        return None
    name = unicodedata.normalize("NFKC", invisible.dropped(text)).strip(" ").lower()
    if settings.SUBADDRESSES:
        name = _TAG.sub("@", name)
    return name if len(name) <= LONGEST and _MAILBOX.fullmatch(name) else None


def complete(text: str, domain: str) -> str:
    """The web accepts the part before the @ as well."""
    text = unicodedata.normalize("NFKC", invisible.dropped(text[: LONGEST + 1])).strip()
    return text if "@" in text else f"{text}@{domain}"


def is_ours(mailbox: str) -> bool:
    """Whether its domain is one of this institution's."""
    _, at, domain = mailbox.strip().lower().rpartition("@")
    return bool(at) and domain in settings.MAIL_DOMAINS


def masked(username: str) -> str:
    """z***@example.edu: enough for its owner to recognise it."""
    local_part, at, domain = username.partition("@")
    return f"{local_part[:1]}***{at}{domain}"
