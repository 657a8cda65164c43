"""The real thing beside its oracle: people at browsers, phones that get SMS, and one clock for all."""

import json
import re
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from urllib.parse import urlencode, urlsplit

import time_machine
from django.apps import apps
from django.conf import settings
from django.contrib.sessions.models import Session as SessionRow
from django.core import serializers
from django.db import transaction
from django.test import TestCase
from hypothesis.stateful import RuleBasedStateMachine

from accounts.bans.models import Ban, Failure
from accounts.bans.where import addresses
from accounts.browsers import browsers
from accounts.delivery.gateways import memory
from accounts.delivery.models import Sms
from accounts.factors import authenticators, passkeys, recoverycodes
from accounts.log.models import SecurityEvent
from accounts.phones import notice
from accounts.phones.models import Phone as PhoneRow
from accounts.users.models import User
from apppasswords import last_use, passwords
from apppasswords.limits import Limits, Scope
from apppasswords.maillogin import decision, wire
from tests.kit.oracle_things import DAY, HOUR, Account, Answer, AppPassword, Browser, Phone, Trust
from tests.kit.oracle_ways import Ways
from tests.kit.people import NUMBER, OTHER_NUMBER, PASSWORD, Person

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
OFFICE_NUMBER, FREE_NUMBER = "13700137000", "13600136000"
NUMBERS = [NUMBER, OTHER_NUMBER, FREE_NUMBER, "12345", "+12025550143"]
CAMPUS = "10.0.0.0/8"
HOME, DESK = "198.51.100.7", "10.1.1.1"
NETWORKS = {HOME: "home", f"::ffff:{HOME}": "home", "2001:db8::1": "v6", "2001:db8::2": "v6", DESK: "desk"}
NAMES = ["wangwu", "lisi", "zhangsan", "zhaoliu", "itoffice"]
NOBODY = Account("nobody@example.edu", "anything", active=False)

PEOPLE, THIEF = [Person(), Person(), Person()], Person()  # made once: a browser takes long to start


def answer(response: Any) -> Answer:
    return response.status_code, urlsplit(response.headers.get("Location", "")).path


class World(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.undo = transaction.atomic()
        self.undo._from_testcase = True  # type: ignore[attr-defined]  # what must be the outermost transaction may stand in this one
        self.undo.__enter__()
        self.travel = time_machine.travel(START, tick=False)
        self.clock = self.travel.start()
        memory.outbox.clear()
        self.model = Ways(START, dict(NETWORKS), {"desk"})
        for number, person in enumerate((*PEOPLE, THIEF)):
            person.cookies.clear()
            person.cookies[settings.PRESS_COOKIE_NAME] = f"browser-{number}"  # as any page with a form gives one
        self.browsers = [Browser(), Browser(), Browser()]
        self.trusts: list[Trust] = []
        self.secrets: set[str] = {PASSWORD}
        self.old_sessions: list[str] = []
        self.last: int | None = None  # the browser that was used in this step
        self.turn, self.networks, self.sms_read, self.sms_told = 0, 0, 0, 0
        self.agrees = True
        self.settle_in()

    def settle_in(self) -> None:
        """Two-step: on and a phone, off, on and no phone, from tomorrow and a phone; and the IT office."""
        for name, two_step_from, number in [
            ("wangwu", START - DAY, NUMBER),
            ("lisi", None, ""),
            ("zhangsan", START - DAY, ""),
            ("zhaoliu", START + DAY, OTHER_NUMBER),
            ("itoffice", START - DAY, OFFICE_NUMBER),
        ]:
            mailbox, staff = f"{name}@example.edu", name == "itoffice"
            user = User.objects.create_user(
                mailbox, PASSWORD, two_step_from=two_step_from, is_staff=staff, is_superuser=staff
            )
            account = self.model.accounts[mailbox] = Account(mailbox, PASSWORD, two_step_from, staff=staff)
            if number:
                PhoneRow.objects.create(user=user, number=f"+86{number}", **notice.now().columns)
                account.phone = Phone(f"+86{number}")
                made = passwords.create(user, "Mail", limits=Limits(Scope.MAIL_AND_FILTERS))
                assert not isinstance(made, passwords.Refusal)
                account.app_passwords.append(AppPassword(made[0].pk, made[1]))
                self.secrets.add(made[1])

    def account(self, name: str) -> Account:
        return self.model.accounts[f"{name}@example.edu"]

    def user(self, account: Account) -> User:
        return User.objects.get(username=account.name)

    # --- Acting, and comparing --------------------------------------------------------------------------------------

    def pass_time(self, time: timedelta = timedelta(seconds=1)) -> None:
        self.clock.shift(time)
        self.model.now += time

    def agree(self, got: object, expected: object, about: object = "") -> None:
        self.agrees = got == expected
        assert self.agrees, f"{about}: {got!r} is not {expected!r}"

    def click(self, index: int, page: str, data: dict[str, Any], expected: Answer, address: str = HOME) -> Any:
        """Send a form from a browser. `expected` is what the oracle said to it."""
        person, self.last = PEOPLE[index], index
        before = self.session_of(person)
        response = person.post(page, data, REMOTE_ADDR=address, headers={"accept-language": "en"})
        self.agree(answer(response), expected, f"{page} {data}")
        self.read_sms()
        if before and self.session_of(person) != before:
            self.old_sessions.append(before)
            self.agree(self.home_with(before), (302, "/sign-in/"), "a session that was left behind")
        return response

    def carried_out(self) -> AbstractContextManager[object]:
        """What is committed inside is carried out at its end, as a worker would."""
        return TestCase.captureOnCommitCallbacks(execute=True)

    def session_of(self, person: Person) -> str:
        cookie = person.cookies.get(settings.SESSION_COOKIE_NAME)
        return cookie.value if cookie else ""

    def home_with(self, session: str) -> Answer:
        THIEF.cookies[settings.SESSION_COOKIE_NAME] = session
        return answer(THIEF.get("/"))

    def read_sms(self) -> None:
        """What came to the phones is what the oracle awaits, no less and no more."""
        new = memory.outbox[self.sms_read :]
        awaited = [code for code in self.model.codes if not code.digits]
        arrived = [sms for sms in new if sms.code]
        self.agree([sms.to for sms in arrived], [code.number for code in awaited], "codes")
        for code, sms in zip(awaited, arrived, strict=True):
            found = re.findall(r"(?<!\d)\d{6}(?!\d)", sms.text)
            self.agree(len(found), 1, "a code in the SMS")
            code.digits = found[0]
        notices = self.model.notices[self.sms_told :]
        self.agree([sms.to for sms in new if not sms.code], notices, "notices")
        self.sms_read, self.sms_told = len(memory.outbox), len(self.model.notices)

    def mail(self, name: str, password: str, protocol: str, address: str, *, typed: str = "") -> None:
        """A mail program logs in to `name`, spelled as `typed`."""
        account = self.model.accounts.get(name)
        plain = re.sub(r"[\s-]", "", password).lower()
        expected = self.model.log_in_by_mail(name, password, plain if account else None, address)
        form = {"user": typed or name, "password": password, "protocol": protocol, "address": address}
        login = wire.read_form(urlencode(form).encode())
        verdict = decision.verify(login)
        if verdict.use:
            last_use.note([verdict.use])
        self.agree((wire.write_form(verdict, login).status, ""), expected, f"{form}")

    def new_address(self) -> str:
        """One where nobody has ever been."""
        self.networks += 1
        address = f"2001:db8:{self.networks:x}::1"
        self.model.networks[address] = address
        return address

    # --- At the end of each example ---------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            if self.agrees:
                self.look_back()
        finally:
            self.travel.stop()
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    def look_back(self) -> None:
        for person, browser in zip(PEOPLE, self.browsers, strict=True):
            self.agree(answer(person.get("/")), self.model.home(browser), "home")
            self.agree(answer(person.get("/admin/")), self.model.admin(browser), "admin")
        for session in self.old_sessions:
            self.agree(self.home_with(session), (302, "/sign-in/"), "an old session")
        for account in self.model.accounts.values():
            user = self.user(account)
            phone = PhoneRow.objects.filter(user=user).first()
            self.agree(str(phone.number) if phone else None, account.phone.number if account.phone else None, "phone")
            self.agree(authenticators.of(user).count(), int(account.app is not None), "apps")
            self.agree(passkeys.of(user).count(), int(account.passkey is not None), "passkeys")
            paper = account.paper.codes if account.paper else []
            self.agree(recoverycodes.left(user), len(paper), "recovery codes")
            live = [trust.pk for trust in self.trusts if trust.account is account and self.model.is_live(trust)]
            self.agree(sorted(browser.pk for browser in browsers.live(user)), sorted(live), "trusted browsers")
            self.agree(passwords.of(user).count(), len(account.kept), "app passwords")
            self.agree(user.wrong_codes, account.wrong_codes, "wrong codes")
            for made in account.app_passwords:
                self.mail(account.name, made.secret, "imap", self.new_address())
        self.compare_failures()
        self.count_codes()
        self.search_secrets()

    def compare_failures(self) -> None:
        model = self.model
        for address, network in NETWORKS.items():
            here = {"network": addresses.network(address)}
            live = Failure.objects.filter(**here, cleared_at=None, ban=None, at__gt=model.now - DAY)
            counted = [one for one in model.failures if one.network == network and not one.banned]
            counted = [one for one in counted if not model.older(one.at, DAY)]
            self.agree(live.count(), len(counted), f"failures that count at {address}")
            bans = Ban.objects.filter(**here, until__gt=model.now, lifted_at=None)
            expected = [ban for ban in model.bans_now() if ban.network == network]
            self.agree(bans.count(), len(expected), f"bans in force at {address}")

    def count_codes(self) -> None:
        """Counted afresh from the rows, not from the model."""
        codes = list(Sms.objects.codes().order_by("created_at"))
        self.agree([code.pk for code in codes if code.tries > 5], [], "codes that were guessed at more than five times")
        changed = SecurityEvent.objects.filter(kind="password_changed").values_list("user", "at")
        purses: dict[object, list[datetime]] = {}
        for code in codes:  # what was asked for before a new password is no longer counted
            before = sum(user == code.user_id and at <= code.created_at for user, at in changed)
            purses.setdefault((code.user_id, code.by_owner, before), []).append(code.created_at)
        for (purse, times), (window, limit) in product(purses.items(), ((HOUR, 5), (DAY, 10))):
            crowded = [at for at, later in zip(times, times[limit:], strict=False) if later - at < window]
            self.agree(crowded, [], f"more than {limit} codes within {window} out of {purse}")

    def search_secrets(self) -> None:
        models = [*apps.get_app_config("accounts").get_models(), *apps.get_app_config("apppasswords").get_models()]
        rows = [serializers.serialize("json", model._default_manager.all()) for model in models]
        rows += [json.dumps(row.get_decoded()) for row in SessionRow.objects.all()]
        everything = "\n".join(rows)
        for secret in self.secrets:
            self.agree(secret in everything, False, f"{secret} is stored")
        digits = {code.digits for code in self.model.codes}
        found = digits & set(re.findall(r"(?<![0-9A-Za-z.])\d{6}(?![0-9A-Za-z.])", everything))
        self.agree(found, set(), "codes are stored")
