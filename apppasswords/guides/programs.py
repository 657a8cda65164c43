"""Every mail program that has a guide, and which one somebody probably wants."""

import re

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from apppasswords.guides.devices import Device
from apppasswords.guides.on_computers import COREMAIL, FOXMAIL, MAC, OUTLOOK, THUNDERBIRD
from apppasswords.guides.on_phones import ANDROID, HUAWEI, IPHONE
from apppasswords.guides.shapes import CERTIFICATES, Program, Step, Text, Value, incoming, login, outgoing

OTHER = Program(
    "other",
    _("Another mail program"),
    (Device.OTHER,),
    _("The settings by themselves: IMAP, POP3 and SMTP"),
    replacing=(
        Step(
            _("Open the settings of the account and replace the password for receiving:"),
            login(_("Incoming server (IMAP)"), Value.IMAP),
        ),
        Step(
            _("Replace the password for sending too, if it has one of its own:"),
            login(_("Outgoing server (SMTP)"), Value.SMTP),
            _("An account that uses POP3 may go on so: only the password changes."),
        ),
    ),
    adding=(
        Step(_("Choose to set the account up manually, with IMAP. This is for receiving:"), incoming()),
        Step(_("And this for sending. Sending needs the name and the password as well:"), outgoing()),
        Step(
            _(
                "“SSL/TLS” is encryption from the first byte. It is not “STARTTLS”: with that choice and these ports the program "
                "waits and gets no answer."
            )
        ),
    ),
    words=(),
    certificates=CERTIFICATES,
)

ALL = (HUAWEI, IPHONE, ANDROID, FOXMAIL, OUTLOOK, COREMAIL, MAC, THUNDERBIRD, OTHER)
BY_SLUG = {program.slug: program for program in ALL}
# “Foxmail on the Huawei computer” is about Foxmail.
BY_NAME = (FOXMAIL, COREMAIL, OUTLOOK, THUNDERBIRD, HUAWEI, IPHONE, ANDROID, MAC)


def on(device: Device) -> list[Program]:
    """The one that comes with it, or that most people have, first."""
    return [program for program in ALL if device in program.devices]


def likely(name: str, here: Device | None) -> Program | None:
    """For an app password of this name. What somebody has written counts for more than where it was written."""
    named = (program for program in BY_NAME if any(_says(name.lower(), word) for word in program.words))
    return next(named, on(here)[0] if here else None)


def _says(name: str, word: str) -> bool:
    """“iPhone15” says iPhone, “Emacs” does not say Mac."""
    return re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", name) is not None


def shown(name: Text) -> Text:
    """As a heading."""
    return format_lazy(_("Set up mail: {program}"), program=name)
