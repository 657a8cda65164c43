"""Mail servers and the tokens of webmail: Dovecot asks the portal about each, each time."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import pytest

from tests.kit.mail_programs import IN, PASSWORD, Mailbox, coded, imap, inbox_of, letter, show_token, smtp
from tests.kit.servers.applications import Browser
from tests.kit.servers.house import House
from tests.kit.waiting import wait_until

pytestmark = pytest.mark.slow

PROTOCOLS = ("imap", "pop3", "smtp", "sieve")
MECHANISMS = ("XOAUTH2", "OAUTHBEARER")
DOORS = list(product(PROTOCOLS, MECHANISMS))
REFUSED = {"imap": "AUTHENTICATIONFAILED", "pop3": "[AUTH]", "smtp": "535", "sieve": "NO"}
TRY_LATER = {"imap": "[UNAVAILABLE]", "pop3": "[SYS/TEMP]", "smtp": "454", "sieve": "TRYLATER"}


class Reader:
    """Somebody who has signed in to webmail; the token is in webmail's hands."""

    def __init__(self, house: House, at: str = "") -> None:
        self.mailbox = Mailbox(house.mail, two_step=False, at=at)
        self.system = house.mail
        self.name = self.mailbox.name
        self.browser = Browser(house, self.name)
        self.browser.sign_in()
        self.token: str = self.browser.tokens()["access_token"]

    def shows(self, way: str = "imap", *, token: str = "", mechanism: str = "XOAUTH2", user: str = "") -> str:
        source = self.mailbox.address
        return show_token(self.system, self.mailbox.at + way, user or self.name, token or self.token, mechanism, source)

    def says(self) -> list[str]:
        """At every door, in both ways, at all of them at once: some keep whoever they refuse waiting."""
        with ThreadPoolExecutor(len(DOORS)) as pool:
            return list(pool.map(lambda door: self.shows(door[0], mechanism=door[1]), DOORS))


@pytest.fixture
def reader(house: House) -> Reader:
    return Reader(house)


def assert_refused(said: list[str]) -> None:
    expected = [REFUSED[way] for way, _ in DOORS]
    assert all(word in answer for word, answer in zip(expected, said, strict=True)), said
    assert not any(word in answer for answer in said for word in TRY_LATER.values()), said


# --- Who gets in -----------------------------------------------------------------------------------------------------


@pytest.mark.share(3)
@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("way", PROTOCOLS)
def test_a_token_opens_its_own_mailbox(reader: Reader, way: str, mechanism: str) -> None:
    assert reader.shows(way, mechanism=mechanism) == IN


def test_a_token_sends_and_reads(reader: Reader, colleague: Mailbox) -> None:
    with smtp(reader.system) as outgoing:
        outgoing.ehlo()
        assert outgoing.docmd("AUTH", f"XOAUTH2 {coded(reader.name, reader.token, 'XOAUTH2')}")[0] == 235
        outgoing.send_message(letter(reader.name, colleague.name, "by-token"))
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            outgoing.send_message(letter("dean@example.edu", colleague.name, "in-another-name"))
    wait_until(lambda: "the letter by-token" in inbox_of(reader.system, colleague.name, colleague.app_password))

    with imap(reader.system) as program:
        words = iter([f"user={reader.name}\1auth=Bearer {reader.token}\1\1".encode()])
        program.authenticate("XOAUTH2", lambda _: next(words))
        program.append("INBOX", "", "", b"Subject: kept\r\n\r\nkept\r\n")
    assert "kept" in inbox_of(reader.system, reader.name, reader.mailbox.app_password)


@pytest.mark.parametrize("scope", ["openid", "openid email profile"])
def test_a_token_that_is_not_for_mail_opens_nothing(reader: Reader, scope: str) -> None:
    reader.token = reader.browser.tokens(scope)["access_token"]
    assert_refused(reader.says())


@pytest.mark.share(3)
@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("way", PROTOCOLS)
def test_a_token_opens_no_other_mailbox(reader: Reader, colleague: Mailbox, way: str, mechanism: str) -> None:
    assert REFUSED[way] in reader.shows(way, user=colleague.name, mechanism=mechanism)
    for user in (f"{colleague.name}\1auth=Bearer x", f"{colleague.name}*{reader.name}", reader.name.partition("@")[0]):
        assert reader.shows(way, user=user, mechanism=mechanism) != IN


def test_a_token_is_no_password_and_a_password_no_token(reader: Reader) -> None:
    def tries(way: str) -> None:
        for text in (reader.token, f"Bearer {reader.token}"):
            assert reader.mailbox.enters(text, way) != IN
        for text in (reader.mailbox.app_password, PASSWORD, "", "null"):
            for mechanism in MECHANISMS:
                shown = show_token(reader.system, reader.mailbox.at + way, reader.name, text, mechanism)
                assert shown != IN, (way, mechanism)

    with ThreadPoolExecutor(len(PROTOCOLS)) as pool:
        list(pool.map(tries, PROTOCOLS))


# --- How it ends -----------------------------------------------------------------------------------------------------


def test_a_revoked_token_opens_nothing(reader: Reader) -> None:
    assert set(reader.says()) == {IN}
    reader.browser.at_portal("revoke", token=reader.token)
    assert_refused(reader.says())


def test_an_old_token_opens_nothing(reader: Reader) -> None:
    reader.system.people("age_tokens", reader.name)
    assert_refused(reader.says())


def test_signing_out_of_the_portal_ends_the_token(reader: Reader) -> None:
    assert reader.shows() == IN
    reader.browser.sign_out()
    assert_refused(reader.says())


def test_a_disabled_account_ends_the_token(reader: Reader) -> None:
    assert reader.shows() == IN
    reader.system.people("disable", reader.name)
    assert_refused(reader.says())


def test_a_token_from_before_two_step_opens_nothing(reader: Reader) -> None:
    assert reader.shows() == IN
    reader.system.people("switch_two_step", reader.name, True)
    assert_refused(reader.says())


# --- What is counted -------------------------------------------------------------------------------------------------


def test_wrong_tokens_count_for_nobody(reader: Reader) -> None:
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda number: reader.shows(token=f"guess-{number}"), range(24)))
    assert all(REFUSED["imap"] in answer for answer in said), said
    assert reader.mailbox.failures() == []
    assert reader.system.people("ban_of", reader.mailbox.address) is None
    assert reader.mailbox.enters(reader.mailbox.app_password) == IN


def test_logins_by_token_are_counted_by_protocol(reader: Reader) -> None:
    for way in (*PROTOCOLS, "imap"):
        assert reader.shows(way) == IN
    reader.shows(token="not a token")
    counted = [[way, "token", 2 if way == "imap" else 1, reader.mailbox.address] for way in sorted(PROTOCOLS)]
    assert reader.system.people("logins", reader.name) == counted


def test_a_refused_password_counts_once_beside_tokens(reader: Reader) -> None:
    """smtplib tries every mechanism that it knows and the server has."""
    reader.mailbox.enters("not-the-password", "smtp")
    assert reader.mailbox.failures() == ["smtp"]


@pytest.mark.bypass("row 42: secrets in logs")
def test_no_log_holds_a_token(house: House, reader: Reader) -> None:
    wrong = "canary-51c0de-not-a-token"
    for way in PROTOCOLS:
        assert reader.shows(way) == IN
        assert reader.shows(way, token=wrong) != IN
    logs = house.logs()
    assert reader.name in logs
    assert reader.token not in logs
    assert wrong not in logs


# --- Outages ---------------------------------------------------------------------------------------------------------


def later(said: list[str]) -> bool:
    expected = [TRY_LATER[way] for way, _ in DOORS]
    return all(word in answer for word, answer in zip(expected, said, strict=True))


def test_a_stopped_portal_means_try_later(house: House, reader: Reader) -> None:
    assert set(reader.says()) == {IN}
    house.portal.stop()
    try:
        said = reader.says()
        by_password = reader.mailbox.enters(reader.mailbox.app_password)
    finally:
        house.start_portal()
    assert later(said), said
    assert by_password == IN, "mail programs ask the mail login service, not the portal"
    assert set(reader.says()) == {IN}
    assert reader.mailbox.failures() == []


def test_a_hanging_portal_means_try_later(house: House, reader: Reader) -> None:
    assert reader.shows() == IN
    house.portal.freeze()
    try:
        said = reader.says()
    finally:
        house.portal.thaw()
    assert later(said), said
    assert set(reader.says()) == {IN}
