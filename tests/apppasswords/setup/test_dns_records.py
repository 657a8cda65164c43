"""What the DNS says of the servers, as lines of a zone."""

from io import StringIO
from typing import Any

import dns.rdataclass
import dns.rdatatype
import dns.zone
from django.core.management import call_command
from pytest_django import Settings


def records(**options: Any) -> dict[str, list[str]]:
    printed = StringIO()
    call_command("srv_records", stdout=printed, **options)
    text = printed.getvalue()
    # A zone begins with what the institution has already.
    start = "@ 60 IN SOA ns root 1 1 1 1 1\n@ 60 IN NS ns\nns 60 IN A 192.0.2.1\n"
    zone = dns.zone.from_text(f"$ORIGIN example.edu.\n{start}{text}", "example.edu.")
    found: dict[str, list[str]] = {}
    for name, ttl, record in zone.iterate_rdatas():
        if record.rdtype in (dns.rdatatype.SRV, dns.rdatatype.CNAME):
            assert ttl == options.get("ttl", 3600)
            found.setdefault(str(name), []).append(record.to_text(zone.origin, relativize=False))
    return found


def test_the_records_are_lines_of_a_zone(settings: Settings) -> None:
    settings.PUBLIC_URL = "https://security.mail.example.edu"
    assert records(ttl=600) == {
        "_imaps._tcp": ["0 1 993 imap.example.edu."],
        "_pop3s._tcp": ["10 1 995 pop.example.edu."],
        "_submissions._tcp": ["0 1 465 smtp.example.edu."],
        "_imap._tcp": ["0 0 0 ."],
        "_pop3._tcp": ["0 0 0 ."],
        "_submission._tcp": ["0 0 0 ."],
        "_autodiscover._tcp": ["0 0 443 security.mail.example.edu."],
        "autoconfig": ["security.mail.example.edu."],
        "autodiscover": ["security.mail.example.edu."],
    }


def test_the_records_name_the_servers_of_the_settings(settings: Settings) -> None:
    settings.MAIL_SERVERS = settings.MAIL_SERVERS | {"IMAP": ("mail.example.edu", 10993, "SSL/TLS")}
    assert records()["_imaps._tcp"] == ["0 1 10993 mail.example.edu."]
