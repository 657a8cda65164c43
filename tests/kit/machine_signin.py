"""What people do to sign in, with codes and with phones; one half of the machine of tests/journeys/test_machine.py."""

from datetime import timedelta

from django.conf import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from accounts.browsers.models import TrustedBrowser
from tests.kit.machine import DESK, FREE_NUMBER, HOME, NAMES, NETWORKS, NOBODY, NUMBERS, PEOPLE, World
from tests.kit.oracle import CHANGE, CONFIRM, CONFIRM_APP, CONFIRM_KEY, PHONE, UNBIND
from tests.kit.oracle_things import APP_PAGE, BIND_PAGE, CODE_PAGE, KEY_PAGE, MINUTE, SECOND, SIGN_IN, Code, Far

browsers = st.integers(0, 2)
insiders = st.integers(0, 3)  # see SigningIn.insider
names = st.sampled_from(NAMES)
addresses = st.sampled_from([HOME, HOME, *NETWORKS, DESK])
code_pages = st.sampled_from([CODE_PAGE, BIND_PAGE, CONFIRM, PHONE, CHANGE, UNBIND])
codes = st.sampled_from(
    ["right", "spaced", "full-width", "wrong", "old", "other purpose", "other account", "five digits"]
)
PURPOSES = {
    CODE_PAGE: {"sign_in"}, BIND_PAGE: {"bind"}, PHONE: {"bind"}, CONFIRM: {"confirm"}, UNBIND: {"unbind"},
    CHANGE: {"change", "change_new"},
}  # fmt: skip


class SigningIn(World):
    taken = 0  # steps: a form that was sent, a login, time that passed

    def pass_time(self, time: timedelta = SECOND) -> None:
        SigningIn.taken += 1
        super().pass_time(time)

    # --- Sign in ----------------------------------------------------------------------------------------------------

    @rule(
        index=browsers, name=st.sampled_from([*NAMES, "nobody"]),
        kind=st.sampled_from(["right", "right", "wrong", "old", "app password"]),
        address=addresses, spelled=st.sampled_from(["whole", "bare", "capitals"]),
    )  # fmt: skip
    def enter_password(self, index: int, name: str, kind: str, address: str, spelled: str = "whole") -> None:
        self.pass_time()
        account = NOBODY if name == "nobody" else self.account(name)
        password = {
            "right": account.password,
            "wrong": "not my password",
            "old": next(reversed(account.old_passwords), "none before"),
            "app password": next((made.secret for made in account.kept), "no app password"),
        }[kind]
        expected = self.model.enter_password(self.browsers[index], account, password, address)
        typed = {"whole": account.name, "bare": name, "capitals": account.name.upper()}[spelled]
        self.click(index, SIGN_IN, {"username": typed, "password": password}, expected, address)

    @initialize(first=names, second=names, trust=st.booleans())
    def begin_with_two_people(self, first: str, second: str, trust: bool) -> None:
        """The first may be there for the second time, in a browser that was trusted the first time."""
        for index, name in ((0, first), (1, second), *([(0, first)] if trust else [])):
            if index == 0:
                self.sign_out(index)
            self.come_in(index, name, FREE_NUMBER, trust)
            self.pass_time(MINUTE)

    @rule(index=browsers, name=names, number=st.sampled_from(NUMBERS), trust=st.booleans())
    def come_in(self, index: int, name: str, number: str, trust: bool) -> None:
        self.enter_password(index, name, "right", HOME)
        if self.model.far(self.browsers[index]) is Far.BIND:
            self.name_number(index, BIND_PAGE, number, HOME)
            self.enter_code(index, BIND_PAGE, "right", HOME)
        elif self.model.far(self.browsers[index]) is Far.CODE:
            self.enter_code(index, CODE_PAGE, "right", HOME, trust=trust)
        elif self.model.far(self.browsers[index]) is Far.APP:
            self.enter_app_code(index, APP_PAGE, "right", HOME)
        elif self.model.far(self.browsers[index]) is Far.KEY:
            self.use_passkey(index, KEY_PAGE, "right", HOME, trust=trust)

    @rule(index=browsers)
    def sign_out(self, index: int) -> None:
        self.pass_time()
        self.browsers[index].session = None
        self.click(index, "/sign-out/", {}, (302, SIGN_IN))

    def insider(self, index: int) -> int:
        """Mostly a browser in which somebody is signed in, so that what is tried is not always in vain."""
        those = [at for at, browser in enumerate(self.browsers) if self.model.far(browser) is Far.IN]
        return those[index % len(those)] if those and index < 3 else 0

    def somebody_is(self, *far: Far) -> bool:
        return any(self.model.far(browser) in far for browser in self.browsers)

    # --- Codes and phones -------------------------------------------------------------------------------------------

    @rule(index=browsers, page=code_pages, address=addresses)
    def ask_for_code(self, index: int, page: str, address: str) -> None:
        self.pass_time()
        expected = self.model.post(self.browsers[index], page, {}, None, address)
        self.click(index, page, {"send": "1"}, expected, address)

    @rule(
        index=browsers,
        page=st.sampled_from([BIND_PAGE, PHONE, CHANGE]),
        number=st.sampled_from(NUMBERS),
        address=addresses,
    )
    def name_number(self, index: int, page: str, number: str, address: str) -> None:
        self.pass_time()
        data = {"number": number, "agreed": "on"}
        self.click(index, page, data, self.model.post(self.browsers[index], page, data, None, address), address)

    @rule(index=browsers, page=code_pages, kind=codes, address=addresses, trust=st.booleans(), remove=st.booleans())
    def enter_code(
        self,
        index: int,
        page: str,
        kind: str,
        address: str,
        trust: bool = False,
        remove: bool = False,
    ) -> None:
        self.pass_time()
        typed, digits = self.code(index, page, kind)
        data = {"code": typed} | ({"trust_browser": "on"} if trust else {})
        data |= {"remove_app_passwords": "on"} if remove else {}
        browser = self.browsers[index]
        known = list(browser.cookie)
        expected = self.model.post(browser, page, data, digits, address)
        self.click(index, page, data, expected, address)
        if browser.cookie != known:
            self.note_trust(index)

    def note_trust(self, index: int) -> None:
        trust = self.browsers[index].cookie[-1]
        trust.pk = TrustedBrowser.objects.latest("pk").pk
        self.trusts.append(trust)
        self.secrets.update(PEOPLE[index].cookies[settings.TRUSTED_BROWSER_COOKIE_NAME].value.split("."))

    def code(self, index: int, page: str, kind: str) -> tuple[str, str | None]:
        """What is typed, and the digits that it means."""
        session = self.browsers[index].session
        sent = list(reversed(self.model.codes))
        mine = [code for code in sent if session and code.account is session.account]
        here = [code for code in mine if code.purpose in PURPOSES[page]]
        chosen: list[Code] = {
            "old": here[1:],
            "other purpose": [code for code in mine if code not in here],
            "other account": [code for code in sent if code not in mine],
        }.get(kind, here)
        digits = chosen[0].digits if chosen else "000000"
        match kind:
            case "wrong":
                digits = f"{(int(digits) + 1) % 1_000_000:06}"
            case "spaced":
                return f" {digits[:3]} {digits[3:]}", digits
            case "full-width":
                return digits.translate({ord("0") + n: ord("０") + n for n in range(10)}), digits
            case "five digits":
                return digits[:5], None
        return digits, digits

    @precondition(lambda self: self.somebody_is(Far.IN, Far.CODE))
    @rule(
        index=browsers,
        page=st.sampled_from([CONFIRM, UNBIND]),
        codes=st.sampled_from([1, 1, 1, 1, 5]),
        times=st.integers(2, 5),
    )
    def guess_codes(self, index: int, page: str, codes: int, times: int) -> None:
        """Guess, ask again, guess again: until the account's codes pause, or the hour's SMS are spent."""
        far = self.model.far(self.browsers[index])
        if far in (Far.IN, Far.CODE):
            page = page if far is Far.IN else CODE_PAGE
            for _ in range(codes):
                self.ask_for_code(index, page, HOME)
                for _ in range(times):
                    self.enter_code(index, page, "wrong", HOME)
                self.pass_time(MINUTE)
            self.enter_code(index, page, "right", HOME)

    @precondition(lambda self: self.somebody_is(Far.IN))
    @rule(index=insiders)
    def confirm(self, index: int) -> None:
        self.step_up(self.insider(index))

    def enter_app_code(self, index: int, page: str, kind: str, address: str) -> None:
        raise NotImplementedError

    def use_passkey(self, index: int, page: str, kind: str, address: str, trust: bool = False) -> None:
        raise NotImplementedError

    def step_up(self, index: int) -> None:
        session = self.browsers[index].session
        if self.model.far(self.browsers[index]) is not Far.IN or session is None:
            return
        if session.account.app and not session.account.phone:
            self.enter_app_code(index, CONFIRM_APP, "right", HOME)
        elif session.account.passkey and not session.account.phone:
            self.use_passkey(index, CONFIRM_KEY, "right", HOME)
        else:
            self.ask_for_code(index, CONFIRM, HOME)
            self.enter_code(index, CONFIRM, "right", HOME)

    @precondition(lambda self: self.somebody_is(Far.IN))
    @rule(index=insiders, number=st.sampled_from(NUMBERS))
    def change_phone(self, index: int, number: str) -> None:
        index = self.insider(index)
        self.ask_for_code(index, CHANGE, HOME)
        self.enter_code(index, CHANGE, "right", HOME)
        self.name_number(index, CHANGE, number, HOME)
        self.enter_code(index, CHANGE, "right", HOME)
