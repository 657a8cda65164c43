"""A site on its machines, its gateway, and who uses it; and what came of all its SMS."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from benchmarks import people
from benchmarks.first_day import PASSWORD
from benchmarks.machines.hosts import HERE, LOGS, Network
from benchmarks.machines.load import Load, make_people
from benchmarks.machines.site import DOMAIN, GATEWAY, ROOT, Site
from benchmarks.mail_login import ENVIRONMENT
from benchmarks.sending import Gateway, wait_for_the_end
from tests.kit.servers.mails import Mails
from tests.kit.waiting import wait_until

NEEDED = {"/usr/sbin/haproxy": "haproxy", "/usr/bin/redis-server": "redis-server",
          "/usr/lib/postgresql": "postgresql", "/sbin/ip": "iproute2"}  # fmt: skip
PEOPLE = 6000
TAKES = 0.1  # seconds, the gateway
LOG_DISK = 64  # megabytes
KEPT = ROOT / "var" / "machines"


def missing() -> list[str]:
    """What keeps machines from being made here."""
    if os.geteuid() != 0:
        return ["Machines are made as root: sudo make machines"]
    return [f"{path} is missing: apt install {package}" for path, package in NEEDED.items() if not Path(path).exists()]


@dataclass
class Running:
    site: Site
    load: Load
    gateway: Gateway
    mails: Mails
    _mails: int = 0

    def write_mails(self, many: int) -> None:
        """To owners, as pages write them."""
        from django.db import connection

        from accounts.delivery import notices
        from accounts.log import events
        from accounts.users.models import User

        connection.close()  # it may have been to one that was killed
        for name, _secret in people.owners(1)[:many]:
            user = User.objects.get(username=name)
            self._mails += 1
            names = [f"Program {self._mails}"]
            notices.by_mail(user, events.record(events.Kind.PROGRAM_REMOVED, user, address="10.9.0.7", names=names))
        connection.close()

    def end(self) -> dict[str, Any]:
        """Nobody comes any more, and each SMS has come to an end."""
        self.load.end()
        from django.db import connection

        from accounts.delivery.models import Delivery, Mail, Sms

        connection.close()  # it may have been to one that was killed
        wait_for_the_end(120)
        unsent = Mail.objects.filter(status__in=(*Delivery.WAITING, Delivery.Status.CLAIMED))
        wait_until(lambda: not unsent.exists(), 120)
        told = list(Sms.objects.values_list("status", flat=True))
        ends = {Sms.Status.SENT, Sms.Status.DELIVERED, Sms.Status.FAILED, Sms.Status.UNKNOWN}
        return {
            "SMS": len(told), "not known": told.count(Sms.Status.UNKNOWN), "failed": told.count(Sms.Status.FAILED),
            "lost in silence": sum(status not in ends for status in told),
            "sent twice": sum(times > 1 for times in self.gateway.said.values()),
            "mails": Mail.objects.count(), "mails lost": Mail.objects.exclude(status=Mail.Status.SENT).count(),
            "mails sent twice": sum(times > 1 for times in self.mails.came.values()),
        }  # fmt: skip


@contextmanager
def running(*, alone: bool = False, has_directory: bool = False) -> Iterator[Running]:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or the machines would stay
    gateway = Gateway(takes=TAKES, host="0.0.0.0")
    mails = Mails("0.0.0.0")
    for server in (gateway, mails):
        Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="mailkey-machines-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        with Network(folder) as network:
            if alone:
                network.disk(LOGS, LOG_DISK)
            site = Site(network, folder, alone=alone)
            site.begin_databases()
            site.begin_queues()
            os.environ |= ENVIRONMENT | {
                "DATABASE_URL": site.database_url, "CELERY_BROKER_URL": site.broker_url,
                "EMAIL_URL": f"smtp://{HERE}:{mails.server_address[1]}", "LOG_LEVEL": "INFO" if alone else "WARNING",
                "ALLOWED_HOSTS": "portal.example.edu", "TRUSTED_PROXIES": "1", "SMS_ADDRESS_LIMIT": "100000",
                "STATIC_ROOT": str(folder / "static"), "TWILIO_READ_TIMEOUT": "1.5",
                "TWILIO_BASE_URL": f"http://{HERE}:{gateway.server_address[1]}",
            }  # fmt: skip
            from django.core.management import call_command
            from django.db import connection

            connection.close()  # of the site before
            people.make(0)
            call_command("collectstatic", interactive=False, verbosity=0)
            make_people(PEOPLE)
            environment = dict(os.environ) | {"PYTHONPYCACHEPREFIX": str(KEPT / "compiled")}  # as pip leaves modules
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            if alone:
                by_name = f"http://{GATEWAY}.{DOMAIN}:{gateway.server_address[1]}"
                environment |= site.begin_names() | {"TWILIO_BASE_URL": by_name}
            if has_directory:
                environment |= site.begin_directory((f"someone{who}" for who in range(PEOPLE)), PASSWORD)
            site.begin_mailkey(environment)
            load = Load(site.front.address, gateway)
            load.begin()
            try:
                yield Running(site, load, gateway, mails)
            finally:
                KEPT.mkdir(parents=True, exist_ok=True)  # what each has said, for who has to find out
                subprocess.run(["cp", *map(str, (folder / LOGS).glob("*.log")), str(KEPT)], check=True)
