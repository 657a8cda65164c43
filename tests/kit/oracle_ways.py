"""The other ways to take the second step, according to the model: of each kind, one a person."""

from tests.kit.oracle import BANNED, CONFIRM, CONFIRM_APP, CONFIRM_KEY, FACTORS, HOME, PAPER, STEP
from tests.kit.oracle_keys import Keys, Signed
from tests.kit.oracle_things import (
    APP_PAGE,
    KEY_PAGE,
    NEW_APP_FIRST,
    PAGE,
    PAPER_PAGE,
    Account,
    Answer,
    App,
    Browser,
    Far,
    Paper,
    Passkey,
    Session,
)


class Ways(Keys):
    # --- Where a code of an app, one from the paper or the answer of a passkey is entered -----------------------------

    def enter_other(
        self, browser: Browser, page: str, code: int | str | Signed | None, address: str, *, trust: bool = False
    ) -> Answer:
        """`code`: the step of time that it is of, or what stands on the paper, or what is signed; None: of nothing."""
        account, at_sign_in = self._account(browser), page in (APP_PAGE, PAPER_PAGE, KEY_PAGE)
        if at_sign_in and (refused := self._not_half_way(browser, self._holds(account, page), address)):
            return refused
        if not at_sign_in and (refused := self._not_in(browser, self._holds(account, page))):
            return refused
        session = browser.session
        assert session
        assert account
        if not self._is_right(session, page, code):
            return PAGE
        device = self._way(account, page)
        assert device
        if at_sign_in:
            self.enter(browser, session, device)
            if trust:
                self.trust(browser, session)
            return HOME if page != PAPER_PAGE else (302, FACTORS)
        self.verify(browser, session, device)
        return HOME

    def _account(self, browser: Browser) -> Account | None:
        return browser.session.account if browser.session else None

    def _holds(self, account: Account | None, page: str) -> bool:
        if account is None:
            return False
        way = self._way(account, page)
        return bool(way.codes) if isinstance(way, Paper) else way is not None

    def _way(self, account: Account, page: str) -> App | Paper | Passkey | None:
        if page in (APP_PAGE, CONFIRM_APP):
            return account.app
        return account.passkey if page in (KEY_PAGE, CONFIRM_KEY) else account.paper

    def _not_half_way(self, browser: Browser, holds: bool, address: str) -> Answer | None:
        far, session = self.far(browser), browser.session
        if far in (Far.NOBODY, Far.IN) or session is None:
            return self.start_again(browser)
        if not holds:
            return far.value
        return BANNED if self.banned(address, session.account.name) else None

    def _not_in(self, browser: Browser, holds: bool) -> Answer | None:
        return self.shut(browser, adds=True) or (None if holds else (302, CONFIRM))

    def _is_right(self, session: Session, page: str, code: int | str | Signed | None) -> bool:
        if page in (KEY_PAGE, CONFIRM_KEY):
            assert code is None or isinstance(code, Signed)
            return self.check_passkey(session, page, code)
        assert not isinstance(code, Signed)
        check = self._check_app if page in (APP_PAGE, CONFIRM_APP) else self._check_paper
        return check(session.account, code)

    def _check_app(self, account: Account, step: int | str | None) -> bool:
        if step is None or self.paused(account):
            return False
        app, now = account.app, self.step()
        right = app is not None and isinstance(step, int) and step > app.last and abs(step - now - app.drift) <= 1
        if not self._count(account, right=right):
            return False
        assert app
        assert isinstance(step, int)
        app.last, app.drift = step, step - now
        return True

    def _check_paper(self, account: Account, code: int | str | None) -> bool:
        if code is None or self.paused(account) or account.paper is None:
            return False
        right = code in account.paper.codes
        if self._count(account, right=right):
            account.paper.codes.remove(str(code))
        return right

    def _count(self, account: Account, *, right: bool) -> bool:
        if right:
            account.wrong_codes = 0
        else:
            self.count_wrong(account)
        return right

    def step(self) -> int:
        return int(self.now.timestamp()) // STEP

    # --- Added and removed --------------------------------------------------------------------------------------------

    def add_app(self, browser: Browser, page: str, step: int | None, address: str) -> Answer:
        if page == NEW_APP_FIRST:
            refused = self._not_half_way(browser, self.far(browser) is Far.BIND, address)
        else:
            refused = self.not_fresh(browser, adds=True)
        session = browser.session
        if refused or session is None:
            return refused or PAGE
        if step is None or abs(step - self.step()) > 1:
            return PAGE
        account = session.account
        account.app = App(step, step - self.step())
        self.change_ways(account)
        self.tell(account)
        if page == NEW_APP_FIRST:
            return self.enter(browser, session, account.app)
        self.verify(browser, session, account.app)
        return (302, FACTORS)

    def remove_app(self, browser: Browser) -> Answer:
        session = browser.session
        if (refused := self.not_fresh(browser)) or session is None:
            return refused or PAGE
        account = session.account
        if account.app is None:
            return (302, FACTORS)
        if account.phone or not self.is_on(account):  # a passkey may not be the only way
            self.lose_app(account)
            session.go_on()
        return (302, FACTORS)

    def lose_app(self, account: Account) -> None:
        account.app = None
        self.change_ways(account)
        self.tell(account)

    def make_codes(self, browser: Browser, codes: list[str]) -> Answer:
        """`codes`: as they stood on the page, if there were any."""
        session = browser.session
        if (refused := self.not_fresh(browser)) or session is None:
            return refused or PAGE
        account = session.account
        if not any(way is not account.paper for way in account.ways):
            return (302, PAPER)
        account.paper = account.paper or Paper()
        account.paper.codes = codes
        self.change_ways(account)
        self.tell(account)
        session.go_on()
        return PAGE

    def burn_paper(self, browser: Browser) -> Answer:
        session = browser.session
        if (refused := self.not_fresh(browser)) or session is None:
            return refused or PAGE
        if session.account.paper:
            session.account.paper = None
            self.change_ways(session.account)
            self.tell(session.account)
            session.go_on()
        return (302, FACTORS)
