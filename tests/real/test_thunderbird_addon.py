"""The real Thunderbird with the add-on: it signs in at the portal in its own window, reads and sends with a token,
and is out when that ends in the portal."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.mailsessions import dovecot
from apppasswords.setup import addon
from tests.kit.mail_programs import Mailbox, inbox_of, letter, smtp
from tests.kit.servers.house import House
from tests.kit.servers.mail import DOVEADM_KEY
from tests.kit.servers.service import ROOT
from tests.kit.servers.thunderbird import Thunderbird
from tests.kit.waiting import wait_until
from tests.real.test_thunderbird import thunderbird, world

pytestmark = pytest.mark.slow

__all__ = ["thunderbird", "world"]

NUMBER = "13812340000"


@pytest.fixture
def installed(house: House, thunderbird: Thunderbird, settings: Settings, tmp_path: Path) -> Thunderbird:
    settings.PUBLIC_URL, settings.THUNDERBIRD_CLIENT = house.portal_url, "thunderbird"
    settings.DOVEADM_API_KEY = DOVEADM_KEY
    about = addon.manifest()["oauth_provider"]
    command = [sys.executable, "manage.py", "addclient", about["clientId"], "--public", "--trusted",
               "--scopes", about["scopes"], "--redirect-uri", about["redirectionEndpoint"]]  # fmt: skip
    subprocess.run(command, cwd=ROOT, env=house.mail.environment, check=True)
    file = tmp_path / "thunderbird.xpi"
    file.write_bytes(addon.build())
    thunderbird.install(file)
    return thunderbird


def connected(staff: Mailbox) -> int:
    return dovecot._connected(staff.system.doveadm_url(), [staff.name], "").total()


def code(staff: Mailbox) -> str:
    def newest() -> str:
        file = staff.system.folder / "portal/outbox.jsonl"
        rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return next((row["code"] for row in reversed(rows) if row["to"].endswith(NUMBER)), "")

    return wait_until(newest, 30)


def test_it_signs_in_reads_sends_and_is_out_when_its_owner_says_so(
    installed: Thunderbird, staff: Mailbox, colleague: Mailbox
) -> None:
    with smtp(staff.system, colleague.address) as outgoing:
        outgoing.login(colleague.name, colleague.app_password)
        outgoing.send_message(letter(colleague.name, staff.name, "welcome"))
    staff.system.people("bind", staff.name, f"+86{NUMBER}")
    installed.enter_address("张三", staff.name)
    installed.shows("emailConfigFoundSubview")
    assert "oauth2" in installed.found()["both"][2].lower()
    installed.click("#emailFooter #forward")
    installed.provider_shows("/sign-in/")
    installed.provider_submits(username=staff.name, password=staff.password)
    installed.provider_shows("/sign-in/code/")
    installed.provider_submits(code=code(staff))
    installed.finish()
    wait_until(lambda: installed.subjects() == ["welcome"], 30)
    installed.send(colleague.name, "thanks", "By a token.")
    wait_until(lambda: "Subject: thanks" in inbox_of(colleague.system, colleague.name, colleague.app_password), 30)
    assert [row[:2] for row in staff.system.people("logins", staff.name)] == [["imap", "token"], ["smtp", "token"]]
    assert not installed.has_provider_window()
    assert connected(staff)
    assert staff.system.people("sign_programs_out", staff.name) == 1, "it stands in the list"
    wait_until(lambda: not connected(staff), 30)
    with smtp(staff.system, colleague.address) as outgoing:
        outgoing.login(colleague.name, colleague.app_password)
        outgoing.send_message(letter(colleague.name, staff.name, "later"))
    installed.get_mail()  # with the token that it holds, which opens nothing
    installed.age_token()
    installed.get_mail()
    installed.provider_shows("/sign-in/")
    assert installed.subjects() == ["welcome"]
    assert not connected(staff)
