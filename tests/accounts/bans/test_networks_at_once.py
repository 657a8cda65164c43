"""What the office edits of networks is at work at once in every process that runs."""

from collections.abc import Iterator

import pytest

from accounts.bans import networks
from accounts.bans.models import KnownNetwork
from accounts.users.models import User
from tests.kit.crowd import Crowd
from tests.kit.people import PASSWORD
from tests.kit.servers.logins import LoginService, login_service_on

Kind = KnownNetwork.Kind
BUILDING = "10.20.0.1"


@pytest.mark.slow
@pytest.mark.share(2)
def test_at_once_in_processes_that_run(crowd: Crowd) -> None:
    """Four processes that have failed at the address before, and keep their connections."""
    name, address = f"crowded{crowd.database_url[:4]}@example.edu", "100.64.7.1"
    other = f"other-{name}"
    for username in (name, other):
        User.objects.create_user(username, PASSWORD)
    clerk = User.objects.get(username=other)

    def guesses(account: str, count: int = 12) -> list[str]:
        return crowd.rush(
            "enter_password", [{"name": account, "password": f"guess {n}", "address": address} for n in range(count)]
        )

    assert "BANNED" in guesses(name)
    known = KnownNetwork(cidr="100.64.0.0/16", kind=Kind.SHARED)
    networks.keep(known, by=clerk)
    assert "BANNED" in guesses(name)
    enter = [{"name": other, "password": PASSWORD, "address": address} for _ in range(8)]
    assert set(crowd.rush("enter_password", enter)) == {"DONE"}, "the neighbours go on"
    known.kind = Kind.NEVER_BANNED
    networks.keep(known, by=clerk)
    assert set(guesses(name, 40)) == {"REFUSED"}
    networks.drop(known, by=clerk)
    assert "BANNED" in guesses(name)
    assert set(crowd.rush("enter_password", enter)) == {"BANNED"}


KEEP = """
from accounts.bans import networks
from accounts.bans.models import KnownNetwork
from accounts.users.models import User
networks.keep(KnownNetwork(cidr="{cidr}", kind="{kind}"), by=User.objects.get(username="off@example.edu"))
"""
DROP = """
from accounts.bans import networks
from accounts.bans.models import KnownNetwork
from accounts.users.models import User
networks.drop(KnownNetwork.objects.get(cidr="{cidr}"), by=User.objects.get(username="off@example.edu"))
"""


@pytest.fixture(scope="module", params=["postgresql", "sqlite"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoginService]:
    with login_service_on(request.param, tmp_path_factory.mktemp("service")) as started:
        yield started


@pytest.mark.slow
@pytest.mark.share(2)
def test_at_once_in_the_mail_login_service(service: LoginService) -> None:
    """Its two processes run on, with their prepared statements; another process edits."""

    def edit(script: str, **values: str) -> None:
        service.database.manage("shell", "--verbosity", "0", "--command", script.format(**values))

    def wrong(times: int, address: str) -> list[int]:
        return [service.wrong(address).status for _ in range(times)]

    assert wrong(11, BUILDING) == [401] * 10 + [429]
    assert service.login("off@example.edu", PASSWORD, BUILDING).status == 429
    edit(KEEP, cidr="10.20.0.0/16", kind="shared")
    assert service.login("off@example.edu", PASSWORD, BUILDING).status == 200, "the ban of the building ended"
    assert wrong(11, BUILDING) == [401] * 10 + [429]
    assert service.login("off@example.edu", PASSWORD, BUILDING).status == 200, "one account is banned"
    edit(KEEP, cidr="10.20.0.0/24", kind="never")
    assert service.right(BUILDING).status == 200
    assert wrong(25, BUILDING) == [401] * 25
    assert service.right(BUILDING).status == 200
    edit(DROP, cidr="10.20.0.0/24")
    edit(DROP, cidr="10.20.0.0/16")
    assert wrong(11, "10.20.0.2") == [401] * 10 + [429]
    assert service.right("10.20.0.2").status == 429
