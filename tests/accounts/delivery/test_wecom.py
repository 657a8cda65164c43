"""企业微信, as its documents describe it: a message beside SMS, for a phone that is bound already."""

import json

import pytest

from accounts.delivery import gateways
from accounts.delivery.errors import ConfigurationRejected, NotSent, OutcomeUnknown, RecipientRejected, SmsError
from accounts.delivery.models import Sms
from accounts.routes import plans
from tests.accounts.delivery.test_platforms import SECRET, Make, answer, platform, stub
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
