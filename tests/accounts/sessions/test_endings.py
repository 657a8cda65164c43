"""What ends when: everything that a person may have open, and every way in which something is done to the account."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.browsers import browsers
from accounts.browsers.models import TrustedBrowser
from accounts.delivery.models import Sms
from accounts.log.models import SecurityEvent
from accounts.mailsessions.models import Ending
from accounts.phones import helpcodes
from accounts.phones.models import HelpCode, Phone
from accounts.sessions import authorizations, endings
from accounts.sessions.endings import ENDS, EVERYTHING, NOTHING, Occasion, What
from accounts.sessions.models import Authorization
from accounts.users.models import User
from tests.accounts.phones.test_phones import change, unbind
from tests.conftest import MakeUser
from tests.kit.counter import press
from tests.kit.files_of_people import as_csv, confirm, hand_in
from tests.kit.paperwork import USERS, act, edit, pk
from tests.kit.people import OTHER_NUMBER, PASSWORD, Person, code_from_phone

NEW = "correct-horse-42"


@dataclass(frozen=True)
class Open:
    """What is open, and who acts."""

    owner: Person  # in a trusted browser
    other: Person  # signed in by code elsewhere
    halfway: Person
    token: Authorization  # of the other sign-in
    code: Sms
    help_code: HelpCode
    its_digits: str
    office: Person
    manager: Person

    def still(self) -> What:
        User.objects.filter(pk=pk(self.owner)).update(is_active=True)  # it must not come to life again
        leads_to = self.other.get("/").headers.get("Location", "").partition("?")[0]
        token = Authorization.objects.filter(pk=self.token.pk).first()
        found = {
            What.SESSIONS: leads_to != "/sign-in/",
            What.SECOND_STEP: not leads_to,
            What.HALFWAY: self.halfway.get("/sign-in/code/").status_code == 200,
            What.TOKENS: token is not None and token.is_live,
            What.CODES: Sms.objects.filter(pk=self.code.pk, voided_at=None).exists(),
            What.HELP_CODES: HelpCode.objects.filter(pk=self.help_code.pk, voided_at=None).exists(),
            What.BROWSERS: TrustedBrowser.objects.filter(user=pk(self.owner)).exists(),
            What.MAIL: not Ending.objects.filter(people__has_key=name(self)).exists(),
        }
        return What(sum(what.value for what, stands in found.items() if stands))


@pytest.fixture
def opened(wangwu: Person, office: Person, manager: Person, settings: Settings) -> Open:
    settings.SMS_RESEND_AFTER *= 0
    settings.SMS_HOURLY_LIMIT = 99
    settings.DOVEADM_URLS = ["http://127.0.0.1:1"]  # tests/real/test_mail_endings.py has a real one
    other, halfway = Person(wangwu.user), Person(wangwu.user)
    other.arrive()
    wangwu.sign_in(trust_browser="on")
    halfway.enter_password()
    user = User.objects.get(pk=pk(wangwu))
    phone = Phone.objects.get(user=user)
    now = timezone.now()
    token = authorizations.begin(
        user, other.session["sign_in"], signed_in_at=now, ends_at=now + timedelta(hours=12), device=phone, browser=None
    )
    assert office.user
    with TestCase.captureOnCommitCallbacks(execute=True):
        given = helpcodes.issue(user, (phone.pk, 0), actor=office.user, reason="lost")
    assert isinstance(given, tuple)
    opened = Open(wangwu, other, halfway, token, Sms.objects.codes().latest("pk"), *given, office, manager)
    assert opened.still() == EVERYTHING
    return opened


def name(opened: Open) -> str:
    assert opened.owner.user
    return opened.owner.user.username


# --- The ways --------------------------------------------------------------------------------------------------------


def _disabled_on_the_page(opened: Open) -> None:
    assert edit(opened.office, opened.owner, is_active=None).status_code == 302


def _import(clerk: Person, *rows: tuple[str, str]) -> None:
    row = confirm(clerk, hand_in(clerk, as_csv(*rows)))
    assert row.status == "done", row.report


def _disabled_by_an_import(opened: Open) -> None:
    _import(opened.office, ("address", "active"), (name(opened), "no"))


def _deleted(opened: Open) -> None:
    User.objects.get(pk=pk(opened.owner)).delete()


def _not_me(opened: Open) -> None:
    opened.owner.post("/security/activity/not-me/")
    assert opened.owner.is_in(), "the session that it is said in goes on"


def _stolen(opened: Open) -> None:
    press(opened.office, opened.owner, "stolen")


def _made_a_department_mailbox(opened: Open) -> None:
    form = {"mailbox": name(opened), "owners": "manager", "converts": "on"}
    assert opened.office.post("/admin/owners/ownership/add/", form).status_code == 302


def _signed_out_by_the_desk(opened: Open) -> None:
    press(opened.office, opened.owner, "sessions")


def _password_of_the_owner(opened: Open) -> None:
    form = {"old_password": PASSWORD, "new_password": NEW, "new_password_again": NEW}
    assert opened.owner.post("/security/password/", form).status_code == 302
    assert opened.owner.is_in()


def _password_by_the_desk(opened: Open) -> None:
    press(opened.office, opened.owner, "password")
    User.objects.update(must_change_password=False)


def _password_by_command(opened: Open) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("getpass.getpass", lambda *_, **__: NEW)
        call_command("changepassword", name(opened), stdout=StringIO())
    assert User.objects.get(pk=pk(opened.owner)).check_password(NEW)
    assert SecurityEvent.objects.get(kind="password_changed").detail == {"reason": "manage.py changepassword"}


def _phone_changed(opened: Open) -> None:
    change(opened.owner)
    assert opened.owner.is_in()


def _phone_replaced(opened: Open) -> None:
    visitor = Person(opened.owner.user)
    visitor.enter_password()
    visitor.post("/sign-in/help/", {"code": opened.its_digits})
    visitor.bind(OTHER_NUMBER)
    assert visitor.is_in()


def _phone_unbound(opened: Open) -> None:
    unbind(opened.owner)


def _phone_unbound_by_the_desk(opened: Open) -> None:
    press(opened.office, opened.owner, "unbind")


def _phone_unbound_in_the_list(opened: Open) -> None:
    act(opened.office, USERS, "unbind_phone", pk(opened.owner))


def _browsers_by_the_owner(opened: Open) -> None:
    opened.owner.post("/security/browsers/", {"all": "1"})


def _browsers_by_the_desk(opened: Open) -> None:
    press(opened.office, opened.owner, "browsers")


def _browsers_in_the_list(opened: Open) -> None:
    act(opened.office, USERS, "forget_browsers", pk(opened.owner))


def _two_step_off(opened: Open) -> None:
    opened.office.post(f"{USERS}{pk(opened.owner)}/two-step/", {"act": "off", "off-reason": "abroad"})
    assert User.objects.get(pk=pk(opened.owner)).two_step_from is None


def _two_step_on(opened: Open) -> None:
    User.objects.filter(pk=pk(opened.owner)).update(two_step_from=None)
    _import(opened.manager, ("address", "two_step_from"), (name(opened), "2020-01-01"))
    assert User.objects.get(pk=pk(opened.owner)).two_step_is_on()


WAYS: dict[Callable[[Open], None], tuple[Occasion, What]] = {
    _disabled_on_the_page: (Occasion.DISABLED, EVERYTHING),
    _disabled_by_an_import: (Occasion.DISABLED, EVERYTHING),
    _deleted: (Occasion.DELETED, EVERYTHING),
    _not_me: (Occasion.NOT_ME, EVERYTHING),
    _stolen: (Occasion.STOLEN, EVERYTHING),
    _made_a_department_mailbox: (Occasion.SHARED, EVERYTHING),
    _signed_out_by_the_desk: (Occasion.SIGNED_OUT_EVERYWHERE, EVERYTHING & ~What.BROWSERS),
    _password_of_the_owner: (Occasion.NEW_PASSWORD, EVERYTHING),
    _password_by_the_desk: (Occasion.NEW_PASSWORD, EVERYTHING),
    _password_by_command: (Occasion.NEW_PASSWORD, EVERYTHING),
    _phone_changed: (Occasion.PHONE_CHANGED, EVERYTHING & ~What.SESSIONS & ~What.MAIL),
    _phone_replaced: (Occasion.PHONE_REPLACED, EVERYTHING),
    _phone_unbound: (Occasion.PHONE_UNBOUND, EVERYTHING),
    _phone_unbound_by_the_desk: (Occasion.PHONE_UNBOUND, EVERYTHING),
    _phone_unbound_in_the_list: (Occasion.PHONE_UNBOUND, EVERYTHING),
    _browsers_by_the_owner: (Occasion.BROWSERS_FORGOTTEN, What.BROWSERS),
    _browsers_by_the_desk: (Occasion.BROWSERS_FORGOTTEN, What.BROWSERS),
    _browsers_in_the_list: (Occasion.BROWSERS_FORGOTTEN, What.BROWSERS),
    _two_step_off: (Occasion.TWO_STEP_OFF, NOTHING),
    _two_step_on: (Occasion.TWO_STEP_ON, What.MAIL),
}


@pytest.mark.bypass("row 27: authentik CVE-2025-64521: what was open lives on")
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__.strip("_"))
def test_what_ends(opened: Open, way: Callable[[Open], None]) -> None:
    occasion, ends = WAYS[way]
    way(opened)
    assert ~opened.still() == ends
    assert ENDS[occasion].here | ENDS[occasion].with_it == ends, "the table says something else"


def test_binding_ends_what_waited_to_bind(zhangsan: Person, settings: Settings) -> None:
    settings.SMS_RESEND_AFTER *= 0
    slower = Person(zhangsan.user)
    slower.enter_password()
    slower.post("/sign-in/phone/", {"number": OTHER_NUMBER, "agreed": "on"})
    waiting = code_from_phone(OTHER_NUMBER)
    zhangsan.arrive()
    assert zhangsan.is_in()
    assert slower.post("/sign-in/phone/", {"code": waiting}).headers["Location"] == "/sign-in/"
    assert not Sms.objects.codes().filter(used_at=None, voided_at=None).exists()
    assert ENDS[Occasion.PHONE_BOUND].with_it == What.CODES | What.HALFWAY


def test_every_occasion_is_walked() -> None:
    assert {occasion for occasion, _ends in WAYS.values()} | {Occasion.PHONE_BOUND} == set(Occasion) == set(ENDS)


# --- Many at once ----------------------------------------------------------------------------------------------------


def test_an_import_logs_forgotten_browsers_as_the_page_does(opened: Open) -> None:
    _disabled_by_an_import(opened)
    event = SecurityEvent.objects.get(kind="browsers_forgotten")
    assert (event.user, event.actor) == (opened.owner.user, opened.office.user)
    assert event.detail["browsers"] == ["Firefox 140 · Linux"]


def test_a_file_takes_as_many_statements_for_hundred_as_for_ten(make_user: MakeUser) -> None:
    def statements(mailbox: str, count: int) -> int:
        people = [make_user(f"{mailbox}{n}", phone=f"138{mailbox}{n:04}") for n in range(count)]
        for user in people[::2]:
            look = browsers.Look("Firefox", "Linux", "192.0.2.1")
            browsers.trust(Phone.objects.get(user=user), "", look)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            endings.end(Occasion.DISABLED, *people)
        assert {user.sessions_ended for user in people} == {1}
        return len(queries)

    assert statements("0013", 100) == statements("0014", 10)
    assert not TrustedBrowser.objects.exists()
    assert SecurityEvent.objects.filter(kind="browsers_forgotten").count() == 55


@pytest.mark.parametrize("occasion", [one for one, ends in ENDS.items() if ends.here is NOTHING])
def test_what_ends_with_what_is_gone_ends_nowhere_else(opened: Open, occasion: Occasion) -> None:
    """By the table alone nothing does."""
    assert opened.owner.user
    endings.end(occasion, opened.owner.user)
    assert opened.still() == EVERYTHING
