"""企业微信, as its documents describe it: a message beside SMS, for a phone that is bound already."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.delivery import gateways
from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown, RecipientRejected, SmsError
from accounts.delivery.gateways.platforms import files
from accounts.delivery.models import Sms
from accounts.routes import plans
from tests.accounts.delivery.test_platforms import SECRET, Make, answer, platform, stub
from tests.kit.deployment import ROOT
from tests.kit.messages import CODE, NUMBER, message
from tests.kit.people import Person
from tests.kit.servers.http_stub import Answer, HttpStub

__all__ = ["platform", "stub"]

TOKEN = answer(errcode=0, errmsg="ok", access_token="t1", expires_in=7200)


def test_a_message_in_wecom(stub: HttpStub, platform: Make) -> None:
    platform("wecom")
    stub.script = [TOKEN, answer(errcode=0, errmsg="ok", invaliduser="", msgid="m-1")]
    assert gateways.send(message(), "wecom") == "m-1"
    assert stub.asked[0].query == {"corpid": "ww0123456789abcdef", "corpsecret": SECRET}
    assert stub.asked[1].query == {"access_token": "t1"}
    sent = json.loads(stub.asked[1].body)
    assert (sent["touser"], sent["msgtype"]) == ("hongmeng", "text")
    assert CODE in sent["text"]["content"]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer(errcode=0, invaliduser="hongmeng", msgid="m-1"), RecipientRejected),
        (answer(errcode=81013), RecipientRejected),
        (answer(errcode=60111), RecipientRejected),
        (answer(errcode=45009), NotSent),
        (answer(errcode=45033), NotSent),
        (answer(errcode=-1), OutcomeUnknown),
        (answer(errcode=60020), ConfigurationRejected),
        (answer(errcode=48002), ConfigurationRejected),
    ],
)
def test_what_wecom_refuses(stub: HttpStub, platform: Make, said: Answer, kind: type[SmsError]) -> None:
    platform("wecom")
    stub.script = [TOKEN, said]
    with pytest.raises(kind):
        gateways.send(message(), "wecom")


@pytest.mark.parametrize("purpose", ["bind", "change", "change_new", "unbind", "notice_changed"])
def test_what_is_about_a_phone_goes_to_the_phone(stub: HttpStub, platform: Make, wangwu: Person, purpose: str) -> None:
    """A message shows nothing of who has the phone."""
    platform("wecom")
    assert wangwu.user
    assert plans.of(Sms(pk=1, user=wangwu.user, number=NUMBER, purpose="sign_in")) == ["wecom"]
    assert plans.of(Sms(pk=1, user=wangwu.user, number=NUMBER, purpose=purpose)) == []
    with pytest.raises(ConfigurationRejected):
        gateways.send(message(purpose), "wecom")
    assert stub.asked == []


# --- Whose account is called otherwise than the mailbox ---------------------------------------------------------------

TAKEN = answer(errcode=0, invaliduser="", msgid="m-1")
BY_FILE, BY_ADDRESS = ("{mailbox_name}", "{account}"), ("{mailbox_name}", "{mailbox_address}")


@pytest.fixture
def listed(tmp_path: Path) -> tuple[Path, tuple[str, str]]:
    """A list of accounts, and the line of the platform's file that names it."""
    path = tmp_path / "wecom.csv"
    path.write_text("HongMeng@example.edu,20080017\n\nlisi@example.edu, 20090001\n")
    return path, ('# accounts = "/etc/mailkey/wecom.csv"', f'accounts = "{path}"')


def sent_to(stub: HttpStub) -> str:
    stub.script = [*([] if stub.asked else [TOKEN]), TAKEN]
    gateways.send(message(), "wecom")
    return str(json.loads(stub.asked[-1].body)["touser"])


def test_by_the_whole_address(stub: HttpStub, platform: Make) -> None:
    platform("wecom", BY_ADDRESS)
    assert sent_to(stub) == "hongmeng@example.edu"


def test_by_a_list_that_may_be_edited(stub: HttpStub, platform: Make, listed: tuple[Path, tuple[str, str]]) -> None:
    path, line = listed
    platform("wecom", BY_FILE, line)
    assert sent_to(stub) == "20080017"
    path.write_text("hongmeng@example.edu,new-one\n")
    assert sent_to(stub) == "new-one"
    path.write_text("half a li")
    assert sent_to(stub) == "new-one", "what was known counts on"
    path.unlink()
    assert sent_to(stub) == "new-one"


def test_who_is_not_in_the_list_is_left_to_the_next_gateway(
    stub: HttpStub, platform: Make, listed: tuple[Path, tuple[str, str]], wangwu: Person, settings: Settings
) -> None:
    path, line = listed
    platform("wecom", BY_FILE, line)
    settings.SMS_GATEWAYS = ["wecom", "memory"]
    assert wangwu.user
    sms = Sms(pk=1, user=wangwu.user, number=NUMBER, purpose="sign_in")
    assert plans.of(sms) == ["memory"]
    with pytest.raises(RecipientRejected):  # a test of this gateway alone
        gateways.send(replace(message(), mailbox="wangwu@example.edu"), "wecom")
    assert stub.asked == []
    assert plans.of(Sms(pk=0, number=NUMBER, purpose="sign_in")) == ["wecom", "memory"], "of nobody yet"
    path.write_text("wangwu@example.edu,20100001\n")
    assert plans.of(sms) == ["wecom", "memory"]


@pytest.mark.parametrize(
    "content", ["hongmeng@example.edu", "20080017,hongmeng@example.edu", "a@b.edu,1\na@b.edu,2", "a@b.edu,", "\xff"]
)
def test_a_wrong_list_ends_the_start(tmp_path: Path, content: str) -> None:
    (tmp_path / "wecom.csv").write_bytes(content.encode("latin-1"))
    text = (ROOT / "deploy" / "sms" / "wecom.toml").read_text()
    (tmp_path / "wecom.toml").write_text(text.replace('# accounts = "/etc/mailkey', f'accounts = "{tmp_path}'))
    _described, faults = files.read(tmp_path / "wecom.toml", lambda _name: SECRET)
    assert [fault.partition(":")[0] for fault in faults] == ["accounts is no list of mailboxes and accounts"]


def test_an_account_needs_a_list(tmp_path: Path) -> None:
    text = (ROOT / "deploy" / "sms" / "wecom.toml").read_text()
    (tmp_path / "wecom.toml").write_text(text.replace(*BY_FILE))
    _described, faults = files.read(tmp_path / "wecom.toml", lambda _name: SECRET)
    assert faults == ["accounts must name the file that says who has which {account}."]
