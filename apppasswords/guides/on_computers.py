"""What the guides say about programs on computers: data only. Menus are named as the programs' makers name them."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apppasswords.guides.devices import Device
from apppasswords.guides.shapes import (
    ADDRESS,
    CERTIFICATES,
    DONE,
    NEXT,
    OWN_PROFILE,
    PASSWORD,
    PROFILE,
    SAVE,
    USER,
    Field,
    Form,
    Program,
    Step,
    Value,
    incoming,
    login,
    outgoing,
)

FOXMAIL = Program(
    "foxmail",
    "Foxmail",
    (Device.WINDOWS,),
    _("Foxmail for Windows"),
    replacing=(
        Step(
            _(
                "Right-click your account at the left › “Settings”; or open the menu (three lines, upper right) › “Accounts” and "
                "choose it there."
            )
        ),
        Step(
            _("On the page “Settings”, replace the password."),
            Form(_("Settings"), (Field(_("Email"), Value.ADDRESS), PASSWORD)),
            _("Foxmail also asks for a new password by itself as soon as the old one no longer works."),
        ),
        Step(
            _(
                "On the page “Server”, leave the login for sending as “same as the incoming server”. If it has a password of its "
                "own, replace that one too. Then press “OK”."
            )
        ),
    ),
    adding=(
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
                    PASSWORD,
                    Field(_("IMAP server"), Value.IMAP),
                    Field(_("SSL, port"), Value.IMAP_PORT),
                    Field(_("SMTP server"), Value.SMTP),
                    Field(_("SSL, port"), Value.SMTP_PORT),
                ),
                pgettext_lazy("button", "Create"),
            ),
        ),
    ),
    words=("foxmail",),
)

COREMAIL = Program(
    "coremail",
    _("Coremail"),
    (Device.WINDOWS, Device.HUAWEI, Device.ANDROID),
    _("The Coremail program on computers and phones"),
    replacing=(
        Step(
            _(
                "On a computer: the settings (gear, lower left) › “Accounts”, then your mailbox. On a phone: “Me” › “Settings”, then "
                "your mailbox."
            )
        ),
        Step(
            _("Replace the password of the incoming server."),
            login(_("Incoming server (IMAP)"), Value.IMAP),
        ),
        Step(
            _("Replace the password of the outgoing server too, and save."),
            login(_("Outgoing server (SMTP)"), Value.SMTP),
        ),
    ),
    adding=(
        Step(
            _("Choose to add a mailbox, enter address and password."),
            Form(_("Add mailbox"), (ADDRESS, PASSWORD), _("Sign in")),
        ),
        Step(
            _(
                "If it does not find the servers by itself, choose manual setup and IMAP, and fill in the incoming server."
            ),
            incoming(login=False),
        ),
        Step(_("The same for the outgoing server. It needs your address and password too."), outgoing()),
    ),
    words=("coremail", "论客"),
    certificates=CERTIFICATES,
)

OUTLOOK = Program(
    "outlook",
    "Outlook",
    (Device.WINDOWS,),
    _("Outlook for Windows, as part of Office"),
    replacing=(
        Step(
            _("“File” › “Account Settings” › “Server Settings”."),
            note=_(
                "In an older Outlook: “File” › “Account Settings” › “Account Settings”, choose the account and press “Change”."
            ),
        ),
        Step(
            _("Below “Incoming mail”, replace the password."),
            Form(_("Incoming mail"), (Field(_("Server"), Value.IMAP), USER, PASSWORD)),
        ),
        Step(
            _(
                "Below “Outgoing mail”, leave “Use the same user name and password as my incoming mail server” chosen. If it has a "
                "password of its own, replace that one too. Then press “Next”."
            ),
            Form(_("Outgoing mail"), (Field(_("Server"), Value.SMTP), USER, PASSWORD), NEXT),
        ),
    ),
    adding=(
        Step(
            _(
                "“File” › “Add Account”. Enter your address, open “Advanced options” and tick “Let me set up my account manually”."
            ),
            Form(_("Outlook"), (ADDRESS,), _("Connect")),
            _(
                "The new Outlook for Windows and Outlook on phones hand your password to Microsoft, whose servers then fetch your "
                "mail. Ask the IT office first whether that is allowed."
            ),
        ),
        Step(_("Choose “IMAP”.")),
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
                NEXT,
            ),
        ),
        Step(
            _("Enter the password and press “Connect”."),
            Form(_("Password"), (PASSWORD,), _("Connect")),
        ),
    ),
    words=("outlook",),
    shortcut=_(
        "Enter your whole address when Outlook asks for it, and then the app password. It asks our portal for the servers and "
        "sets itself up."
    ),
)

THUNDERBIRD = Program(
    "thunderbird",
    "Thunderbird",
    (Device.WINDOWS, Device.MAC, Device.ANDROID, Device.OTHER),
    _("On every computer; on Android also called K-9 Mail"),
    replacing=(
        Step(
            _("Open the menu (three lines) › “Settings” › “Privacy & Security” › “Saved Passwords”."),
            note=_(
                "On Android: “Settings” › your account, and replace the password below “Fetching mail” › “Incoming server” and "
                "below “Sending mail” › “Outgoing server”."
            ),
        ),
        Step(
            _("Remove the two old entries of these servers."),
            Form(
                _("Saved Passwords"),
                (Field(_("Begins with imap"), Value.IMAP), Field(_("Begins with smtp"), Value.SMTP)),
                _("Remove"),
            ),
        ),
        Step(
            _(
                "Fetch mail: Thunderbird asks for the password. Enter the new one and let it be saved. Then send yourself a mail; "
                "it asks once more, for sending."
            ),
            Form(_("Enter your password"), (USER, PASSWORD), _("OK")),
        ),
    ),
    adding=(
        Step(
            _(
                "“Account Settings” › “Account Actions” › “Add Mail Account”. Fill in the three fields, then “Configure manually”."
            ),
            Form(_("Your full name, address, password"), (Field(_("Your full name"), Value.NAME), ADDRESS, PASSWORD)),
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
                DONE,
            ),
        ),
    ),
    words=("thunderbird", "雷鸟", "k-9", "k9"),
    shortcut=_(
        "Enter your name, the whole address and the app password, and press “Continue”. Thunderbird finds the servers by "
        "itself; leave “IMAP” chosen and press “Done”."
    ),
)

MAC = Program(
    "mac",
    _("Apple Mail on the Mac"),
    (Device.MAC,),
    _("The program “Mail” that comes with the Mac"),
    replacing=(
        Step(
            _(
                "“Mail” › “Settings” › “Accounts”, choose your account, and open “Server Settings”. (Up to macOS 12: “Mail” › "
                "“Preferences”.)"
            ),
            note=OWN_PROFILE,
        ),
        Step(
            _("Below “Incoming Mail Server”, replace the password."),
            login(_("Incoming Mail Server"), Value.IMAP, label=_("Host Name")),
        ),
        Step(
            _("Below “Outgoing Mail Server”, replace the password too, and press “Save”."),
            login(_("Outgoing Mail Server"), Value.SMTP, label=_("Host Name"), button=SAVE),
        ),
    ),
    adding=(
        Step(
            _("“Mail” › “Add Account” › “Other Mail Account”. Fill in the three fields and press “Sign In”."),
            Form(
                _("Add a Mail account"),
                (Field(_("Name"), Value.NAME), ADDRESS, PASSWORD),
                _("Sign In"),
            ),
        ),
        Step(
            _(
                "It says that name or password cannot be verified and shows more fields: that is as it should be. Fill them in."
            ),
            Form(
                _("Add a Mail account"),
                (
                    USER,
                    PASSWORD,
                    Field(_("Account type"), "IMAP"),
                    Field(_("Incoming Mail Server"), Value.IMAP),
                    Field(_("Outgoing Mail Server"), Value.SMTP),
                ),
                _("Sign In"),
            ),
        ),
        Step(_("Choose “Mail” and press “Done”. The Mac uses encryption by itself.")),
    ),
    words=("mac", "imac", "macbook"),
    shortcut=PROFILE,
    shortcut_to="profile",
)
