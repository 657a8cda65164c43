"""What people do with an authenticator app and with recovery codes; one more part of the machine."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from accounts.factors.models import Authenticator
from tests.kit.apps import key_on, shows
from tests.kit.machine import HOME, PEOPLE
from tests.kit.machine_signin import SigningIn, addresses, browsers, insiders
from tests.kit.oracle import CONFIRM_APP, CONFIRM_PAPER, NEW_APP, PAPER, STEP
from tests.kit.oracle_things import APP_PAGE, NEW_APP_FIRST, PAGE, PAPER_PAGE, SECOND, Account, Answer, Far
from tests.kit.recovery import codes_on

app_codes = st.sampled_from(["right", "right", "spaced", "next", "past", "used", "wrong", "of the paper"])
paper_codes = st.sampled_from(["right", "right", "capitals", "used", "foreign", "wrong", "of the app"])


class TakingSteps(SigningIn):
    def __init__(self) -> None:
        super().__init__()
        self.keys: dict[str, str] = {}  # of apps, as they stood on the page
        self.used: list[str] = []  # codes from paper

    # --- The app ------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.somebody_is(Far.IN, Far.BIND))
    @rule(index=browsers, page=st.sampled_from([NEW_APP, NEW_APP, NEW_APP_FIRST]), kind=app_codes, address=addresses)
    def add_app(self, index: int, page: str, kind: str, address: str) -> None:
        index = self.insider(index) if page == NEW_APP else index
        session = self.browsers[index].session
        if session and session.account.app:
            return  # one is enough
        self.step_up(index)
        self.pass_time()
        shown = PEOPLE[index].get(page, REMOTE_ADDR=address, headers={"accept-language": "en"})
        key = key_on(shown.content.decode()) if shown.status_code == PAGE[0] else ""
        typed, step = self._shown(key, kind, None)
        expected = self.model.add_app(self.browsers[index], page, step, address)
        self.click(index, page, {"code": typed, "name": "my phone"}, expected, address)
        if session and session.account.app:
            self.keys[session.account.name] = key

    @precondition(lambda self: self.keys)
    @rule(index=browsers, page=st.sampled_from([APP_PAGE, CONFIRM_APP]), kind=app_codes, address=addresses)
    def enter_app_code(self, index: int, page: str, kind: str, address: str) -> None:
        self.pass_time(SECOND if kind == "used" else STEP * SECOND)  # the code before may be of this step
        account = self.owner(index)
        typed, step = self._shown(self._key(account), kind, account)
        expected = self.model.enter_other(self.browsers[index], page, step, address)
        self.click(index, page, {"code": typed}, expected, address)

    @precondition(lambda self: self.keys and self.somebody_is(Far.IN))
    @rule(index=insiders, confirmed=st.booleans())
    def remove_app(self, index: int, confirmed: bool) -> None:
        index = self.insider(index)
        if confirmed:
            self.step_up(index)
        self.pass_time()
        account = self.owner(index)
        app = Authenticator.objects.filter(user=self.user(account)).first() if account else None
        other = Authenticator.objects.order_by("pk").last()
        pk = app.pk if app else other.pk if other else 1
        self.click(index, f"{NEW_APP}{pk}/", {"remove": "1"}, self.model.remove_app(self.browsers[index]))

    def owner(self, index: int) -> Account | None:
        session = self.browsers[index].session
        return session.account if session else None

    def _key(self, account: Account | None) -> str:
        return self.keys.get(account.name, "") if account and account.app else ""

    def _shown(self, key: str, kind: str, account: Account | None) -> tuple[str, int | None]:
        """What is typed, and the step of time that it is of; -1: of none."""
        if kind == "of the paper":
            return "abcd efgh jkmn pqrs", None
        if not key or kind == "wrong":
            right = shows(key) if key else "000000"
            return f"{(int(right) + 1) % 1_000_000:06}", -1000
        now = self.model.step()
        last = account.app.last if account and account.app else now
        step = {"next": now + 1, "past": now - 1, "used": last}.get(kind, now)
        code = shows(key, later=(step - now) * STEP * SECOND)
        return (f"{code[:3]} {code[3:]}" if kind == "spaced" else code), step

    # --- The paper ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.somebody_is(Far.IN))
    @rule(index=insiders, confirmed=st.sampled_from([True, True, False]), remove=st.sampled_from([False, False, True]))
    def make_recovery_codes(self, index: int, confirmed: bool, remove: bool) -> None:
        index = self.insider(index)
        if confirmed:
            self.step_up(index)
        self.pass_time()
        browser = self.browsers[index]
        if remove:
            self.click(index, PAPER, {"remove": "1"}, self.model.burn_paper(browser))
            return
        codes: list[str] = []  # known once they are shown
        account = self.owner(index)
        before = list(account.paper.codes) if account and account.paper else []
        expected = self.model.make_codes(browser, codes)
        response = self.click(index, PAPER, {}, expected)
        shown = codes_on(response)
        self.agree(len(shown), 10 if expected == PAGE else 0, "recovery codes on the page")
        codes += shown
        self.used += before if shown else []
        self.secrets |= {*shown, *(code.replace(" ", "") for code in shown)}

    @precondition(lambda self: any(account.paper for account in self.model.accounts.values()))
    @rule(index=browsers, page=st.sampled_from([PAPER_PAGE, CONFIRM_PAPER]), kind=paper_codes, address=addresses)
    def enter_recovery_code(self, index: int, page: str, kind: str, address: str) -> None:
        self.pass_time()
        account = self.owner(index)
        mine = account.paper.codes if account and account.paper else []
        foreign = [one.paper.codes for one in self.model.accounts.values() if one.paper and one is not account]
        right = next(iter(mine), "aaaa bbbb cccc dddd")
        code = {
            "used": self.used[-1] if self.used else "used none none used",
            "foreign": next((codes[0] for codes in foreign if codes), "zzzz zzzz zzzz zzzz"),
            "wrong": "aaaa bbbb cccc eeee",
        }.get(kind, right)
        meant = code if kind != "of the app" else None
        typed = {"capitals": code.upper(), "of the app": "123456"}.get(kind, code)
        expected = self._expect_paper(index, page, meant, address)
        self.click(index, page, {"code": typed}, expected, address)

    @precondition(lambda self: any(account.paper for account in self.model.accounts.values()))
    @rule(index=browsers, chosen=st.integers(0, 9))
    def come_in_by_paper(self, index: int, chosen: int) -> None:
        """Signed out here, and with the password first."""
        with_paper = [account for account in self.model.accounts.values() if account.paper]
        name = with_paper[chosen % len(with_paper)].name.partition("@")[0]
        self.sign_out(index)
        self.enter_password(index, name, "right", HOME)
        self.enter_recovery_code(index, PAPER_PAGE, "right", HOME)

    def _expect_paper(self, index: int, page: str, code: str | None, address: str) -> Answer:
        account = self.owner(index)
        before = list(account.paper.codes) if account and account.paper else []
        expected = self.model.enter_other(self.browsers[index], page, code, address)
        after = account.paper.codes if account and account.paper else []
        self.used += [code for code in before if code not in after]
        return expected

    @precondition(lambda self: self.keys and self.somebody_is(Far.CODE, Far.APP))
    @rule(index=browsers, times=st.integers(8, 21))
    def guess_at_the_app(self, index: int, times: int) -> None:
        """Wrong codes of every kind count together."""
        if self.model.far(self.browsers[index]) in (Far.CODE, Far.APP):
            for _ in range(times):
                self.enter_app_code(index, APP_PAGE, "wrong", HOME)
            self.enter_app_code(index, APP_PAGE, "right", HOME)
