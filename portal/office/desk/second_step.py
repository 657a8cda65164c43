"""Buttons about somebody's second step: codes, the phone, other ways. What each does, and what the clerk is told."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _

from accounts.codes import codes, guesses, limits
from accounts.lib import clock
from accounts.log.models import SecurityEvent
from accounts.phones import helpcodes, phones
from accounts.signin.steps.words import refusal_text
from portal.office.desk import acts, held
from portal.office.desk.press import Task, number, test_refusal_text

Kind = SecurityEvent.Kind

NEVER = "never"  # codes were given again: the version of a page that shows so


def give_help_code(task: Task) -> HttpResponse | None:
    phone, _comma, ordinal = task.version.partition(",")
    by = task.by
    given = helpcodes.issue(
        task.person, (number(phone), number(ordinal)), actor=by.clerk, address=by.address, reason=by.reason
    )
    match given:
        case (row, code):
            in_fours = f"{code[:4]} {code[4:]}"
            return task.show_once(kind="help_code", secret=in_fours, until=clock.briefly(row.expires_at))
        case helpcodes.Refusal.GONE | helpcodes.Refusal.NO_WAY:
            kinds = Kind.HELP_CODE_ISSUED, Kind.PHONE_UNBOUND, Kind.PHONE_CHANGED, Kind.PHONE_BOUND
            task.nothing_done(*kinds, Kind.WAY_ADDED, Kind.WAY_REMOVED)
        case helpcodes.Refusal.PAUSED:
            until = guesses.paused(task.person)
            messages.warning(task.request, refusal_text(codes.Issued(None, limits.Refusal.PAUSED, until)))
        case helpcodes.Refusal.COLLEAGUE:
            raise PermissionDenied
        case _other:
            messages.warning(task.request, _("No code is needed: the account is disabled, or two-step is off."))
    return None


def end_pause(task: Task) -> None:
    if acts.end_pause(task.person, task.by):
        task.say(_("Codes work again. The owner is told."))
    else:
        task.nothing_done(Kind.PAUSE_ENDED)


def give_codes(task: Task) -> None:
    try:
        version = clock.parsed(task.version) if task.version != NEVER else None
    except ValueError:
        raise Http404 from None
    if acts.give_codes(task.person, version, task.by):
        task.say(_("Codes can be sent again. The owner is told."))
    else:
        task.nothing_done(Kind.CODES_GIVEN, Kind.HELP_CODE_ISSUED, Kind.PASSWORD_CHANGED)


def send_test(task: Task) -> None:
    phone = phones.of(task.person)
    if phone is None or str(phone.pk) != task.version:
        task.nothing_done(Kind.PHONE_UNBOUND, Kind.PHONE_CHANGED, Kind.PHONE_BOUND)
        return
    issued = acts.send_test(task.person, phone, task.by)
    if issued.sms:
        task.say(_("A test SMS is on its way to %(number)s. Reload this page to see below what became of it.")
                 % {"number": phone.masked})  # fmt: skip
    else:
        messages.warning(task.request, test_refusal_text(issued))


def see_number(task: Task) -> HttpResponse | None:
    phone = phones.of(task.person)
    if phone is None or str(phone.pk) != task.version:
        task.nothing_done(Kind.PHONE_UNBOUND, Kind.PHONE_CHANGED, Kind.PHONE_BOUND)
        return None
    return task.show_once(kind="number", secret=acts.see_number(task.person, phone, task.by))


def unbind_phone(task: Task) -> None:
    phone = phones.of(task.person)
    by = task.by
    if phone and str(phone.pk) == task.version:
        phone.user = task.person
        if phones.unbind(phone, actor=by.clerk, address=by.address, reason=by.reason):
            task.say(_("The phone %(number)s is unbound. The owner is told.") % {"number": phone.masked})
            return
    task.nothing_done(Kind.PHONE_UNBOUND, Kind.PHONE_CHANGED, Kind.PHONE_BOUND)


def remove_way(task: Task) -> None:
    way, _comma, pk = task.version.partition(",")
    by = task.by
    name = held.remove(task.person, way, number(pk), actor=by.clerk, address=by.address, reason=by.reason)
    if name is None:
        task.nothing_done(Kind.WAY_REMOVED, Kind.RECOVERY_REMOVED)
    else:
        task.say(_("“%(name)s” is removed. The owner is told.") % {"name": name})
