"""CAS: what its server says is read strictly, and who signs out there is out here."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from pytest_django import Settings

from accounts.sessions.models import SignIn
from tests.kit.elsewhere import be, come, is_nowhere, leave
from tests.kit.people import Person
from tests.kit.servers.sources import Cas

BOMB = (
    '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    '<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas"><cas:authenticationSuccess>'
    "<cas:user>&b;</cas:user></cas:authenticationSuccess></cas:serviceResponse>"
)
OUTSIDE = BOMB.replace('"ha"', 'SYSTEM "file:///etc/hostname"')


@pytest.mark.parametrize("answer", [BOMB, OUTSIDE, Cas.said(""), Cas.said("<cas:authenticationSuccess/>" * 2)])
def test_an_answer_that_is_an_attack_is_none(cas: Cas, answer: str, lisi: Person) -> None:
    back = leave(lisi, "cas")
    cas.next_answer = answer
    assert lisi.get(back).status_code == 503
    assert is_nowhere(lisi)


def test_a_ticket_of_another_site_is_refused(cas: Cas, lisi: Person) -> None:
    be(cas, "lisi@example.edu")
    back = leave(lisi, "cas")
    foreign = cas.issue("https://library.example.edu/")
    assert lisi.get(back[: back.index("&ticket=")] + f"&ticket={foreign}").status_code == 403
    assert is_nowhere(lisi)


@pytest.mark.parametrize("ticket", ["PT-1-x", "PGT-1", "", "ST-", "ST-1&service=https://evil.example/", "ST-\n1"])
def test_what_is_no_service_ticket_is_not_even_asked_about(cas: Cas, ticket: str, lisi: Person) -> None:
    be(cas, "lisi@example.edu")
    back = leave(lisi, "cas")
    cas.tickets[ticket] = (back, False)
    assert lisi.get(back[: back.index("&ticket=")] + f"&{urlencode({'ticket': ticket})}").status_code == 403
    assert is_nowhere(lisi)


@pytest.mark.parametrize(
    ("attributes", "more"),
    [
        ("<cas:mail>lisi@example.edu</cas:mail>", "<cas:proxies><cas:proxy>https://x/</cas:proxy></cas:proxies>"),
        ("<cas:mail>a@example.edu</cas:mail><cas:mail>lisi@example.edu</cas:mail>", ""),
        ("<cas:mail>lisi@example.edu<cas:x>.cn</cas:x></cas:mail>", ""),
        ("<cas:email>lisi@example.edu</cas:email>", ""),
    ],
)
def test_an_answer_that_leaves_doubt_opens_nothing(cas: Cas, attributes: str, more: str, lisi: Person) -> None:
    cas.user, cas.attributes, cas.more = "lisi", attributes, more
    assert come(lisi, "cas").status_code == 403
    assert is_nowhere(lisi)


def test_the_user_name_is_the_mailbox_where_the_office_says_so(cas: Cas, lisi: Person, settings: Settings) -> None:
    settings.CAS_MAILBOX, settings.CAS_PROTOCOL = "user", "2"
    cas.user = "lisi"
    assert come(lisi, "cas").headers["Location"] == "/"


def logout(ticket: str) -> dict[str, str]:
    return {
        "logoutRequest": '<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="1" Version="2.0">'
        f"<samlp:SessionIndex>{ticket}</samlp:SessionIndex></samlp:LogoutRequest>"
    }


def test_who_signs_out_there_is_out_here(cas: Cas, lisi: Person, wangwu: Person) -> None:
    be(cas, "lisi@example.edu")
    back = leave(lisi, "cas")
    lisi.get(back)
    elsewhere = Person(lisi.user)
    elsewhere.arrive()
    server = Person(enforce_csrf_checks=True)
    for other in ("ST-1-of-another", "", "<", "ST-1</samlp:SessionIndex>"):
        assert server.post("/sign-in/elsewhere/cas/back/", logout(other)).status_code == 204
    assert server.post("/sign-in/elsewhere/cas/back/").status_code == 204
    assert lisi.is_in()
    ticket = parse_qs(urlsplit(back).query)["ticket"][0]
    assert server.post("/sign-in/elsewhere/cas/back/", logout(ticket)).status_code == 204
    assert not lisi.is_in()
    assert elsewhere.is_in()
    assert SignIn.objects.count() == 1


def test_who_signs_out_there_half_way_gets_no_further(cas: Cas, zhangsan: Person) -> None:
    zhangsan.arrive()
    zhangsan.post("/sign-out/")
    back = leave(zhangsan, "cas")
    zhangsan.get(back)
    Person().post("/sign-in/elsewhere/cas/back/", logout(parse_qs(urlsplit(back).query)["ticket"][0]))
    assert zhangsan.enter_code().headers["Location"] == "/sign-in/"
    assert "您已在统一身份认证中退出" in zhangsan.get("/sign-in/").text
    assert not zhangsan.is_in()
