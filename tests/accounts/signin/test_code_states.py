"""Every state of a code, on every page that asks for one: what is shown, and what can still be done.

The table is the one of docs/decisions/0025-a-wait-takes-nothing-away.md.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts.delivery.models import Sms
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.asking import Purpose, other_than
from tests.kit.code_pages import CODE_PAGES, CodePage, Spot, View
from tests.kit.people import Person

SENT = "was sent to 1"
LATER = "The next one can be sent at"


@dataclass(frozen=True)
class Cell:
    field: bool
    button: str
    words: tuple[str, ...]
    field_in_focus: bool = False
    asks_by_itself: bool = False
    code_counts: bool = False  # what was sent can be entered
    sends_at_once: bool = False  # the button sends another one


@dataclass
class Now:
    """What the person is looking at, and the code that came, if one did."""

    person: Person
    view: View
    code: str = ""


def nothing_sent(spot: Spot, settings: Settings) -> Now:
    person = spot.browser()
    if spot.page.purpose is Purpose.SIGN_IN:
        spot.page.ask(person)
        Sms.objects.all().delete()
    return Now(person, spot.page.look(person))


def sent_and_live(spot: Spot, settings: Settings) -> Now:
    person = spot.browser()
    spot.page.ask(person)
    return Now(person, spot.page.look(person), spot.page.code())


def waiting(spot: Spot, settings: Settings) -> Now:
    """Asked for once more, too soon."""
    now = sent_and_live(spot, settings)
    spot.clock.shift(timedelta(seconds=17))
    return Now(now.person, spot.page.ask(now.person), now.code)


def come_again(spot: Spot, settings: Settings) -> Now:
    """Away from the page and back, by the password where that leads to it."""
    now = sent_and_live(spot, settings)
    spot.clock.shift(timedelta(seconds=3))
    if spot.page.purpose in (Purpose.SIGN_IN, Purpose.BIND):
        now.person.get("/sign-in/")
        now.person.enter_password()
    else:
        now.person.get("/security/phone/")
    return Now(now.person, spot.page.look(now.person), now.code)


def limit_reached(spot: Spot, settings: Settings) -> Now:
    now = sent_and_live(spot, settings)
    settings.SMS_HOURLY_LIMIT = 1
    spot.clock.shift(timedelta(seconds=61))
    return Now(now.person, spot.page.ask(now.person), now.code)


def limit_reached_before(spot: Spot, settings: Settings) -> Now:
    """Nothing was ever sent here."""
    spot.page.ask(spot.browser())
    person = spot.browser()
    settings.SMS_HOURLY_LIMIT = 1
    return Now(person, spot.page.ask(person))


def failed_for_certain(spot: Spot, settings: Settings) -> Now:
    now = sent_and_live(spot, settings)
    Sms.objects.filter(purpose=spot.page.purpose).update(status=Sms.Status.FAILED, reason=Sms.Reason.NUMBER)
    return Now(now.person, spot.page.look(now.person), now.code)


def not_known(spot: Spot, settings: Settings) -> Now:
    now = sent_and_live(spot, settings)
    Sms.objects.filter(purpose=spot.page.purpose).update(status=Sms.Status.UNKNOWN)
    return Now(now.person, spot.page.look(now.person), now.code)


def paused(spot: Spot, settings: Settings) -> Now:
    now = sent_and_live(spot, settings)
    until = timezone.now() + timedelta(minutes=48)
    User.objects.filter(pk=spot.user.pk).update(codes_paused_until=until)
    return Now(now.person, spot.page.ask(now.person), "")


def other_browser(spot: Spot, settings: Settings) -> Now:
    """It asked ten seconds ago."""
    person, other = spot.browser(), spot.browser()
    spot.page.ask(other)
    code = spot.page.code()
    spot.clock.shift(timedelta(seconds=10))
    view = spot.page.ask(person)
    wrong = spot.page.enter(person, code)
    assert wrong, "a code of another browser is of no use"
    assert "counts only there" in wrong.text
    spot.user.refresh_from_db()
    assert spot.user.wrong_codes == 0, "it is no guess"
    assert "was sent to" in spot.page.look(other).text, "it counts where it went"
    return Now(person, view)


def other_account(spot: Spot, settings: Settings) -> Now:
    """Another mailbox on the same number asked just now."""
    person, neighbour = spot.browser(), spot.neighbour()
    spot.page.ask(neighbour)
    theirs = spot.page.code()
    spot.page.ask(person)
    now = Now(person, spot.page.look(person), spot.page.code())
    assert spot.page.enter(neighbour, theirs) is None, "both count"
    return now


def too_old(spot: Spot, settings: Settings) -> Now:
    now = sent_and_live(spot, settings)
    spot.clock.shift(settings.SMS_CODE_LIFETIME)
    return Now(now.person, spot.page.look(now.person))


def guessed_at_too_often(spot: Spot, settings: Settings) -> Now:
    now = sent_and_live(spot, settings)
    for _guess in range(settings.SMS_CODE_TRIES):
        wrong = spot.page.enter(now.person, other_than(now.code))
    assert wrong
    assert wrong.field_in_focus
    assert "too many wrong tries" in wrong.text
    return Now(now.person, spot.page.look(now.person))


def replaced_by_another_browser(spot: Spot, settings: Settings) -> Now:
    person, other = spot.browser(), spot.browser()
    spot.page.ask(person)
    spot.clock.shift(timedelta(seconds=61))
    spot.page.ask(other)
    return Now(person, spot.page.look(person))


State = Callable[[Spot, Settings], Now]
LIVE = Cell(True, "locked", (SENT,), field_in_focus=True, code_counts=True)

# What is the same on every page; what a page shows otherwise stands in OTHERWISE.
TABLE: dict[State, Cell] = {
    nothing_sent: Cell(False, "open", ("The code will be sent to 138****8000",), sends_at_once=True),
    sent_and_live: LIVE,
    waiting: Cell(True, "locked", (SENT, "in 43 s"), field_in_focus=True, code_counts=True),
    come_again: LIVE,
    limit_reached: Cell(True, "locked", (SENT, LATER), field_in_focus=True, code_counts=True),
    limit_reached_before: Cell(False, "locked", (LATER,)),
    failed_for_certain: Cell(True, "open", ("could not be sent", "at once"), sends_at_once=True),
    not_known: Cell(True, "open", ("Perhaps the SMS",), field_in_focus=True, code_counts=True),
    paused: Cell(True, "locked", (SENT, "Codes work again at"), field_in_focus=True),
    other_browser: Cell(True, "locked", ("another sign-in", "50 s"), field_in_focus=True, asks_by_itself=True),
    other_account: LIVE,
    too_old: Cell(True, "open", ("no longer counts", "send a new one"), sends_at_once=True),
    guessed_at_too_often: Cell(True, "locked", ("no longer counts",)),
    replaced_by_another_browser: Cell(True, "locked", ("no longer counts",), asks_by_itself=True),
}
NO_NUMBER_YET = Cell(False, "open", ("Mobile number",), sends_at_once=True)
OTHERWISE: dict[tuple[State, Purpose], Cell] = {
    (nothing_sent, Purpose.BIND): NO_NUMBER_YET,
    (nothing_sent, Purpose.CHANGE_NEW): NO_NUMBER_YET,
}
CELLS = [pytest.param(state, page, id=f"{state.__name__}-{page.purpose}") for state in TABLE for page in CODE_PAGES]


@pytest.mark.share(3)
@pytest.mark.parametrize(("state", "page"), CELLS)
def test_the_page_shows_what_there_is_and_what_can_be_done(
    state: State,
    page: CodePage,
    make_user: MakeUser,
    settings: Settings,
    clock: time_machine.Traveller,
) -> None:
    settings.SMS_HOURLY_LIMIT = settings.SMS_DAILY_LIMIT = 50
    spot = Spot(page, make_user, clock)
    now = state(spot, settings)
    cell = OTHERWISE.get((state, page.purpose), TABLE[state])
    view = now.view
    assert view.status == 200
    for words in cell.words:
        assert words in view.text
    shown = Cell(view.field, view.button, cell.words, view.field_in_focus, view.asks_by_itself)
    assert shown == Cell(cell.field, cell.button, cell.words, cell.field_in_focus, cell.asks_by_itself)

    is_the_way_on = view.button == "open" and cell is not NO_NUMBER_YET and not cell.field_in_focus
    assert view.button_in_focus == is_the_way_on, "what to press"

    count = Sms.objects.count()
    if cell.sends_at_once:
        page.ask(now.person)
        assert Sms.objects.count() == count + 1
    if cell.code_counts:
        assert page.enter(now.person, now.code) is None
    if cell.asks_by_itself:
        clock.shift(timedelta(seconds=60))
        assert page.ask(now.person).field_in_focus
        assert page.enter(now.person, page.code()) is None
