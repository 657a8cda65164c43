"""Thunderbird sets itself up: somebody enters name, address and app password, and nothing else.

The program is the real one, and so are portal, nginx, Dovecot and Postfix. It sees the names and ports of production.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.mail_programs import HOST, PASSWORD, Mailbox, inbox_of, letter, smtp
from tests.kit.servers import need
from tests.kit.servers.front import Front
from tests.kit.servers.mail import MailSystem
from tests.kit.servers.socks import World
from tests.kit.servers.thunderbird import Thunderbird
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

IMAP, POP3, SMTP = ("imap.example.edu", 993), ("pop.example.edu", 995), ("smtp.example.edu", 465)
AUTOCONFIG, AUTOCONFIG_HTTP = ("autoconfig.example.edu", 443), ("autoconfig.example.edu", 80)
AUTODISCOVER, AUTODISCOVER_HTTP = ("autodiscover.example.edu", 443), ("autodiscover.example.edu", 80)
OWN_SITE, PORTAL = ("example.edu", 443), ("security.mail.example.edu", 443)


@pytest.fixture
def world(front: Front, mail_system: MailSystem) -> Iterator[World]:
    world = World(
        {
            **dict.fromkeys((AUTOCONFIG, AUTODISCOVER, OWN_SITE, PORTAL), front.https),
            **dict.fromkeys((AUTOCONFIG_HTTP, AUTODISCOVER_HTTP), front.http),
            IMAP: mail_system.ports["imap"],
            POP3: mail_system.ports["pop3"],
            SMTP: mail_system.ports["smtp"],
        }
    )
    world.start()
    yield world
    world.stop()


@pytest.fixture
def thunderbird(world: World, front: Front, mail_system: MailSystem, tmp_path: Path) -> Iterator[Thunderbird]:
    for name in ("thunderbird", "Xvfb"):
        need(name)
    mail_system.people("forget")  # it cannot choose its own address
    program = Thunderbird(tmp_path, world.port)
    try:
        program.start()
        program.trust(front.authority)
        program.trust(mail_system.authority)
        yield program
        program.screenshot()
    finally:
        program.stop()


def found(staff: Mailbox) -> dict[str, list[str]]:
    return {
        "incoming": ["imap", "imap.example.edu", "993"],
        "outgoing": ["smtp", "smtp.example.edu", "465"],
        "both": [staff.name, "ssl", "password"],
    }


def logins(staff: Mailbox) -> set[str]:
    """Ways in that Dovecot let somebody in by."""
    log = (staff.system.folder / "dovecot.log").read_text()
    return {line.split(": ")[0].split()[-1] for line in log.splitlines() if f"Login: user=<{staff.name}>" in line}


def test_it_finds_the_servers_reads_and_sends(
    thunderbird: Thunderbird, world: World, front: Front, staff: Mailbox, colleague: Mailbox
) -> None:
    with smtp(staff.system, colleague.address) as outgoing:
        outgoing.login(colleague.name, colleague.app_password)
        outgoing.send_message(letter(colleague.name, staff.name, "welcome"))

    thunderbird.enter_address("张三", staff.name)
    thunderbird.shows("emailConfigFoundSubview")
    assert thunderbird.found() == found(staff)
    assert not {IMAP, POP3, SMTP} & set(world.asked)
    assert staff.name not in front.logs()

    thunderbird.enter_password(staff.app_password)
    thunderbird.finish()
    wait_until(lambda: thunderbird.subjects() == ["welcome"], 30)
    assert "This is the letter welcome." in thunderbird.open_mail()
    thunderbird.send(colleague.name, "thanks", "It found everything by itself.")
    wait_until(lambda: "Subject: thanks" in inbox_of(colleague.system, colleague.name, colleague.app_password), 30)

    assert staff.system.people("last_use", staff.name, "phone") == ["imap", HOST]
    assert logins(staff) == {"imap-login", "submission-login"}
    assert staff.system.people("failures", HOST) == []


def test_the_mailbox_password_is_refused_and_the_app_password_then_taken(
    thunderbird: Thunderbird, staff: Mailbox
) -> None:
    """Thunderbird takes one click for two tries: AUTHENTICATE PLAIN, and after its refusal LOGIN."""
    thunderbird.enter_address("张三", staff.name)
    thunderbird.shows("emailConfigFoundSubview")
    thunderbird.enter_password(PASSWORD)
    thunderbird.wait_for_refusal()
    assert staff.system.people("failures", HOST) == ["imap", "imap"]
    assert not logins(staff)
    thunderbird.enter_password(staff.app_password)
    thunderbird.finish()
    wait_until(lambda: logins(staff))
    assert staff.system.people("failures", HOST) == []


@pytest.mark.parametrize("only", [OWN_SITE, AUTODISCOVER], ids=lambda place: place[0])
def test_one_place_is_enough(thunderbird: Thunderbird, world: World, staff: Mailbox, only: tuple[str, int]) -> None:
    """Its own site has both; autodiscover is what it asks for beside its own format, and takes if that is nowhere."""
    for place in {AUTOCONFIG, AUTOCONFIG_HTTP, AUTODISCOVER, AUTODISCOVER_HTTP, OWN_SITE} - {only}:
        del world.places[place]
    thunderbird.enter_address("张三", staff.name)
    thunderbird.shows("emailConfigFoundSubview")
    assert thunderbird.found() == found(staff)


def test_http_alone_gives_no_settings(thunderbird: Thunderbird, world: World, staff: Mailbox) -> None:
    """What is asked for by http leads to https; without that there is nothing to believe."""
    for place in (AUTOCONFIG, AUTODISCOVER, OWN_SITE):
        del world.places[place]
    thunderbird.enter_address("张三", staff.name)
    thunderbird.shows("emailIncomingConfigSubview")
    assert {AUTOCONFIG_HTTP, AUTODISCOVER_HTTP} <= set(world.asked)
    assert not {IMAP, POP3, SMTP} & set(world.asked)
