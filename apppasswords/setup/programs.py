"""What the guides say about each mail program: data only. Menus are named as the programs' makers name them.

A field of a drawn form holds a value's name (`address`, `imap`, ...), which apppasswords/setup/guides.py fills in, or a text.
"""

from dataclasses import dataclass
from enum import Enum

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

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


# Where a step is easy to get wrong, with what to do instead.
WHOLE_ADDRESS = _("Enter the whole address. The part before the @ alone is refused, and counts as a wrong try.")
SMTP_PASSWORD = _(
    "“Optional” stands beside this password, but it is not: without it you receive mail and cannot send any. Enter the "
    "same password once more."
)
SMTP_PASSWORD_TOO = _(
    "Some programs call this password “optional”, but it is not: without it you receive mail and cannot send any. Enter the "
    "same password once more."
)
IMAP_NOT_POP = _("Choose IMAP, not POP3: with POP3 mail moves to this one device and is missing on the others.")
CERTIFICATES = _(
    "Choose “SSL/TLS” with nothing in brackets after it. A choice that does not check the server's certificate lets whoever "
    "stands between you and the server read your password and your mail, and nothing warns you. Our servers have valid "
    "certificates."
)
CERTIFICATE_QUESTION = _(
    "If it says that the server's identity cannot be verified, do not go on: somebody between you and the server could read "
    "your password. Check the server's name for a slip, try another network, and call the IT office if it stays."
)
KEPT_ELSEWHERE = _(
    "The new Outlook for Windows and Outlook on phones hand your password to Microsoft, whose servers then fetch your "
    "mail. Ask the IT office first whether that is allowed."
)


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
    warnings: tuple[Text, ...] = ()


@dataclass(frozen=True)
class Program:
    slug: str
    name: Text
    device: str  # phone, computer, any
    about: Text
    steps: tuple[Step, ...]
    shortcut: Text = ""  # the short way, if there is one
    shortcut_to: str = ""  # the name of its page


_ADDRESS = Field(_("Email address"), Value.ADDRESS)
_USER = Field(_("User name"), Value.ADDRESS)
_PASSWORD = Field(_("Password"), Value.PASSWORD)
_SECURITY = Field(_("Security type"), Value.SECURITY)
_NEXT, _SAVE = _("Next"), pgettext_lazy("button", "Save")


def _server(title: Text, server: Value, port: Value, *, login: bool = True) -> Form:
    fields = (Field(_("Server"), server), _SECURITY, Field(_("Port"), port))
    return Form(title, (*fields, *((_USER, _PASSWORD) if login else ())))


def _incoming(*, login: bool = True) -> Form:
    return _server(_("Incoming server (IMAP)"), Value.IMAP, Value.IMAP_PORT, login=login)


def _outgoing(*, login: bool = True) -> Form:
    return _server(_("Outgoing server (SMTP)"), Value.SMTP, Value.SMTP_PORT, login=login)


HUAWEI = Program(
    "huawei",
    _("Huawei phone"),
    "phone",
    _("The app “Email” that comes with the phone"),
    (
        Step(
            _("Open “Email”, choose “Other”, fill in address and password, and tap “Manual setup” (not “Sign in”)."),
            Form(_("Add account"), (_ADDRESS, _PASSWORD), _("Manual setup")),
            (WHOLE_ADDRESS,),
        ),
        Step(
            _("Leave “IMAP” chosen. The user name is your whole address again."),
            Form(_("Account"), (Field(_("Account type"), "IMAP"), _USER, _PASSWORD)),
            (IMAP_NOT_POP, WHOLE_ADDRESS),
        ),
        Step(
            _("Below “Incoming settings” enter the server and choose the security type; the port follows by itself."),
            Form(
                _("Incoming settings"),
                (Field(_("Server"), Value.IMAP), _SECURITY, Field(_("Port"), Value.IMAP_PORT)),
            ),
            (CERTIFICATES,),
        ),
        Step(
            _("Below “Outgoing settings” the same for sending, with the same security type."),
            Form(
                _("Outgoing settings"),
                (Field(_("SMTP server"), Value.SMTP), _SECURITY, Field(_("Port"), Value.SMTP_PORT)),
            ),
        ),
        Step(_("Asked whether to save the password: save it. Then tap the tick in the upper right corner.")),
        Step(_("Leave the next page as it is and tap “Next”. Your inbox opens.")),
    ),
)

IPHONE = Program(
    "iphone",
    _("iPhone and iPad"),
    "phone",
    _("The app “Mail” that comes with the device"),
    (
        Step(
            _(
                "Open “Settings”, then “Apps” › “Mail” › “Mail Accounts” › “Add Account” › “Other” › “Add Mail Account”. "
                "(Up to iOS 17: “Settings” › “Mail” › “Accounts”.)"
            )
        ),
        Step(
            _("Fill in the four fields and tap “Next”."),
            Form(
                _("New Account"),
                (
                    Field(_("Name"), Value.NAME),
                    Field(_("Email"), Value.ADDRESS),
                    _PASSWORD,
                    Field(_("Description"), Value.DOMAIN),
                ),
                _NEXT,
            ),
            (WHOLE_ADDRESS,),
        ),
        Step(
            _("“IMAP” is chosen above; leave it. Fill in the incoming mail server."),
            Form(_("Incoming Mail Server"), (Field(_("Host Name"), Value.IMAP), _USER, _PASSWORD)),
            (IMAP_NOT_POP, WHOLE_ADDRESS),
        ),
        Step(
            _("Further down, fill in the outgoing mail server: all three fields. Then tap “Next”."),
            Form(_("Outgoing Mail Server"), (Field(_("Host Name"), Value.SMTP), _USER, _PASSWORD), _NEXT),
            (SMTP_PASSWORD,),
        ),
        Step(
            _("The device checks both servers, which may take a minute. Then tap “Save”."),
            warnings=(CERTIFICATE_QUESTION,),
        ),
    ),
    shortcut=_(
        "Load a profile: it fills in everything, with a new app password. At a computer it shows a QR code for the phone."
    ),
    shortcut_to="profile",
)


FOXMAIL = Program(
    "foxmail",
    "Foxmail",
    "computer",
    _("Foxmail for Windows"),
    (
        Step(
            _(
                "Open the menu (three lines, upper right) › “Accounts” › “New”, choose “Other mailbox”, then “Manual setup”."
            )
        ),
        Step(
            _("Fill in the form, tick SSL on both lines, and press “Create”."),
            Form(
                _("New account"),
                (
                    Field(_("Type of incoming server"), "IMAP"),
                    Field(_("Mail account"), Value.ADDRESS),
                    _PASSWORD,
                    Field(_("IMAP server"), Value.IMAP),
                    Field(_("SSL, port"), Value.IMAP_PORT),
                    Field(_("SMTP server"), Value.SMTP),
                    Field(_("SSL, port"), Value.SMTP_PORT),
                ),
                pgettext_lazy("button", "Create"),
            ),
            (WHOLE_ADDRESS, IMAP_NOT_POP),
        ),
        Step(
            _(
                "An account that exists already: right-click it › “Settings”, and enter the app password in place of the old "
                "password. Foxmail asks for it by itself, too, when the old one is refused."
            ),
            warnings=(CERTIFICATE_QUESTION,),
        ),
    ),
)

COREMAIL = Program(
    "coremail",
    _("Coremail"),
    "computer",
    _("The Coremail program on computers and phones"),
    (
        Step(
            _("Choose to add a mailbox, enter address and password."),
            Form(_("Add mailbox"), (_ADDRESS, _PASSWORD), _("Sign in")),
            (WHOLE_ADDRESS,),
        ),
        Step(
            _(
                "If it does not find the servers by itself, choose manual setup and IMAP, and fill in the incoming server."
            ),
            _incoming(login=False),
            (IMAP_NOT_POP, CERTIFICATES),
        ),
        Step(
            _("The same for the outgoing server. It needs your address and password too."),
            _outgoing(),
            (SMTP_PASSWORD_TOO,),
        ),
    ),
)

OUTLOOK = Program(
    "outlook",
    "Outlook",
    "computer",
    _("Outlook for Windows, as part of Office"),
    (
        Step(
            _(
                "“File” › “Add Account”. Enter your address, open “Advanced options” and tick “Let me set up my account manually”."
            ),
            Form(_("Outlook"), (_ADDRESS,), _("Connect")),
            (WHOLE_ADDRESS, KEPT_ELSEWHERE),
        ),
        Step(_("Choose “IMAP”."), warnings=(IMAP_NOT_POP,)),
        Step(
            _("Fill in incoming and outgoing mail, and press “Next”."),
            Form(
                _("IMAP account settings"),
                (
                    Field(_("Incoming server"), Value.IMAP),
                    Field(_("Port"), Value.IMAP_PORT),
                    Field(_("Encryption"), Value.SECURITY),
                    Field(_("Outgoing server"), Value.SMTP),
                    Field(_("Port"), Value.SMTP_PORT),
                    Field(_("Encryption"), Value.SECURITY),
                ),
                _NEXT,
            ),
        ),
        Step(
            _("Enter the password and press “Connect”."),
            Form(_("Password"), (_PASSWORD,), _("Connect")),
            (CERTIFICATE_QUESTION,),
        ),
    ),
    shortcut=_(
        "Enter your whole address when Outlook asks for it, and then the app password. It asks our portal for the servers and "
        "sets itself up."
    ),
)

THUNDERBIRD = Program(
    "thunderbird",
    "Thunderbird",
    "computer",
    _("Thunderbird on every computer, and K-9 Mail or Thunderbird on Android"),
    (
        Step(
            _(
                "“Account Settings” › “Account Actions” › “Add Mail Account”. Fill in the three fields, then “Configure manually”."
            ),
            Form(_("Your full name, address, password"), (Field(_("Your full name"), Value.NAME), _ADDRESS, _PASSWORD)),
            (WHOLE_ADDRESS,),
        ),
        Step(
            _("Fill in the incoming server."),
            Form(
                _("Incoming server"),
                (
                    Field(_("Protocol"), "IMAP"),
                    Field(_("Hostname"), Value.IMAP),
                    Field(_("Port"), Value.IMAP_PORT),
                    Field(_("Connection security"), Value.SECURITY),
                    Field(_("Authentication method"), _("Normal password")),
                    Field(_("Username"), Value.ADDRESS),
                ),
            ),
            (IMAP_NOT_POP, WHOLE_ADDRESS),
        ),
        Step(
            _("Fill in the outgoing server and press “Done”."),
            Form(
                _("Outgoing server"),
                (
                    Field(_("Hostname"), Value.SMTP),
                    Field(_("Port"), Value.SMTP_PORT),
                    Field(_("Connection security"), Value.SECURITY),
                    Field(_("Authentication method"), _("Normal password")),
                    Field(_("Username"), Value.ADDRESS),
                ),
                pgettext_lazy("button", "Done"),
            ),
            (CERTIFICATE_QUESTION,),
        ),
    ),
    shortcut=_(
        "Enter your name, the whole address and the app password, and press “Continue”. Thunderbird finds the servers by "
        "itself; leave “IMAP” chosen and press “Done”."
    ),
)

MAC = Program(
    "mac",
    _("Apple Mail on the Mac"),
    "computer",
    _("The program “Mail” that comes with the Mac"),
    (
        Step(
            _("“Mail” › “Add Account” › “Other Mail Account”. Fill in the three fields and press “Sign In”."),
            Form(
                _("Add a Mail account"),
                (Field(_("Name"), Value.NAME), _ADDRESS, _PASSWORD),
                _("Sign In"),
            ),
            (WHOLE_ADDRESS,),
        ),
        Step(
            _(
                "It says that name or password cannot be verified and shows more fields: that is as it should be. Fill them in."
            ),
            Form(
                _("Add a Mail account"),
                (
                    _USER,
                    _PASSWORD,
                    Field(_("Account type"), "IMAP"),
                    Field(_("Incoming Mail Server"), Value.IMAP),
                    Field(_("Outgoing Mail Server"), Value.SMTP),
                ),
                _("Sign In"),
            ),
            (IMAP_NOT_POP, WHOLE_ADDRESS),
        ),
        Step(
            _("Choose “Mail” and press “Done”. The Mac uses encryption by itself."),
            warnings=(CERTIFICATE_QUESTION,),
        ),
    ),
    shortcut=_(
        "Load a profile: it fills in everything, with a new app password. At a computer it shows a QR code for the phone."
    ),
    shortcut_to="profile",
)


OTHER = Program(
    "other",
    _("Another mail program"),
    "any",
    _("The settings by themselves: IMAP, POP3 and SMTP"),
    (
        Step(
            _("Choose to set the account up manually, with IMAP. This is for receiving:"),
            _incoming(),
            (WHOLE_ADDRESS, IMAP_NOT_POP, CERTIFICATES),
        ),
        Step(
            _("And this for sending. Sending needs the name and the password as well:"),
            _outgoing(),
            (SMTP_PASSWORD_TOO,),
        ),
        Step(
            _(
                "“SSL/TLS” is encryption from the first byte. It is not “STARTTLS”: with that choice and these ports the program "
                "waits and gets no answer."
            )
        ),
    ),
)

ALL = (HUAWEI, IPHONE, FOXMAIL, COREMAIL, OUTLOOK, THUNDERBIRD, MAC, OTHER)
BY_SLUG = {program.slug: program for program in ALL}
DEVICES: dict[str, Text] = {"phone": _("On the phone"), "computer": _("On the computer"), "any": _("Everything else")}


def shown(name: Text) -> Text:
    """As a heading."""
    return format_lazy(_("Set up mail: {program}"), program=name)
