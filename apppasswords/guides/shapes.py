"""What a guide is made of. A field of a drawn form holds a value, which guides.py fills in, or a text."""

from dataclasses import dataclass
from enum import Enum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apppasswords.guides.devices import Device

Text = str | Promise


class Value(Enum):
    """What is filled in: the reader's own, or the institution's."""

    ADDRESS = "address"
    PASSWORD = "password"  # noqa: S105 (the name of a field)
    NAME = "name"
    IMAP = "imap"
    IMAP_PORT = "imap_port"
    SMTP = "smtp"
    SMTP_PORT = "smtp_port"
    SECURITY = "security"
    DOMAIN = "domain"


@dataclass(frozen=True)
class Field:
    label: Text
    value: Value | Text


@dataclass(frozen=True)
class Form:
    """A drawn form of the program."""

    title: Text
    fields: tuple[Field, ...]
    button: Text = ""


@dataclass(frozen=True)
class Step:
    text: Text
    form: Form | None = None
    note: Text = ""  # what is so in this step and nowhere else


# What is to be minded in every program is said once, at the top; this depends on what can be chosen.
CERTIFICATES = _(
    "Choose “SSL/TLS” with nothing in brackets after it. A choice that does not check the server’s certificate lets anybody "
    "between you and the server read your password and your mail, and nothing warns you. Our servers have valid "
    "certificates."
)
CERTIFICATE_QUESTION = _(
    "If it says that the server’s identity cannot be verified, do not go on: somebody between you and the server could read "
    "your password. Check the server’s name for a slip, try another network, and call the IT office if the message stays."
)


@dataclass(frozen=True)
class Program:
    slug: str
    name: Text
    devices: tuple[Device, ...]
    about: Text
    replacing: tuple[Step, ...]  # the password of an account that is there already
    adding: tuple[Step, ...]
    words: tuple[str, ...]  # that a person calls it by, in small letters
    certificates: Text = CERTIFICATE_QUESTION
    shortcut: Text = ""  # the short way to add it, if there is one
    shortcut_to: str = ""  # the name of its page


# --- What many programs draw alike ------------------------------------------------------------------------------------

ADDRESS = Field(_("Email address"), Value.ADDRESS)
USER = Field(_("User name"), Value.ADDRESS)
PASSWORD = Field(_("Password"), Value.PASSWORD)
SECURITY = Field(_("Security type"), Value.SECURITY)
NEXT, SAVE, DONE = _("Next"), pgettext_lazy("button", "Save"), pgettext_lazy("button", "Done")
OWN_PROFILE = _(
    "An account that a profile has set up cannot be changed by hand. Download a new profile, as below; it takes the place of the "
    "old one."
)
PROFILE = _(
    "Download a profile: it fills in everything, with a new app password. At a computer it shows a QR code for the phone."
)


def server(title: Text, host: Value, port: Value, *, login: bool = True) -> Form:
    fields = (Field(_("Server"), host), SECURITY, Field(_("Port"), port))
    return Form(title, (*fields, *((USER, PASSWORD) if login else ())))


def incoming(*, login: bool = True) -> Form:
    return server(_("Incoming server (IMAP)"), Value.IMAP, Value.IMAP_PORT, login=login)


def outgoing() -> Form:
    return server(_("Outgoing server (SMTP)"), Value.SMTP, Value.SMTP_PORT)


def login(title: Text, host: Value, *, label: Text = "", button: Text = "") -> Form:
    """Of an account that is there already: which server it is, and the password to replace."""
    return Form(title, (Field(label or _("Server"), host), USER, PASSWORD), button)
