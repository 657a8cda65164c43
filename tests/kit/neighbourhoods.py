"""Networks that the office knows, and wrong passwords from them."""

from accounts.bans import failures, networks
from accounts.bans.models import KnownNetwork
from accounts.users.models import User

Kind = KnownNetwork.Kind


def know(cidr: str, kind: Kind, clerk: User | None = None) -> KnownNetwork:
    known = KnownNetwork(cidr=cidr, kind=kind)
    networks.keep(known, by=clerk or User.objects.get_or_create(username="keeper@example.edu")[0])
    return known


def fail(address: str, times: int = 1, account: str = "wangwu@example.edu", password: str = "wrong") -> failures.Noted:
    for n in range(times):
        noted = failures.note_failure(address, account, f"{password} {n}", "imap")
    return noted
