"""What came in and what was kept out, on the web and by mail programs."""

from portal.office.admin.signins import (
    aliases,
    app_passwords,
    bans,
    browsers,
    failures,
    machines,
    mail_logins,
    networks,
)

__all__ = ["aliases", "app_passwords", "bans", "browsers", "failures", "machines", "mail_logins", "networks"]
