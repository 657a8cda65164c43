"""What a database that a release filled still knows of other servers."""

import base64
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.test import override_settings

from accounts.directory import marks, memory, reports
from accounts.directory import plan as plans
from accounts.directory.models import Asked, Sync
from accounts.faults.models import Fault
from accounts.mailsessions.models import Ending
from accounts.phones import suggestions
from accounts.routes import outages, switches
from tests.kit.filled.people import (
    OF_THE_DIRECTORY,
    THERE,
    Secrets,
    user,
)  # fmt: skip
from tests.kit.people import Person
from tests.kit.sites import SECRET

Answers = Iterator[tuple[str, Any]]


def webmail(secrets: Secrets) -> Answers:
    tokens, server = secrets["tokens"], Person()
    said = server.get("/openid/userinfo/", headers={"authorization": f"Bearer {tokens['access_token']}"})
    yield "who", [said.status_code, said.json()]
    basic = base64.b64encode(f"dovecot:{SECRET}".encode()).decode()
    said = server.post(
        "/openid/introspect/", {"token": tokens["access_token"]}, headers={"authorization": f"Basic {basic}"}
    )
    yield "introspection", [said.status_code, {name: said.json().get(name) for name in ("active", "username", "scope")}]
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    said = server.post("/openid/token/", {"client_id": "webmail", "client_secret": SECRET, **refresh})
    yield "refresh", said.status_code


def waiting(_secrets: Secrets) -> Answers:
    """What a worker still has to do when another server answers again."""
    for row in Ending.objects.all():
        yield row.why, [row.people, row.working]
    for fault in Fault.objects.all():
        yield fault.place, [fault.count, fault.told]


def gateways(_secrets: Secrets) -> Answers:
    yield "out", [str(outage) for found in outages.current(["twilio", "memory"]).values() for outage in found]
    yield "off", sorted(switches.off())


def directory(_secrets: Secrets) -> Answers:
    owner = user("directory")
    yield "right password", memory.recall(owner, OF_THE_DIRECTORY)
    yield "wrong password", memory.recall(owner, "wrong")
    yield "asked", list(Asked.objects.filter(user=owner).values_list("count", flat=True))
    with override_settings(LDAP_ATTRIBUTES=settings.LDAP_ATTRIBUTES | {"phone": "mobile"}):
        yield "number", suggestions.of(owner)
        yield "the same people", reports.of(plans.of(THERE))["lines"]
        waiting = Sync.objects.get()
        yield "changes since", marks.known()
        yield "still as it was shown", reports.version_of(plans.of(THERE)) == waiting.version
