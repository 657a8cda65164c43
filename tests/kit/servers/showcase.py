"""`make run-mail`: the whole house for somebody who wants to see it, on high ports and in a temporary folder."""

import os
import signal
import smtplib
import sys
import tempfile
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from threading import Event

# What has to be there, and the Debian package that brings it.
NEEDED = {
    "/usr/sbin/dovecot": "dovecot-core",
    "/usr/lib/dovecot/imap": "dovecot-imapd",
    "/usr/lib/dovecot/pop3": "dovecot-pop3d",
    "/usr/lib/dovecot/lmtp": "dovecot-lmtpd",
    "/usr/lib/dovecot/submission": "dovecot-submissiond",
    "/usr/lib/dovecot/managesieve": "dovecot-managesieved",
    "/usr/lib/dovecot/modules/lib90_sieve_plugin.so": "dovecot-sieve",
    "/usr/lib/dovecot/modules/auth/libauthdb_lua.so": "dovecot-auth-lua",
    "/usr/sbin/postfix": "postfix",
    "/usr/sbin/nginx": "nginx",
    "/usr/sbin/php-fpm8.2": "php-fpm",
    "/usr/share/roundcube/index.php": "roundcube-core roundcube-sqlite3",
    "/usr/share/roundcube/plugins/managesieve": "roundcube-plugins",
    "/usr/lib/php/20220829/curl.so": "php-curl",
    "/usr/lib/php/20220829/pdo_sqlite.so": "php-sqlite3",
    "/usr/bin/openssl": "openssl",
}
PORTS = {"imap": 10993, "pop3": 10995, "smtp": 10465, "sieve": 14190, "doveadm": 18180, "relay": 10025, "world": 10026,
         "webmail": 8443, "webmail_http": 8444}  # fmt: skip

LETTER = """您好！

这是演示邮箱里的一封信。您可以回复它，或者给自己写一封。

想在手机或电脑的邮件客户端里收信，请在“邮箱安全”的“客户端安全登录”中生成专用密码。

信息办
"""


WELCOME = """
The whole house runs.

  Webmail  {house.webmail_url}/   (its certificate was made just now: the browser warns, go on)
  Portal   {house.portal_url}/
  SMS      {house.portal_url}/outbox/
  Admin    {house.portal_url}/admin/
  Mail programs: localhost, IMAP {ports[imap]}, POP3 {ports[pop3]}, SMTP {ports[smtp]}, all with TLS and an app password

  Sign in with the password {password} as
{people}

  Ctrl-C stops everything, and forgets it.
"""


def missing() -> list[str]:
    """One line for each thing that is not there."""
    lines = [f"{path} is missing: apt install {package}" for path, package in NEEDED.items() if not Path(path).exists()]
    if os.geteuid() != 0:
        lines.append("Dovecot and Postfix start as root: sudo make run-mail")
    return lines


def main() -> int:
    if lines := missing():
        print("\n".join(lines), file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="mailkey-house-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # servers drop their privileges and still need their files
        os.environ |= {"DJANGO_SETTINGS_MODULE": "portal.settings", "VAR": str(folder / "portal")}
        return show(folder)


def show(folder: Path) -> int:
    """After Django knows where its data goes."""
    import django  # noqa: PLC0415

    django.setup()
    from portal.development.management.commands.demo import PASSWORD, PEOPLE  # noqa: PLC0415
    from portal.development.processes import is_free  # noqa: PLC0415
    from tests.kit.servers.house import House  # noqa: PLC0415
    from tests.kit.servers.mail import MailSystem  # noqa: PLC0415

    ports = PORTS | {"portal": int(os.environ.get("PORT", "8000")), "login": int(os.environ.get("MAIL_PORT", "8001"))}
    if taken := [str(port) for port in ports.values() if not is_free("127.0.0.1", port)]:
        said = f"Taken already: port {', '.join(taken)}. Stop what uses it, or choose PORT= and MAIL_PORT=."
        print(said, file=sys.stderr)
        return 1
    over = Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: over.set())
    print("Starting the portal, Dovecot, Postfix and Roundcube ...", flush=True)
    guides = {f"{kind}_HOST": "localhost" for kind in ("IMAP", "POP", "SMTP")}
    guides |= {"IMAP_PORT": str(ports["imap"]), "POP_PORT": str(ports["pop3"]), "SMTP_PORT": str(ports["smtp"])}
    mail = MailSystem(folder, ports, **guides)
    mail.mailboxes = [username for username, _about in PEOPLE]
    try:
        mail.start(demo=True)
        house = House(mail)
        house.start()
        for username, about in PEOPLE:
            write_to(username, str(about["name"]), ports["world"])
        people = "\n".join(f"    {username:24} {about['name']}" for username, about in PEOPLE)
        print(WELCOME.format(house=house, people=people, password=PASSWORD, ports=ports), flush=True)
        over.wait()
        print("\nStopping.", flush=True)
    finally:
        mail.stop()
    return 0


def write_to(username: str, name: str, port: int) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"] = "信息办 <itoffice@example.edu>", f"{name} <{username}>"
    letter["Subject"], letter["Date"] = "欢迎使用邮箱", formatdate(localtime=True)
    letter.set_content(LETTER)
    with smtplib.SMTP("127.0.0.1", port, "localhost") as postfix:
        postfix.send_message(letter)


if __name__ == "__main__":
    sys.exit(main())
