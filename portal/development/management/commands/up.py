import os
import sys
import time
from http.client import HTTPException
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from portal.development.management.commands.demo import PASSWORD, PEOPLE
from portal.development.processes import Processes, Stop, is_free

HOST = "127.0.0.1"
START_WITHIN = 60  # seconds


def web_server(port: int) -> list[str]:
    return [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", HOST, "--port", str(port),
            "--loop", "asyncio", "--blocking-threads", "4", "--workers-kill-timeout", "3", "--respawn-failed-workers",
            "--respawn-interval", "0.5", "--log-level", "warning", "portal.wsgi:application"]  # fmt: skip


def mail_login_service(port: int) -> list[str]:
    return [sys.executable, "-m", "portal.serving", "protocol", "apppasswords.maillogin.server.request:MailServer",
            f"{HOST}:{port}", "1", "warning"]  # fmt: skip


def worker() -> list[str]:
    return _celery("--beat", "--concurrency", "4", "--queues", "sms,mail,upkeep")


def files_worker() -> list[str]:
    """What reads files of people takes long, and must not hold up an SMS."""
    return _celery("--hostname", "files@%h", "--concurrency", "1", "--queues", "files")


def _celery(*options: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "portal", "--quiet", "worker", "--pool", "threads", *options,
            "--without-gossip", "--without-mingle", "--loglevel", "WARNING"]  # fmt: skip


class Command(BaseCommand):
    help = "Starts everything for development: database, web server, Celery worker. Ctrl-C stops it all."
    requires_system_checks: list[str] = []  # they load the whole site: once it runs

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("this is for development; docs/operations.md says how the parts start in production.")
        port, mail_port = settings.PORT, settings.MAIL_PORT
        for name, number in (("PORT", port), ("MAIL_PORT", mail_port)):
            if not is_free(HOST, number):
                raise CommandError(
                    f"port {number} is taken. Stop what uses it, or choose another one: make run {name}={number + 10}"
                )
        os.umask(0o077)  # what is written under VAR is nobody else's to read
        call_command("migrate", verbosity=0)
        call_command("demo")

        processes = Processes()
        try:
            processes.start("web server", web_server(port))
            processes.start("mail login service", mail_login_service(mail_port))
            self._wait_until_ready(processes, f"http://{HOST}:{port}/health/ready")
            self._wait_until_ready(processes, f"http://{HOST}:{mail_port}/health/live")
            processes.start("Celery worker", worker())  # nobody has asked for a code yet, and one that waits is sent
            self._welcome(port, mail_port)
            processes.start("Celery worker for files", files_worker())
            self.check()
            while (ended := processes.ended()) is None:
                time.sleep(0.2)
            raise CommandError(f"the {ended} ended; its last lines are above.")
        except Stop:
            self.stdout.write("\nStopping.")
        finally:
            processes.stop()

    @staticmethod
    def _wait_until_ready(processes: Processes, url: str) -> None:
        last = time.monotonic() + START_WITHIN
        while time.monotonic() < last:
            if ended := processes.ended():
                raise CommandError(f"the {ended} does not start; its last lines are above.")
            try:
                with urlopen(url, timeout=2):  # noqa: S310 (our own address)
                    return
            except (URLError, HTTPException, OSError):
                time.sleep(0.1)
        raise CommandError(f"{url} did not answer within {START_WITHIN} seconds.")

    def _welcome(self, port: int, mail_port: int) -> None:
        people = "\n".join(f"    {username:24} {about['name']}" for username, about in PEOPLE)
        self.stdout.write(
            f"\nMailkey runs.\n\n"
            f"  Portal   http://localhost:{port}/\n"
            f"  SMS      http://localhost:{port}/outbox/   (also in {settings.SMS_OUTBOX})\n"
            f"  Admin    http://localhost:{port}/admin/\n"
            f"  Logins   http://127.0.0.1:{mail_port}/login   (for mail servers, not for browsers)\n\n"
            f"  Sign in with the password {PASSWORD} as\n{people}\n\n"
            f"  Ctrl-C stops everything; the data stays in {settings.VAR}.\n"
        )
        self.stdout.flush()
