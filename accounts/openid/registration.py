"""Mail programs that make themselves known (RFC 7591), where the settings let them: what they may ask for, how many
there may be, and for how long (docs/decisions/0104-programs-that-register.md)."""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.bans.where import addresses
from accounts.lib import invisible, turns
from accounts.log import events
from accounts.openid.models import Application

HOURLY = 60  # of one IPv4 address, or IPv6 /48: a campus may have one
UNUSED = 1_000  # at a time, of everybody
UNUSED_FOR = timedelta(hours=1)  # until somebody allowed it; then it is forgotten
FORGOTTEN_AFTER = timedelta(days=400)  # since it was last allowed: whatever it holds has ended by then
LONGEST_NAME, LONGEST_URI, MOST_URIS = 60, 200, 5

METHOD, GRANTS, RESPONSES = "none", ["authorization_code", "refresh_token"], ["code"]
# RFC 8252, 7.1: a scheme by a domain of the program's own, written backwards. One without a dot may be anybody's.
OWN_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
URI = re.compile(r"[!-~]+")


class Refusal(Enum):
    """As RFC 7591 names them; the last has no name there."""

    URI = "invalid_redirect_uri"
    METADATA = "invalid_client_metadata"
    TOO_MANY = "temporarily_unavailable"


@dataclass(frozen=True)
class Asked:
    name: str
    uris: list[str]


def register(body: bytes, address: str) -> Application | Refusal:
    """Without a secret, so PKCE is a must; never trusted, so people are asked each time."""
    asked = _read(body)
    if isinstance(asked, Refusal):
        return asked
    network = addresses.networks(address)[-1]
    with transaction.atomic():
        turns.take("openid.registration")  # or those that come at once would not see each other in the counts
        _unused().filter(created__lt=timezone.now() - UNUSED_FOR).delete()
        lately = _registered().filter(registered_from=network, created__gt=timezone.now() - timedelta(hours=1))
        if lately.count() >= HOURLY or _unused().count() >= UNUSED:
            return Refusal.TOO_MANY
        row: Application = Application.objects.create(
            name=asked.name,
            redirect_uris=" ".join(asked.uris),
            registration_source=Application.RegistrationSource.DCR,
            registered_from=network,
            scopes=" ".join(settings.OAUTH2_PROVIDER["SCOPES"]),
            client_type=Application.CLIENT_PUBLIC,
            client_secret="",
            authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
            algorithm=Application.RS256_ALGORITHM,
        )
        events.record(events.Kind.APPLICATION_REGISTERED, None, address=address, application=asked.name)
    return row


def told(row: Application) -> dict[str, Any]:
    """What was made of what it asked for (RFC 7591, 3.2.1)."""
    return {
        "client_id": row.client_id,
        "client_id_issued_at": int(row.created.timestamp()),
        "client_name": row.name,
        "redirect_uris": row.redirect_uris.split(),
        "token_endpoint_auth_method": METHOD,
        "grant_types": GRANTS,
        "response_types": RESPONSES,
        "scope": row.scopes,
    }


def note_use(row: Application) -> None:
    """Somebody allowed it."""
    _registered().filter(pk=row.pk).update(used_at=timezone.now())


def delete_expired() -> None:
    _unused().filter(created__lt=timezone.now() - UNUSED_FOR).delete()
    _registered().filter(used_at__lt=timezone.now() - FORGOTTEN_AFTER).delete()


def _registered() -> QuerySet[Application]:
    rows: QuerySet[Application] = Application.objects.filter(registration_source=Application.RegistrationSource.DCR)
    return rows


def _unused() -> QuerySet[Application]:
    return _registered().filter(used_at=None)


def _read(body: bytes) -> Asked | Refusal:
    """What it does not know is left out, as the RFC has it. What it was asked for and cannot give is refused."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return Refusal.METADATA
    if not isinstance(said, dict):
        return Refusal.METADATA
    uris, name = said.get("redirect_uris"), said.get("client_name")
    if not isinstance(uris, list) or not 1 <= len(uris) <= MOST_URIS or not all(map(_leads_to_a_program, uris)):
        return Refusal.URI
    name = " ".join(invisible.dropped(name).split()) if isinstance(name, str) else ""
    is_a_name = bool(name) and len(name) <= LONGEST_NAME and name.isprintable()
    can_be_given = (
        said.get("token_endpoint_auth_method", METHOD) == METHOD
        and _is_among(said.get("grant_types", GRANTS), GRANTS)
        and _is_among(said.get("response_types", RESPONSES), RESPONSES)
    )
    return Asked(name, uris) if is_a_name and can_be_given else Refusal.METADATA


def _is_among(said: object, known: list[str]) -> bool:
    return isinstance(said, list) and all(one in known for one in said)


def _leads_to_a_program(uri: object) -> bool:
    """On the person's own machine: no site, or whoever registers it would be sent the codes."""
    if not isinstance(uri, str) or len(uri) > LONGEST_URI or not URI.fullmatch(uri) or "#" in uri:
        return False
    try:
        parts = urlsplit(uri)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme == "http":
        return host == "127.0.0.1" and "@" not in parts.netloc
    # It begins as it stands there: browsers read `COM.Example:` and a blank before it as the same.
    return bool(OWN_SCHEME.fullmatch(uri.partition(":")[0])) and not parts.netloc and parts.path.startswith("/")
