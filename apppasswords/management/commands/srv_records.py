from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from apppasswords.setup import pacc

SERVICES = (("IMAP", "imaps", 0), ("POP", "pop3s", 10), ("SMTP", "submissions", 0))  # the lower priority is asked first
NOT_OFFERED = ("imap", "pop3", "submission")  # without TLS from the start (RFC 8314)


class Command(BaseCommand):
    help = "Prints the DNS records by which mail programs find the servers (RFC 6186, RFC 8314), as lines of a zone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--ttl", type=int, default=3600, help="seconds (default: 3600)")

    def handle(self, *args: Any, ttl: int, **options: Any) -> None:
        for domain in settings.MAIL_DOMAINS:
            self.stdout.write(f"$ORIGIN {domain}.\n$TTL {ttl}")
            self._write_services()

    def _write_services(self) -> None:
        portal = urlsplit(settings.PUBLIC_URL)
        for protocol, service, priority in SERVICES:
            host, port, _ = settings.MAIL_SERVERS[protocol]
            self._write(f"_{service}._tcp", "SRV", f"{priority} 1 {port} {host}.")
        for service in NOT_OFFERED:
            self._write(f"_{service}._tcp", "SRV", "0 0 0 .")
        self._write("_autodiscover._tcp", "SRV", f"0 0 {portal.port or 443} {portal.hostname}.")
        for name in ("autoconfig", "autodiscover", *(["ua-auto-config"] if settings.MAIL_PACC else [])):
            self._write(name, "CNAME", f"{portal.hostname}.")
        if settings.MAIL_PACC:
            self._write("_ua-auto-config", "TXT", f'"{pacc.digest()}"')

    def _write(self, name: str, kind: str, value: str) -> None:
        self.stdout.write(f"{name:20} IN {kind:5} {value}")
