"""What the IT office sees and may do. Nothing is added or edited by hand but people; the rest is history."""

from portal.office.admin import (
    app_passwords,
    applications,
    bans,
    browsers,
    exemptions,
    failures,
    gateways,
    imports,
    log,
    mail_logins,
    networks,
    people,
    roles,
    rollouts,
    sms_and_mail,
    syncs,
)

__all__ = [
    "app_passwords",
    "applications",
    "bans",
    "browsers",
    "exemptions",
    "failures",
    "gateways",
    "imports",
    "log",
    "mail_logins",
    "networks",
    "people",
    "roles",
    "rollouts",
    "sms_and_mail",
    "syncs",
]
