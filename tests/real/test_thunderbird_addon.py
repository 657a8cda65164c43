"""The real Thunderbird with the add-on: it signs in at the portal in its own window, reads and sends with a token."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from apppasswords.setup import addon
from tests.kit.mail_programs import Mailbox, inbox_of, letter, smtp
from tests.kit.servers.house import House
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
    about = addon.manifest()["oauth_provider"]
    command = [sys.executable, "manage.py", "addclient", about["clientId"], "--public", "--trusted",
               "--scopes", about["scopes"], "--redirect-uri", about["redirectionEndpoint"]]  # fmt: skip
    subprocess.run(command, cwd=ROOT, env=house.mail.environment, check=True)
    file = tmp_path / "thunderbird.xpi"
    file.write_bytes(addon.build())
    thunderbird.install(file)
    return thunderbird


def code(staff: Mailbox) -> str:
    def newest() -> str:
        file = staff.system.folder / "portal/outbox.jsonl"
        rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
        return next((row["code"] for row in reversed(rows) if row["to"].endswith(NUMBER)), "")

    return wait_until(newest, 30)


def test_it_signs_in_reads_and_sends(installed: Thunderbird, staff: Mailbox, colleague: Mailbox) -> None:
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
    assert staff.system.people("sign_programs_out", staff.name) == 1, "it stands in the list"
