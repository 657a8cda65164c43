"""What the guides say about phones: data only. Menus are named as the programs' makers name them."""

from django.utils.translation import gettext_lazy as _

from apppasswords.guides.devices import Device
from apppasswords.guides.shapes import (
    ADDRESS,
    CERTIFICATES,
    DONE,
    NEXT,
    OWN_PROFILE,
    PASSWORD,
    PROFILE,
    SECURITY,
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

HUAWEI = Program(
    "huawei",
    _("Huawei phone"),
    (Device.HUAWEI,),
    _("The app “Email” that comes with the phone"),
    replacing=(
        Step(_("Open “Email”, tap the menu in the corner › “Settings”, then your account.")),
        Step(
            _("Tap “Incoming settings”, replace the password, and save with the tick in the upper right corner."),
            login(_("Incoming settings"), Value.IMAP),
            _(
                "If the phone asks for the password by itself, you may enter it there. The one for sending still has to be "
                "replaced, as in the next step."
            ),
        ),
        Step(
            _("Go back, tap “Outgoing settings”, and replace the password there too."),
            login(_("Outgoing settings"), Value.SMTP, label=_("SMTP server")),
        ),
    ),
    adding=(
        Step(
            _("Open “Email”, choose “Other”, fill in address and password, and tap “Manual setup” (not “Sign in”)."),
            Form(_("Add account"), (ADDRESS, PASSWORD), _("Manual setup")),
        ),
        Step(
            _("Leave “IMAP” chosen. The user name is your whole address again."),
            Form(_("Account"), (Field(_("Account type"), "IMAP"), USER, PASSWORD)),
        ),
        Step(
            _("Below “Incoming settings” enter the server and choose the security type; the port follows by itself."),
            Form(
                _("Incoming settings"),
                (Field(_("Server"), Value.IMAP), SECURITY, Field(_("Port"), Value.IMAP_PORT)),
            ),
        ),
        Step(
            _("Below “Outgoing settings” the same for sending, with the same security type."),
            Form(
                _("Outgoing settings"),
                (Field(_("SMTP server"), Value.SMTP), SECURITY, Field(_("Port"), Value.SMTP_PORT)),
            ),
        ),
        Step(_("Asked whether to save the password: save it. Then tap the tick in the upper right corner.")),
        Step(_("Leave the next page as it is and tap “Next”. Your inbox opens.")),
    ),
    words=("华为", "huawei", "honor", "荣耀"),
    certificates=CERTIFICATES,
)

IPHONE = Program(
    "iphone",
    _("iPhone and iPad"),
    (Device.IPHONE,),
    _("The app “Mail” that comes with the device"),
    replacing=(
        Step(
            _(
                "Open “Settings”, then “Apps” › “Mail” › “Mail Accounts” › your account › the line “Account” with your address. "
                "(Up to iOS 17: “Settings” › “Mail” › “Accounts”.)"
            ),
            note=OWN_PROFILE,
        ),
        Step(
            _("Below “Incoming Mail Server”, replace the password."),
            login(_("Incoming Mail Server"), Value.IMAP, label=_("Host Name")),
        ),
        Step(
            _(
                "Below “Outgoing Mail Server”, tap “SMTP”, then the server below “Primary Server”. Replace the password there "
                "too, and tap “Done” on each page."
            ),
            login(_("Outgoing Mail Server"), Value.SMTP, label=_("Host Name"), button=DONE),
        ),
    ),
    adding=(
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
                    PASSWORD,
                    Field(_("Description"), Value.DOMAIN),
                ),
                NEXT,
            ),
        ),
        Step(
            _("“IMAP” is chosen above; leave it. Fill in the incoming mail server."),
            Form(_("Incoming Mail Server"), (Field(_("Host Name"), Value.IMAP), USER, PASSWORD)),
        ),
        Step(
            _("Further down, fill in the outgoing mail server: all three fields. Then tap “Next”."),
            Form(_("Outgoing Mail Server"), (Field(_("Host Name"), Value.SMTP), USER, PASSWORD), NEXT),
            _(
                "It says “Optional” beside this password, but it is not: without it you receive mail and cannot send any. Enter the "
                "same password once more."
            ),
        ),
        Step(_("The device checks both servers, which may take a minute. Then tap “Save”.")),
    ),
    words=("iphone", "ipad", "苹果"),
    shortcut=PROFILE,
    shortcut_to="profile",
)

ANDROID = Program(
    "android",
    _("Other Android phone"),
    (Device.ANDROID,),
    _("The mail app that comes with phones of Xiaomi, OPPO, vivo, Samsung and others"),
    replacing=(
        Step(_("Open the mail app, then its “Settings”, and tap your account.")),
        Step(
            _("Open the settings for receiving (“Incoming server” or “Incoming settings”) and replace the password."),
            login(_("Incoming server (IMAP)"), Value.IMAP),
        ),
        Step(
            _("Open the settings for sending (“Outgoing server” or “Outgoing settings”) and replace it there too."),
            login(_("Outgoing server (SMTP)"), Value.SMTP),
        ),
    ),
    adding=(
        Step(
            _("Open the mail app, choose “Other”, fill in address and password, and choose manual setup with IMAP."),
            Form(_("Add account"), (ADDRESS, PASSWORD), _("Manual setup")),
        ),
        Step(_("Fill in the incoming server."), incoming()),
        Step(_("The same for the outgoing server. It needs your address and password too."), outgoing()),
    ),
    words=("安卓", "android", "小米", "xiaomi", "oppo", "vivo", "三星", "samsung"),
    certificates=CERTIFICATES,
)
