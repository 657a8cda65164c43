"""What people do with passkeys, and thieves with copies of them; one more part of the machine."""

from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from accounts.factors.models import Passkey as Row
from tests.kit.machine import FREE_NUMBER, HOME, PEOPLE
from tests.kit.machine_signin import addresses, browsers, insiders
from tests.kit.machine_ways import TakingSteps
from tests.kit.oracle import CONFIRM_KEY, KEYS
from tests.kit.oracle_keys import Asked, Signed
from tests.kit.oracle_things import KEY_PAGE, MINUTE, PAGE, Account, Far, Passkey
from tests.kit.passkeys import SecurityKey, asked_on


class Held(NamedTuple):
    key: SecurityKey
    passkey: Passkey  # as the model knows it


class Sent(NamedTuple):
    text: str
    signed: Signed | None
    key: SecurityKey | None = None


NOISE = Sent("{}", None)
pages = st.sampled_from([KEY_PAGE, CONFIRM_KEY])
new_keys = st.sampled_from(["new", "new", "synced", "removed", "another's", "not unlocked", "kept back"])
answers = st.sampled_from(
    ["right", "right", "copy", "sent before", "sent before", "not unlocked", "another's", "removed", "kept back"]
)


class HoldingKeys(TakingSteps):
    def __init__(self) -> None:
        super().__init__()
        self.hands: dict[str, Held] = {}  # by account: what was added last, be it removed again
        self.thieves: dict[str, SecurityKey] = {}  # copies
        self.former: dict[str, Held] = {}  # before that
        self.sent = self.kept_back = NOISE

    # --- Added and removed --------------------------------------------------------------------------------------------

    @precondition(lambda self: self.somebody_is(Far.IN))
    @rule(index=insiders, kind=new_keys, confirmed=st.sampled_from([True, True, False]))
    def add_passkey(self, index: int, kind: str, confirmed: bool) -> None:
        self._add(self.insider(index), kind, confirmed)

    def _add(self, index: int, kind: str, confirmed: bool) -> None:
        session = self.browsers[index].session
        if session is None or session.account.passkey:
            return  # one is enough
        if confirmed:
            self.step_up(index)
        self.pass_time()
        self.sent = self._made(index, session.account, kind) if kind != "kept back" else self.kept_back
        expected = self.model.add_passkey(self.browsers[index], self.sent.signed)
        self.click(index, KEYS, {"answer": self.sent.text, "name": "my laptop"}, expected)
        if session.account.passkey and self.sent.key:
            self._take(session.account.name, Held(self.sent.key, session.account.passkey))

    def _made(self, index: int, account: Account, kind: str) -> Sent:
        asks, asked = self._ask(index, KEYS, HOME)
        if not asks or not asked:
            return NOISE
        (key, passkey), honest = self._new_key(account, kind), kind != "not unlocked"
        return Sent(key.create(asks, verified=honest), Signed(asked, passkey, key.count, honest), key)

    def _new_key(self, account: Account, kind: str) -> Held:
        others = [held for held in self.hands.values() if self._is_taken(held.passkey)]
        match kind:
            case "removed" if account.name in self.hands:
                return self.hands[account.name]
            case "another's" if others:
                return Held(others[0].key.copy(), others[0].passkey)
        return Held(SecurityKey(synced=kind == "synced"), Passkey())

    def _is_taken(self, passkey: Passkey) -> bool:
        return any(account.passkey is passkey for account in self.model.accounts.values())

    def _take(self, name: str, held: Held) -> None:
        before = self.hands.get(name)
        if before and before.passkey is not held.passkey:
            self.former[name] = before
        self.hands[name] = held
        self.thieves.pop(name, None)

    @precondition(lambda self: self.hands and self.somebody_is(Far.IN))
    @rule(index=insiders, confirmed=st.booleans())
    def remove_passkey(self, index: int, confirmed: bool) -> None:
        """One's own; without one, another's."""
        index = self.insider(index)
        if confirmed:
            self.step_up(index)
        self.pass_time()
        account = self.owner(index)
        own = Row.objects.filter(user=self.user(account)).first() if account else None
        row = own or Row.objects.order_by("pk").last()
        self.click(
            index, f"{KEYS}{row.pk if row else 1}/", {"remove": "1"}, self.model.remove_passkey(self.browsers[index])
        )

    # --- Used ---------------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.hands)
    @rule(index=browsers, page=pages, kind=answers, address=addresses, trust=st.booleans())
    def use_passkey(self, index: int, page: str, kind: str, address: str, trust: bool = False) -> None:
        self.pass_time()
        self.sent = sent = self._answer(index, page, kind, address)
        browser = self.browsers[index]
        known = list(browser.cookie)
        expected = self.model.enter_other(browser, page, sent.signed, address, trust=trust)
        self.click(index, page, {"answer": sent.text} | ({"trust_browser": "on"} if trust else {}), expected, address)
        if browser.cookie != known:
            self.note_trust(index)

    @precondition(lambda self: self.hands)
    @rule(index=browsers, page=st.sampled_from([KEY_PAGE, CONFIRM_KEY, KEYS]))
    def keep_back(self, index: int, page: str) -> None:
        """Signed now, and sent some other time, perhaps from somewhere else."""
        self.pass_time()
        account = self.owner(index)
        if page != KEYS:
            self.kept_back = self._answer(index, page, "right", HOME)
        elif account:
            self.kept_back = self._made(index, account, "new")

    @precondition(lambda self: self.hands)
    @rule(index=browsers)
    def copy_key(self, index: int) -> None:
        """A thief reads it out: from now on each of the two counts by itself."""
        if (account := self.owner(index)) and account.name in self.hands:
            self.thieves[account.name] = self.hands[account.name].key.copy()

    @precondition(lambda self: self.hands and self.somebody_is(Far.CODE, Far.APP, Far.KEY))
    @rule(index=browsers, times=st.integers(8, 21))
    def lie_by_a_key(self, index: int, times: int) -> None:
        """Forged answers count with the wrong codes of every kind."""
        if self.model.far(self.browsers[index]) in (Far.CODE, Far.APP, Far.KEY):
            for _ in range(times):
                self.use_passkey(index, KEY_PAGE, "not unlocked", HOME)
            self.use_passkey(index, KEY_PAGE, "right", HOME)

    @precondition(lambda self: self.hands)
    @rule(index=browsers, chosen=st.integers(0, 9), kinds=st.lists(answers, max_size=4), trust=st.booleans())
    def come_in_by_passkey(self, index: int, chosen: int, kinds: list[str], trust: bool) -> None:
        """Signed out here, and with the password first. What is tried half-way is tried once more by who is in."""
        name = list(self.hands)[chosen % len(self.hands)].partition("@")[0]
        self.sign_out(index)
        self.enter_password(index, name, "right", HOME)
        for kind in kinds:
            self.use_passkey(index, KEY_PAGE, kind, HOME)
        self.use_passkey(index, KEY_PAGE, "right", HOME, trust=trust)
        for kind in ("right", *kinds):
            self.use_passkey(index, CONFIRM_KEY, kind, HOME)

    @initialize(
        name=st.sampled_from(["wangwu", "zhangsan", "itoffice"]), synced=st.booleans(),
        kinds=st.lists(answers, min_size=2, max_size=5),
    )  # fmt: skip
    def begin_with_a_passkey(self, name: str, synced: bool, kinds: list[str]) -> None:
        """Or there would be few of them. Its owner is in by another browser too, which is trusted until then."""
        for index in (1, 2):
            self.sign_out(index)
            self.come_in(index, name, FREE_NUMBER, trust=index == 1)
            self.pass_time(MINUTE)
        self._add(2, "synced" if synced else "new", confirmed=True)
        self.come_in_by_passkey(2, 0, kinds, trust=False)

    def _ask(self, index: int, page: str, address: str) -> tuple[dict[str, Any] | None, Asked | None]:
        """What the page asks, and what that is according to the model."""
        shown = PEOPLE[index].get(page, REMOTE_ADDR=address, headers={"accept-language": "en"})
        session = self.browsers[index].session
        asks = asked_on(shown.content.decode()) if shown.status_code == PAGE[0] else None
        return asks, self.model.asks(session, page) if asks and session else None

    def _answer(self, index: int, page: str, kind: str, address: str) -> Sent:
        """What is sent, and what that proves."""
        if kind in ("sent before", "kept back"):
            return self.sent if kind == "sent before" else self.kept_back
        account, (asks, asked) = self.owner(index), self._ask(index, page, address)
        held = self._hand(account.name, kind) if account else None
        if not asks or not asked or not held:
            return NOISE
        honest = kind != "not unlocked"
        return Sent(held.key.get(asks, verified=honest), Signed(asked, held.passkey, held.key.count, honest))

    def _hand(self, name: str, kind: str) -> Held | None:
        mine = self.hands.get(name)
        match kind:
            case "another's":
                return next((held for owner, held in self.hands.items() if owner != name), None)
            case "removed":
                return self.former.get(name)
            case "copy" if mine:
                return Held(self.thieves.setdefault(name, mine.key.copy()), mine.passkey)
        return mine
