"""The rules of Mailkey as a model that is small enough to be believed: no database, no cookies, nothing at once.

Its methods are what people do. Each returns the answer that the real thing must give: the status, and where it leads.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import product

from tests.kit.oracle_things import (
    DAY,
    HOUR,
    MINUTE,
    PAGE,
    Account,
    Answer,
    Ban,
    Browser,
    Code,
    Failure,
    Far,
    Session,
    Trust,
)

BANNED: Answer = (429, "")
ANOTHERS: Answer = (409, "")  # somebody else is in here
HOME: Answer = (302, "/")
NEEDS_PHONE: Answer = (200, "bind a phone first")

CONFIRM, PHONE, CHANGE, UNBIND = (f"/security/{page}/" for page in ("confirm", "phone", "phone/change", "phone/unbind"))
APP_PASSWORDS = "/app-passwords/"
CONFIRM_APP, CONFIRM_PAPER = "/security/confirm/app/", "/security/confirm/recovery/"
CONFIRM_KEY = "/security/confirm/passkey/"
FACTORS, NEW_APP, PAPER = "/security/factors/", "/security/factors/app/", "/security/factors/recovery/"
KEYS = "/security/factors/passkeys/"
STEP = 30  # seconds, of an app

TYPED = ("bind", "change_new")  # purposes whose codes go to a number that somebody typed
MAILBOXES_PER_PHONE = 2
APP_PASSWORDS_PER_USER = 3
SHARED_NETWORK_FAILURES = 14


def _is_over(session: Session) -> bool:
    account = session.account
    return session.password != account.password or session.sessions_ended != account.sessions_ended


class Oracle:
    def __init__(self, now: datetime, networks: dict[str, str], shared: set[str]) -> None:
        self.now = now
        self.networks, self.shared = networks, shared
        self.accounts: dict[str, Account] = {}
        self.codes: list[Code] = []
        self.failures: list[Failure] = []
        self.bans: list[Ban] = []
        self.notices: list[str] = []  # numbers that were told of a change

    def older(self, moment: datetime, age: timedelta) -> bool:
        return self.now - moment >= age

    # --- Who is in which browser -----------------------------------------------------------------------------------

    def is_on(self, account: Account) -> bool:
        return account.two_step_from is not None and account.two_step_from <= self.now

    def is_live(self, trust: Trust) -> bool:
        return not trust.forgotten and trust.version == trust.account.version and not self.older(trust.at, 30 * DAY)

    def far(self, browser: Browser) -> Far:
        session = browser.session
        if session is None or not session.account.active or _is_over(session):
            return Far.NOBODY
        if session.is_in:
            if self.older(session.at, 12 * HOUR):
                return Far.NOBODY
            trusted = session.trust is not None and self.is_live(session.trust)
            if not self.is_on(session.account) or session.verified or trusted:
                return Far.IN
        elif self.older(session.at, 10 * MINUTE) or session.version != session.account.version:
            return Far.NOBODY
        return self._half_way(session.account)

    def _half_way(self, account: Account) -> Far:
        held = {Far.CODE: account.phone, Far.APP: account.app, Far.KEY: account.passkey}
        return next((far for far, way in held.items() if way), Far.BIND)

    def shut(self, browser: Browser, *, adds: bool = False) -> Answer | None:
        """Where who comes to a page for who is in is led instead. `adds`: one on which a way is added."""
        far, session = self.far(browser), browser.session
        if far is not Far.IN or session is None:
            return far.value
        must_add = self.is_on(session.account) and not session.account.stands_alone
        return (302, FACTORS) if must_add and not adds else None

    def home(self, browser: Browser) -> Answer:
        return self.shut(browser) or PAGE

    def admin(self, browser: Browser) -> Answer:
        if (refused := self.shut(browser)) or browser.session is None:
            return refused or PAGE
        return PAGE if browser.session.account.staff and browser.session.verified else (302, "/admin/login/")

    def is_fresh(self, session: Session) -> bool:
        return session.verified and session.code_at is not None and not self.older(session.code_at, 10 * MINUTE)

    # --- Addresses --------------------------------------------------------------------------------------------------

    def banned(self, address: str, account: str) -> bool:
        return any(ban.network == self.networks[address] and ban.account in ("", account) for ban in self.bans_now())

    def bans_now(self) -> list[Ban]:
        return [ban for ban in self.bans if not ban.lifted and not self.older(ban.at, HOUR)]

    def fail(self, address: str, account: str, password: str) -> bool:
        """Whether this failure was the one too many."""
        network = self.networks[address]
        self.failures.append(Failure(network, account, password, self.now))
        here = [one for one in self.failures if one.network == network and not self.older(one.at, DAY)]
        if network in self.shared:
            forgiven = [one for ban in self.bans if ban.account == "" or ban.lifted for one in ban.failures]
            building = [one for one in here if one not in forgiven]
            if len({(one.account, one.password) for one in building}) >= SHARED_NETWORK_FAILURES:
                return self._ban(network, "", building)
        counted = [one for one in here if not one.banned and (network not in self.shared or one.account == account)]
        if len(counted) >= 10:
            return self._ban(network, account if network in self.shared else "", counted)
        return False

    def _ban(self, network: str, account: str, failures: list[Failure]) -> bool:
        self.bans.append(Ban(network, account, self.now, failures))
        for failure in failures:
            failure.banned = True
        return True

    def succeed(self, address: str, account: str) -> None:
        network = self.networks[address]
        self.failures = [one for one in self.failures if one.banned or (one.network, one.account) != (network, account)]

    def log_in_by_mail(self, name: str, password: str, secret: str | None, address: str) -> Answer:
        """`secret` is what `password` is without the spaces, hyphens and capitals that do not matter."""
        account = self.accounts.get(name)
        if self.banned(address, name):
            return BANNED
        if account and account.active:
            mailbox = not self.is_on(account) and password == account.password
            if mailbox or secret in [made.secret for made in account.kept]:
                self.succeed(address, name)
                return PAGE
        self.fail(address, name, password)
        return (401, "")

    # --- Codes ------------------------------------------------------------------------------------------------------

    def issue(self, browser: Browser, session: Session, number: str, purpose: str) -> bool:
        account = session.account
        session.codes = session.codes or object()
        mine = [code for code in self.codes if code.account is account]
        alike = [code for code in mine if (code.number, code.purpose) == (number, purpose)]
        if self.paused(account) or any(not code.used and not self.older(code.at, MINUTE) for code in alike):
            return False
        by_owner = self._is_owner(browser, session, number)
        typed = [code for code in self.codes if code.purpose in TYPED and code.number == number]
        strangers = [code for code in typed if code.account is not account and not self.older(code.at, DAY)]
        since = account.codes_counted_from
        counted = [[code for code in mine if code.by_owner is by_owner]]
        if purpose in TYPED and len({id(code.account) for code in strangers if not since or code.at > since}) > 1:
            counted.append(strangers)
        for codes, (window, limit) in product(counted, ((HOUR, 5), (DAY, 10))):
            recent = [code for code in codes if not self.older(code.at, window)]
            if sum(not since or code.at > since for code in recent) >= limit:
                return False
        self.end(code for code in mine if code.purpose == purpose)
        self.codes.append(Code(account, number, purpose, session.codes, self.now, by_owner))
        return True

    def _is_owner(self, browser: Browser, session: Session, number: str) -> bool:
        account = session.account
        if session.is_in and (session.verified or (self.is_on(account) and self.far(browser) is Far.IN)):
            return True
        return (account, number, account.password, account.sessions_ended) in browser.known

    def live(self, session: Session, number: str, purpose: str) -> Code | None:
        """What was sent to a session last, if it can still be entered."""
        what = (session.account, number, purpose, session.codes or object())
        sent = [code for code in self.codes if (code.account, code.number, code.purpose, code.session) == what]
        spent = not sent or sent[-1].over or sent[-1].tries >= 5 or self.older(sent[-1].at, 5 * MINUTE)
        return None if spent else sent[-1]

    def check(self, session: Session, number: str, purpose: str, digits: str | None) -> bool:
        account = session.account
        if digits is None or self.paused(account):
            return False
        for code in self.codes:
            meant = (code.account, code.number, code.purpose, code.session) == (account, number, purpose, session.codes)
            if meant and not code.over and code.tries < 5 and not self.older(code.at, 5 * MINUTE):
                code.tries += 1
                if code.digits == digits:
                    code.over, code.used, account.wrong_codes = True, True, 0
                    return True
                self.count_wrong(account)
        return False

    def count_wrong(self, account: Account) -> None:
        account.wrong_codes = 1 if account.paused_until else account.wrong_codes + 1
        account.paused_until = self.now + HOUR if account.wrong_codes >= 20 else None

    def paused(self, account: Account) -> bool:
        return account.paused_until is not None and self.now < account.paused_until

    def end(self, codes: Iterable[Code]) -> None:
        for code in codes:
            code.over = True
