"""Networks that many people share, and those that are never banned: read what the office typed, keep, drop."""

import unicodedata
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.bans import bans
from accounts.bans.models import Ban, KnownNetwork
from accounts.bans.where import addresses
from accounts.log import events
from accounts.users.models import User

AnyNetwork = IPv4Network | IPv6Network
Kind = KnownNetwork.Kind

LARGEST = {4: 8, 6: 16}  # bits of the prefix; no institution has more than that
SMALLEST_6 = 64  # bits; what one IPv6 client has for itself is counted as one
WIDE = {4: 16, 6: 48}  # bits; a network with fewer, where nobody is ever banned, is asked about
MAPPED = ip_network("::ffff:0:0/96")


class Refusal(Enum):
    NOT_A_NETWORK = _("This is not a network. Write it as 10.20.0.0/16 or 2001:db8:20::/48.")
    HOST_BITS = _("This is an address within a network. Enter %(meant)s if you mean the whole network.")
    EVERYBODY = _("This network is too large: half the internet would be in it. The largest are /8 and, for IPv6, /16.")
    TOO_SMALL = _("IPv6 addresses are counted by /64. Enter %(meant)s or a larger network.")
    NOBODY = _("No client has an address in this network.")

    @property
    def label(self) -> str:
        return str(self.value)


def read(text: str) -> tuple[AnyNetwork | None, Refusal | None]:
    """What was typed, as a network; with a refusal, the network that was perhaps meant."""
    text = unicodedata.normalize("NFKC", text).replace("。", ".").strip()
    if "%" in text:  # a zone is for one machine only
        return None, Refusal.NOT_A_NETWORK
    try:
        meant = _unmapped(ip_network(text, strict=False))
    except ValueError:
        return None, Refusal.NOT_A_NETWORK
    if meant.prefixlen < LARGEST[meant.version]:
        return meant, Refusal.EVERYBODY
    if meant.network_address.is_unspecified or meant.is_multicast:
        return meant, Refusal.NOBODY
    if meant.version == 6 and meant.prefixlen > SMALLEST_6:
        return meant.supernet(new_prefix=SMALLEST_6), Refusal.TOO_SMALL
    try:
        ip_network(text)
    except ValueError:
        return meant, Refusal.HOST_BITS
    return meant, None


def _unmapped(network: AnyNetwork) -> AnyNetwork:
    """::ffff:10.0.0.0/104 is 10.0.0.0/8."""
    if isinstance(network, IPv6Network) and _within(network, MAPPED):
        return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    return network


@dataclass(frozen=True)
class Neighbour:
    """Another network that holds this one, or lies within it."""

    network: AnyNetwork
    kind: Kind
    is_larger: bool


@dataclass(frozen=True)
class Consequences:
    """What keeping a network means, before it is kept."""

    is_wide: bool
    bans: list[Ban]  # in force, that would not have come about
    neighbours: list[Neighbour]

    def __bool__(self) -> bool:
        return self.is_wide or bool(self.bans) or bool(self.neighbours)


def consequences(whole: AnyNetwork, kind: Kind, *, edited: int | None = None) -> Consequences:
    """`edited`: the row that says so from now on; what it says now is no neighbour."""
    neighbours = _neighbours(whole, edited)
    return Consequences(
        is_wide=kind is Kind.NEVER_BANNED and whole.prefixlen < WIDE[whole.version],
        bans=_ending(whole, kind, neighbours),
        neighbours=neighbours,
    )


def _ending(whole: AnyNetwork, kind: Kind, neighbours: list[Neighbour]) -> list[Ban]:
    """Bans in force there that such a network does not know: in a shared one, of whole addresses; else any.

    Those within a narrower network stay: that one decides about them. So do those of addresses that are so already.
    """
    present = Ban.objects.filter(bans.in_force()).order_by("pk")
    if kind is Kind.SHARED:
        present = present.filter(account="")
    narrower = [other.network for other in neighbours if not other.is_larger]
    return [
        ban
        for ban in present
        if _within(there := ip_network(ban.network), whole)
        and not any(_within(there, other) for other in narrower)
        and addresses.kind(str(there.network_address)) is not kind
    ]


def _neighbours(whole: AnyNetwork, edited: int | None) -> list[Neighbour]:
    rows = KnownNetwork.objects.exclude(pk=edited or 0)
    others = [(ip_network(row.cidr), Kind(row.kind)) for row in rows]
    others += [(other, Kind.SHARED) for other in settings.SHARED_NETWORKS]
    return [
        Neighbour(other, kind, is_larger=_within(whole, other))
        for other, kind in others
        if _within(other, whole) or _within(whole, other)
    ]


def _within(inner: AnyNetwork, outer: AnyNetwork) -> bool:
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def keep(known: KnownNetwork, *, by: User, address: str = "", was: dict[str, Any] | None = None) -> int:
    """Save it: it counts from now on, in every process. Returns how many bans in force ended with it.

    `was`: what it said before, of the fields that were edited.
    """
    whole = ip_network(known.cidr)
    ending = consequences(whole, Kind(known.kind), edited=known.pk).bans
    known.first = addresses.sortable(whole.network_address)
    known.last = addresses.sortable(whole.broadcast_address)
    known.edited_at, known.edited_by = timezone.now(), by
    act = "edited" if known.pk else "added"
    if not known.pk:
        known.created_by = by
    with transaction.atomic():
        known.save()
        events.record(events.Kind.NETWORK_EDITED, None, actor=by, address=address, act=act, **_told(known, was))
        return sum(bool(bans.lift(ban, by, reason=f"{known.cidr}: {known.kind}")) for ban in ending)


def drop(known: KnownNetwork, *, by: User, address: str = "") -> None:
    with transaction.atomic():
        events.record(events.Kind.NETWORK_EDITED, None, actor=by, address=address, act="removed", **_told(known, None))
        known.delete()


def _told(known: KnownNetwork, was: dict[str, Any] | None) -> dict[str, Any]:
    told: dict[str, Any] = {"network": known.cidr, "known_as": known.kind, "note": known.note}
    return told | ({"was": was} if was else {})
