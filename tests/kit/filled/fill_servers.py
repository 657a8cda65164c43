"""What the database of a release holds of other servers: webmail, gateways, a directory, a sign-in elsewhere."""

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.db import transaction
from django.test import override_settings
from django.utils import timezone

from accounts.directory import marks, reports
from accounts.directory import memory as memory_of_the_directory
from accounts.directory import people as directory
from accounts.directory import plan as plans
from accounts.directory.asking.answers import Reading
from accounts.directory.models import Asked, Sync
from accounts.faults import faults
from accounts.faults.words import Note
from accounts.mailsessions.models import Ending
from accounts.routes import outages, switches
from tests.kit.elsewhere import be, leave
from tests.kit.filled.people import (
    OF_THE_DIRECTORY,
    SUPERUSER,
    THERE,
    address,
    cookies_of,
    person,
    user,
)  # fmt: skip
from tests.kit.servers.http_stub import served
from tests.kit.servers.sources import Cas
from tests.kit.sites import MailServer, Site


def go_to_webmail(session: dict[str, str]) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder), "webmail", "--trusted", "--without-pkce", "--scopes", "openid email mail")
        MailServer(Path(folder), "dovecot", "--introspection")
    tokens = site.tokens(person("webmail", session))
    return {kind: tokens[kind] for kind in ("access_token", "refresh_token")}


def wait_for_servers() -> None:
    """Connections that a mail server is to end, and an error that nobody was told of yet."""
    with override_settings(DOVEADM_URLS=["http://127.0.0.1:1"]):
        Ending.objects.ask([address("mail")], Ending.Why.NOT_ME)
    now = timezone.now()
    faults.keep([Note("a place", "an error", "where it was", now, now)])


def lose_a_gateway() -> None:
    """None of those that are used here."""
    outages.begin("twilio", "", "ConnectTimeout")
    switches.switch("twilio", on=False, reason="contract ended", by=user(SUPERUSER), address="")


def come_from_elsewhere() -> dict[str, Any]:
    """By CAS, whose ticket will say that it has ended."""
    browser = person("elsewhere")
    with served(Cas) as stub, override_settings(CAS_URL=stub.url):
        be(stub, address("elsewhere"))
        back = leave(browser, "cas")
        browser.get(back)
        assert browser.is_in()
    return {"cookies": cookies_of(browser), "ticket": parse_qs(urlsplit(back).query)["ticket"][0]}


def take_from_the_directory() -> None:
    """Two people, of whom one is gone by now; what it said of their passwords; and a comparison that waits for its
    clerk."""
    with override_settings(LDAP_ATTRIBUTES=settings.LDAP_ATTRIBUTES | {"phone": "mobile"}):
        with transaction.atomic():
            directory.write(plans.of(THERE))
            directory.write(plans.of(THERE[:1], confirmed=1))
        plan = plans.of(THERE)
        marks.keep(Reading(server="ldap://campus.example.edu", mark="20260301000000"), plan)
    Sync.objects.create(
        status=Sync.Status.LOOKED, made_by=user(SUPERUSER), report=reports.of(plan), version=reports.version_of(plan)
    )
    owner = user("directory")
    with override_settings(LDAP_RIGHT_LIFETIME=timedelta(hours=1)):
        memory_of_the_directory.note_right(owner, OF_THE_DIRECTORY)
    memory_of_the_directory.note_wrong(owner, "wrong")
    Asked.objects.create(user=owner, count=3, began_at=timezone.now())
