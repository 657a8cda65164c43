"""Passkeys, according to the model: what an answer proves, and to what it must be the answer."""

from dataclasses import dataclass, replace
from datetime import datetime

from tests.kit.oracle import KEYS
from tests.kit.oracle_pages import Pages
from tests.kit.oracle_things import MINUTE, PAGE, Account, Answer, Browser, Passkey, Session


@dataclass(frozen=True)
class Asked:
    """By which page, of whom, in which sign-in, and with which ways."""

    page: str
    account: Account
    version: int
    sign_in: object
    at: datetime


@dataclass(frozen=True)
class Signed:
    """An answer. `honest`: unlocked by its owner, and by the key itself."""

    asked: Asked
    passkey: Passkey
    count: int
    honest: bool = True


class Keys(Pages):
    def asks(self, session: Session, page: str) -> Asked:
        return Asked(page, session.account, session.account.version, session.nonce, self.now)

    def _is_answered(self, session: Session, page: str, asked: Asked) -> bool:
        is_of_here = asked == replace(self.asks(session, page), at=asked.at)
        return is_of_here and not self.older(asked.at, 10 * MINUTE)

    # --- Used ---------------------------------------------------------------------------------------------------------

    def check_passkey(self, session: Session, page: str, signed: Signed | None) -> bool:
        account, passkey = session.account, session.account.passkey
        if signed is None or self.paused(account) or not self._is_answered(session, page, signed.asked):
            return False
        is_mine = signed.honest and signed.passkey is passkey
        if passkey is None or not is_mine or (passkey.answered and signed.asked.at <= passkey.answered):
            self.count_wrong(account)
            return False
        passkey.answered = signed.asked.at
        if signed.count <= passkey.count and signed.count + passkey.count:
            self.count_wrong(account)  # there are two of it
            self.tell(account)
            return False
        passkey.count, account.wrong_codes = signed.count, 0
        return True

    # --- Added and removed --------------------------------------------------------------------------------------------

    def add_passkey(self, browser: Browser, made: Signed | None) -> Answer:
        session = browser.session
        if (refused := self.not_fresh(browser, adds=True)) or session is None:
            return refused or PAGE
        account, taken = session.account, [account.passkey for account in self.accounts.values()]
        if made is None or not self._is_answered(session, KEYS, made.asked):
            return PAGE
        if not made.honest or made.passkey in taken:
            return PAGE
        account.passkey = made.passkey
        account.passkey.count, account.passkey.answered = made.count, None
        self.change_ways(account)
        self.tell(account)
        self.verify(browser, session, account.passkey)
        return (302, KEYS)

    def remove_passkey(self, browser: Browser) -> Answer:
        """Where it is the only way that is left, `not_fresh` has led on to add another one."""
        session = browser.session
        if (refused := self.not_fresh(browser)) or session is None:
            return refused or PAGE
        if session.account.passkey is None:
            return (302, KEYS)
        self.lose_passkey(session.account)
        session.go_on()
        return (302, KEYS)

    def lose_passkey(self, account: Account) -> None:
        account.passkey = None
        self.change_ways(account)
        self.tell(account)
