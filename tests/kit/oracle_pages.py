"""What each page does, according to the model: the part of the oracle that people click through."""

from collections.abc import Callable, Iterable

from tests.kit.oracle import (
    ANOTHERS,
    BANNED,
    CHANGE,
    CONFIRM,
    CONFIRM_APP,
    CONFIRM_KEY,
    FACTORS,
    HOME,
    MAILBOXES_PER_PHONE,
    NEEDS_PHONE,
    PHONE,
    UNBIND,
    Oracle,
)
from tests.kit.oracle_things import (
    BIND_PAGE,
    CODE_PAGE,
    DAY,
    HOUR,
    MINUTE,
    PAGE,
    Account,
    Answer,
    AppPassword,
    Browser,
    Device,
    Far,
    Phone,
    Session,
    Trust,
)

NOTICES_A_DAY = 10


class Pages(Oracle):
    # --- Sign in ----------------------------------------------------------------------------------------------------

    def enter_password(self, browser: Browser, account: Account, password: str, address: str) -> Answer:
        if self.far(browser) is Far.IN and browser.session:
            return HOME if browser.session.account is account else ANOTHERS
        if self.banned(address, account.name):
            return BANNED
        if not account.active or password != account.password:
            return BANNED if self.fail(address, account.name, password) else PAGE
        self.succeed(address, account.name)
        before = browser.session if self.far(browser) in (Far.CODE, Far.APP, Far.KEY, Far.BIND) else None
        session = browser.session = Session(account, password, self.now, account.version)
        session.sessions_ended = account.sessions_ended
        session.codes = browser.codes.setdefault(account.name, object())  # what was sent to it is not lost
        if before and before.account is account:
            session.numbers = {purpose: held for purpose, held in before.numbers.items() if purpose == "bind"}
        trust = next((one for one in browser.cookie if one.account is account and self.is_live(one)), None)
        if not self.is_on(account) or (account.ways and trust):
            session.trust = trust if self.is_on(account) else None
            session.is_in = True
            return HOME
        if account.phone:
            self.issue(browser, session, account.phone.number, "sign_in")
        return self.far(browser).value

    def enter(self, browser: Browser, session: Session, device: Device) -> Answer:
        session.is_in, session.at, session.trust, session.codes = True, self.now, None, None
        session.nonce = object()
        self.verify(browser, session, device)
        return HOME

    def verify(self, browser: Browser, session: Session, device: Device) -> None:
        """The second step was taken by it."""
        session.device, session.version, session.code_at = device, session.account.version, self.now
        if session.account.phone:
            browser.remember(session.account, session.account.phone.number)

    def not_fresh(self, browser: Browser, *, adds: bool = False) -> Answer | None:
        """What a page that asks for a second step of now leads to. Who has no way to take one has nothing to show."""
        session = browser.session
        if (refused := self.shut(browser, adds=adds)) or session is None:
            return refused or PAGE
        account = session.account
        return None if self.is_fresh(session) or not account.ways else (302, self.confirm_page(account))

    def confirm_page(self, account: Account) -> str:
        return CONFIRM if account.phone else CONFIRM_APP if account.app else CONFIRM_KEY

    def start_again(self, browser: Browser) -> Answer:
        if self.far(browser) is Far.IN:
            return HOME
        if browser.session and not browser.session.is_in:
            browser.session = None
        return Far.NOBODY.value

    # --- The pages where codes and numbers are entered --------------------------------------------------------------

    def post(self, browser: Browser, page: str, data: dict[str, str], digits: str | None, address: str) -> Answer:
        """`digits` is what the code in `data` means; `data` holds a number, a code, or neither: send a code."""
        far, session = self.far(browser), browser.session
        if page in (CODE_PAGE, BIND_PAGE):
            if far in (Far.NOBODY, Far.IN) or session is None:
                return self.start_again(browser)
            if far.value[1] != page:
                return far.value
            if self.banned(address, session.account.name):
                return BANNED
        elif (refused := self.shut(browser, adds=page in (PHONE, CONFIRM))) or session is None:
            return refused or PAGE
        steps: dict[str, Callable[[Browser, Session, dict[str, str], str | None], Answer]] = {
            CODE_PAGE: self._sign_in_code, BIND_PAGE: self._bind, PHONE: self._bind,
            CONFIRM: self._confirm, CHANGE: self._change, UNBIND: self._unbind,
        }  # fmt: skip
        return steps[page](browser, session, data, digits)

    def _prove(self, browser: Browser, purpose: str, data: dict[str, str], digits: str | None, back: str) -> Answer:
        """HOME if the bound phone's code was right."""
        session = browser.session
        assert session
        assert session.account.phone
        if "code" not in data:
            self.issue(browser, session, session.account.phone.number, purpose)
            return (302, back)
        return HOME if self.check(session, session.account.phone.number, purpose, digits) else PAGE

    def _prove_number(self, browser: Browser, purpose: str, data: dict[str, str], digits: str | None) -> str | None:
        session = browser.session
        assert session
        held, at = session.numbers.get(purpose, ("", self.now))
        if self.older(at, 10 * MINUTE):
            held = ""
        if "code" in data:
            return held if held and self.check(session, held, purpose, digits) else None
        if number := data.get("number", ""):
            new = f"+86{number}"
            if self._has_room(new):
                sent = self.issue(browser, session, new, purpose) or self.live(session, new, purpose)
                if sent or not (held and self.live(session, held, purpose)):
                    session.numbers[purpose] = (new, self.now)
        elif held:
            self.issue(browser, session, held, purpose)
        return None

    def _has_room(self, number: str) -> bool:
        phones = [account.phone for account in self.accounts.values() if account.phone]
        return len(number) == 14 and sum(phone.number == number for phone in phones) < MAILBOXES_PER_PHONE

    def _sign_in_code(self, browser: Browser, session: Session, data: dict[str, str], digits: str | None) -> Answer:
        assert session.account.phone
        answer = self._prove(browser, "sign_in", data, digits, CODE_PAGE)
        if answer == HOME:
            self.enter(browser, session, session.account.phone)
            if "trust_browser" in data:
                self.trust(browser, session)
        return answer

    def trust(self, browser: Browser, session: Session) -> None:
        browser.cookie = [*browser.cookie, Trust(session.account, session.version, self.now)][-5:]

    def _bind(self, browser: Browser, session: Session, data: dict[str, str], digits: str | None) -> Answer:
        by_choice, account = self.far(browser) is Far.IN, session.account
        if account.phone:
            return PAGE
        if by_choice and (refused := self.not_fresh(browser, adds=True)):
            return refused
        number = self._prove_number(browser, "bind", data, digits)
        if number is None:
            return PAGE
        if self._has_room(number):
            account.phone = Phone(number)
            self.change_ways(account)
            session.numbers.pop("bind")
            if not by_choice:
                return self.enter(browser, session, account.phone)
            self.verify(browser, session, account.phone)
        elif not by_choice:
            return PAGE
        session.numbers.pop("bind", None)
        session.old_number_proven = None
        return (302, PHONE)

    def _confirm(self, browser: Browser, session: Session, data: dict[str, str], digits: str | None) -> Answer:
        if session.account.phone is None:
            return (302, self.confirm_page(session.account) if session.account.ways else PHONE)
        answer = self._prove(browser, "confirm", data, digits, CONFIRM)
        if answer == HOME:
            self.verify(browser, session, session.account.phone)
        return answer

    def _change(self, browser: Browser, session: Session, data: dict[str, str], digits: str | None) -> Answer:
        old = session.account.phone
        if old is None:
            return (302, PHONE)
        proven = session.old_number_proven
        if not proven or proven[0] is not old or self.older(proven[1], 10 * MINUTE):
            answer = self._prove(browser, "change", data, digits, CHANGE)
            if answer == HOME:
                session.old_number_proven = (old, self.now)
                return (302, CHANGE)
            return answer
        number = self._prove_number(browser, "change_new", data, digits)
        if number is None:
            return PAGE
        session.old_number_proven = None
        session.numbers.pop("change_new")
        if number != old.number and self._has_room(number):
            self.notices.append(old.number)
            session.account.phone = Phone(number)
            self.change_ways(session.account)
            self.verify(browser, session, session.account.phone)
        return (302, PHONE)

    def _unbind(self, browser: Browser, session: Session, data: dict[str, str], digits: str | None) -> Answer:
        if session.account.phone is None:
            return (302, PHONE)
        answer = self._prove(browser, "unbind", data, digits, UNBIND)
        if answer == HOME:
            self.unbind(session.account)
            session.sessions_ended = session.account.sessions_ended
            if "remove_app_passwords" in data:
                self.remove(session.account.kept)
            session.go_on()
            return (302, FACTORS if session.account.stands_alone else PHONE)
        return answer

    def unbind(self, account: Account) -> None:
        if account.phone:
            account.sessions_ended += 1
            self.notices.append(account.phone.number)
            account.phone = None
            self.change_ways(account)

    def change_ways(self, account: Account) -> None:
        """One was added, changed or removed."""
        account.version += 1
        if account.ways == [account.paper]:
            account.paper = None
        self.end(code for code in self.codes if code.account is account)

    def tell(self, account: Account) -> None:
        """Of a way that was added or removed, or is not what it seems."""
        account.told = [at for at in account.told if not self.older(at, DAY)]
        if account.phone and len(account.told) < NOTICES_A_DAY:
            account.told.append(self.now)
            self.notices.append(account.phone.number)

    # --- Security settings ------------------------------------------------------------------------------------------

    def change_password(self, browser: Browser, trusts: list[Trust], old: str, new: str, address: str) -> Answer:
        session = browser.session
        if (refused := self.not_fresh(browser)) or session is None:
            return refused or PAGE
        account = session.account
        if self.banned(address, account.name):
            return BANNED
        if old != account.password:
            return BANNED if self.fail(address, account.name, old) else PAGE
        self.succeed(address, account.name)
        account.old_passwords.append(old)
        account.password = session.password = new
        if account.codes_counted_from is None or self.older(account.codes_counted_from, HOUR):
            account.codes_counted_from = self.now
        self.end(code for code in self.codes if code.account is account)
        for trust in trusts:
            trust.forgotten = trust.forgotten or trust.account is account
        return HOME

    def app_passwords(self, browser: Browser) -> Answer:
        """PAGE where they can be made and removed."""
        if (refused := self.not_fresh(browser)) or browser.session is None:
            return refused or NEEDS_PHONE
        return PAGE if self.is_fresh(browser.session) else NEEDS_PHONE

    def remove(self, passwords: Iterable[AppPassword]) -> None:
        for password in passwords:
            password.removed = True
