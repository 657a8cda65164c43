"""A machine that does to the whole product what people and attackers do, in any order, and knows the answer.

`MACHINE_STEPS=50000 make test ARGS=tests/journeys/test_machine.py` takes more steps, `MACHINE_SEED=1` takes others.
"""

import os
from datetime import timedelta
from ipaddress import ip_network

import hypothesis
import pytest
from django.conf import settings as site
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from pytest_django import Settings

from accounts.bans import bans
from accounts.bans.models import Ban
from accounts.factors import authenticators, passkeys
from accounts.phones import phones
from accounts.phones.models import Phone as PhoneRow
from accounts.rollouts import rollouts
from apppasswords.limits import Scope
from apppasswords.models import AppPassword as AppPasswordRow
from apppasswords.secrets import looks_like_one
from tests.apppasswords.test_apppasswords import shown_secret
from tests.kit.machine import CAMPUS, NETWORKS, NOBODY, PEOPLE, answer
from tests.kit.machine_keys import HoldingKeys
from tests.kit.machine_signin import addresses, browsers, insiders, names
from tests.kit.oracle import (
    APP_PASSWORDS,
    APP_PASSWORDS_PER_USER,
    MAILBOXES_PER_PHONE,
    NEEDS_PHONE,
    SHARED_NETWORK_FAILURES,
)
from tests.kit.oracle_things import DAY, HOUR, MINUTE, PAGE, SECOND, AppPassword, Far
from tests.kit.upkeep import delete_expired, sweep

STEPS = int(os.environ.get("MACHINE_STEPS", "600"))
RULES_AN_EXAMPLE, STEPS_AN_EXAMPLE = 50, 85  # a rule is one step or several; rather too few than too many
SEED = os.environ.get("MACHINE_SEED")

mail_passwords = st.sampled_from([
    "app", "spaced", "capitals", "mailbox", "removed", "foreign", "wrong", "many", "bare", "unknown",
])  # fmt: skip
times = st.sampled_from([
    SECOND, 30 * SECOND, MINUTE, 4 * MINUTE, 5 * MINUTE, 10 * MINUTE, HOUR, 2 * HOUR, 12 * HOUR, DAY, 7 * DAY, 30 * DAY,
])  # fmt: skip


class Mailkey(HoldingKeys):
    # --- Security settings ------------------------------------------------------------------------------------------

    @precondition(lambda self: self.somebody_is(Far.IN))
    @rule(index=insiders, chosen=st.integers(0, 9), everything=st.booleans())
    def forget_browser(self, index: int, chosen: int, everything: bool) -> None:
        index = self.insider(index)
        self.pass_time()
        browser, known = self.browsers[index], [trust for trust in self.trusts if self.model.is_live(trust)]
        trust = known[chosen % len(known)] if known else None
        expected, session = self.model.home(browser), browser.session
        if expected == PAGE and session:
            mine = [one for one in known if one.account is session.account and (everything or one is trust)]
            expected = (302, "/security/browsers/")
            for one in mine:
                one.forgotten = True
        data = {"all": "1"} if everything else {"browser": trust.pk if trust else 0}
        self.click(index, "/security/browsers/", data, expected)

    @rule(index=browsers, other=browsers)
    def copy_trust(self, index: int, other: int) -> None:
        """A thief copies the cookie: it spares the code, not the password, and ends with the rest."""
        name = site.TRUSTED_BROWSER_COOKIE_NAME
        if name in PEOPLE[other].cookies:
            PEOPLE[index].cookies[name] = PEOPLE[other].cookies[name].value
            self.browsers[index].cookie = list(self.browsers[other].cookie)

    @precondition(lambda self: self.somebody_is(Far.IN))
    @rule(index=insiders, right=st.sampled_from([True, True, False]), address=addresses, confirmed=st.booleans())
    def change_password(self, index: int, right: bool, address: str, confirmed: bool) -> None:
        index = self.insider(index)
        if confirmed:
            self.step_up(index)
        self.pass_time()
        browser = self.browsers[index]
        old = browser.session.account.password if right and browser.session else "not my password"
        new = f"another-staple-{len(self.secrets)}"
        expected = self.model.change_password(browser, self.trusts, old, new, address)
        self.secrets.add(new)
        data = {"old_password": old, "new_password": new, "new_password_again": new}
        self.click(index, "/security/password/", data, expected, address)

    # --- App passwords ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.somebody_is(Far.IN))
    @rule(
        index=insiders, name=st.sampled_from(["Foxmail", "手机", "the mailbox password", "an app password"]),
        confirmed=st.booleans(),
    )  # fmt: skip
    def make_app_password(self, index: int, name: str, confirmed: bool) -> None:
        index = self.insider(index)
        if confirmed:
            self.step_up(index)
        self.pass_time()
        browser = self.browsers[index]
        account = browser.session.account if browser.session else NOBODY
        expected = self.model.app_passwords(browser)
        made = expected == PAGE and name in ("Foxmail", "手机")
        secret = next((made.secret for made in account.app_passwords), "abcd efgh jkmn pqrs")
        typed = {"the mailbox password": account.password, "an app password": secret}.get(name, name)
        is_full = len(account.kept) >= APP_PASSWORDS_PER_USER  # asked before the name is compared with passwords
        if expected == PAGE and is_full and not looks_like_one(typed):
            made, expected = False, (302, APP_PASSWORDS)
        if expected == NEEDS_PHONE:
            expected = PAGE
        data = {"name": typed, "scope": Scope.MAIL_AND_FILTERS}  # limits are the matter of tests of their own
        response = self.click(index, APP_PASSWORDS, data, expected)
        self.agree('class="secret"' in response.content.decode(), made, "a secret on the page")
        if made:
            shown = shown_secret(response).replace(" ", "")
            account.app_passwords.append(AppPassword(AppPasswordRow.objects.latest("pk").pk, shown))
            self.secrets |= {shown, shown_secret(response)}

    @precondition(lambda self: self.somebody_is(Far.IN))
    @rule(index=insiders, chosen=st.integers(0, 9), name=names, everything=st.booleans(), confirmed=st.booleans())
    def remove_app_passwords(self, index: int, chosen: int, name: str, everything: bool, confirmed: bool) -> None:
        """One that is somebody's, or all of one's own."""
        index = self.insider(index)
        if confirmed:
            self.step_up(index)
        self.pass_time()
        browser, owner = self.browsers[index], self.account(name)
        expected = self.model.app_passwords(browser)
        password = owner.app_passwords[chosen % len(owner.app_passwords)] if owner.app_passwords else None
        if expected == PAGE and browser.session:
            kept = browser.session.account.kept
            mine = [one for one in kept if everything or one is password]
            expected = (302, APP_PASSWORDS)  # also from a tab that still shows one that is gone
            self.model.remove(mine)
        elif expected == NEEDS_PHONE:
            expected = PAGE
        page = "/app-passwords/remove-all/" if everything else APP_PASSWORDS
        data = {} if everything else {"remove": password.pk if password else 0}
        self.click(index, page, data, expected)

    # --- Mail programs ----------------------------------------------------------------------------------------------

    @rule(
        name=names, address=addresses, times=st.sampled_from([1, 1, 3, 9, 10]),
        protocol=st.sampled_from(["imap", "pop3", "smtp", "sieve"]),
        kind=mail_passwords,
    )  # fmt: skip
    def log_in_by_mail(self, name: str, kind: str, address: str, protocol: str, times: int) -> None:
        account = self.account(name)
        app = next((made.secret for made in account.kept), "no app password")
        others = [made.secret for one in self.model.accounts.values() if one is not account for made in one.kept]
        password = {
            "spaced": f"{app[:4]} {app[4:8]}-{app[8:12]} {app[12:]}",
            "capitals": app.upper(),
            "mailbox": account.password,
            "removed": next((made.secret for made in account.app_passwords if made.removed), "none removed"),
            "foreign": next(iter(others), "nobody has one"),
            "wrong": "the old password",
        }.get(kind, app)
        for n in range(times):
            self.pass_time()
            mailbox = {"bare": name, "unknown": NOBODY.name}.get(kind, account.name)
            typed = mailbox.upper() if kind == "capitals" else mailbox
            self.mail(mailbox, f"guess {n}" if kind == "many" else password, protocol, address, typed=typed)

    # --- The IT office, and the clock -------------------------------------------------------------------------------

    @precondition(lambda self: self.model.bans_now())
    @rule(chosen=st.integers(0, 9))
    def lift_ban(self, chosen: int) -> None:
        self.pass_time()
        if now := self.model.bans_now():
            ban = now[chosen % len(now)]
            ban.lifted = True
            bans.lift(Ban.objects.get(started_at=ban.at), self.user(self.account("itoffice")))

    @rule(
        name=names,
        what=st.sampled_from(["on", "on in an hour", "off", "disable or enable", "unbind", "no app", "no passkey"]),
    )
    def change_account(self, name: str, what: str) -> None:
        account, clerk = self.account(name), self.user(self.account("itoffice"))
        user = self.user(account)
        match what:
            case "on" | "on in an hour":
                at = self.model.now + (HOUR if what == "on in an hour" else timedelta())
                account.two_step_from = min(account.two_step_from or at, at)
                rollouts.switch_on([user], at, actor=clerk)
            case "off":
                account.two_step_from = user.two_step_from = None
                user.save()
            case "disable or enable":
                account.active = user.is_active = not account.active
                user.save()
            case "unbind":
                self.model.unbind(account)
                with self.carried_out():
                    for phone in PhoneRow.objects.filter(user=user):
                        phones.unbind(phone, actor=clerk)
                self.read_sms()
            case "no app" if account.app:
                account.sessions_ended += 1
                self.model.lose_app(account)
                with self.carried_out():
                    for app in authenticators.of(user):
                        authenticators.remove(user, app.pk, actor=clerk)
                self.read_sms()
            case "no passkey" if account.passkey:
                account.sessions_ended += 1
                self.model.lose_passkey(account)
                with self.carried_out():
                    for passkey in passkeys.of(user):
                        passkeys.remove(user, passkey.pk, actor=clerk)
                self.read_sms()

    @rule(time=times, upkeep=st.booleans())
    def wait(self, time: timedelta, upkeep: bool) -> None:
        """Upkeep deletes what has expired, and changes nothing that anybody sees."""
        self.pass_time(time)
        if upkeep:
            with self.carried_out():
                sweep()
                delete_expired()
            self.read_sms()

    # --- After each step --------------------------------------------------------------------------------------------

    @invariant()
    def pages_are_for_who_is_in(self) -> None:
        """Whoever may see the home page is told that it takes no POST: the same door, and nothing to draw behind it."""
        self.turn += 1
        index = self.turn % len(PEOPLE) if self.last is None else self.last
        self.last = None
        expected = self.model.home(self.browsers[index])
        self.agree(answer(PEOPLE[index].post("/")), (405, "") if expected == PAGE else expected, f"browser {index}")
        if self.turn % 4 == 0:
            self.compare_failures()
            index = self.turn // 4 % len(PEOPLE)
            self.agree(answer(PEOPLE[index].get("/")), self.model.home(self.browsers[index]), "home")
            self.agree(answer(PEOPLE[index].get("/admin/")), self.model.admin(self.browsers[index]), "admin")

    @invariant()
    def a_ban_refuses_the_right_password(self) -> None:
        for ban in self.model.bans_now():
            address = {network: address for address, network in NETWORKS.items()}.get(ban.network)
            if address:
                account = self.model.accounts.get(ban.account or "zhaoliu@example.edu", NOBODY)
                app = next((made.secret for made in account.kept), account.password)
                self.agree(self.model.banned(address, ban.account), True)
                self.mail(ban.account or account.name, app, "imap", address)

    @invariant()
    def kept_app_passwords_work_and_removed_ones_do_not(self) -> None:
        made = [(account, one) for account in self.model.accounts.values() for one in account.app_passwords]
        if made:
            account, password = made[self.turn % len(made)]
            self.mail(account.name, password.secret, "imap", self.new_address())


@pytest.mark.slow
@pytest.mark.bypass("row 13: NC-SA-2020-001; rows 4, 12, 15, 16, 19, 20, 24, 26, 27 in any order")
def test_whatever_people_do_the_rules_hold(db: None, settings: Settings) -> None:
    settings.SHARED_NETWORKS = [ip_network(CAMPUS)]
    settings.SHARED_NETWORK_FAILURES = SHARED_NETWORK_FAILURES
    settings.GATEWAY_ACCOUNTS = 1000  # more people than there are: places are no matter of the model
    settings.IDLE_LIFETIME = settings.IDLE_LIFETIME_OF_STAFF = (
        timedelta()
    )  # their tests: tests/accounts/sessions/test_idle.py
    settings.MAILBOXES_PER_PHONE = MAILBOXES_PER_PHONE
    settings.APP_PASSWORDS_PER_USER = APP_PASSWORDS_PER_USER
    if SEED:
        hypothesis.seed(int(SEED))(Mailkey)
    run_state_machine_as_test(
        Mailkey,
        settings=hypothesis.settings(
            max_examples=STEPS // STEPS_AN_EXAMPLE + 1,
            stateful_step_count=RULES_AN_EXAMPLE,
            derandomize=SEED is None,
            deadline=None,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        ),
    )
    assert Mailkey.taken >= STEPS
