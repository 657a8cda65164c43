"""The buttons of the desk: what each does to an account, and what the clerk is told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_variables

from accounts.bans.models import Ban
from accounts.closures import lastdays
from accounts.codes import codes, guesses, limits
from accounts.lib import clock
from accounts.log.models import SecurityEvent
from accounts.phones import helpcodes, phones
from accounts.security import passwords
from accounts.signin.steps.words import refusal_text
from accounts.users.models import User
from accounts.users.permissions import right
from apppasswords import passwords as app_passwords
from apppasswords import thefts
from portal.office.desk import acts, closing, facts, held
from portal.office.desk.press import Task, day, number, test_refusal_text
from portal.office.desk.reasons import ReasonForm

Kind = SecurityEvent.Kind

NEVER = "never"  # codes were given again: the version of a page that shows so
HELP, LIFT, NUMBERS = right("help_people", User), right("lift", Ban), right("see_numbers", User)
LAST_DAYS = Kind.LAST_DAY_SET, Kind.LAST_DAY_TAKEN_BACK, Kind.ACCOUNT_EDITED, Kind.CLOSED
LIFE = right("delete", User)  # as accounts/users/fields.py has it


# --- The buttons ------------------------------------------------------------------------------------------------------


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


def forget_browsers(task: Task) -> None:
    if acts.forget_browsers(task.person, task.by):
        task.say(_("The trusted browsers are forgotten. The owner is told."))
    else:
        task.nothing_done(Kind.BROWSERS_FORGOTTEN)


def remove_app_password(task: Task) -> None:
    by = task.by
    if app_passwords.remove(task.person, number(task.version), actor=by.clerk, address=by.address, reason=by.reason):
        task.say(_("The app password is removed. What used it can no longer sign in."))
    else:
        task.nothing_done(Kind.APP_PASSWORD_REMOVED)


def remove_app_passwords(task: Task) -> None:
    by = task.by
    removed = app_passwords.remove_all(task.person, actor=by.clerk, address=by.address, reason=by.reason)
    if removed:
        text = ngettext("%(n)s app password is removed.", "%(n)s app passwords are removed.", removed)
        task.say(text % {"n": removed})
    else:
        task.nothing_done(Kind.APP_PASSWORD_REMOVED)


def end_sessions(task: Task) -> None:
    acts.end_sessions(task.person, task.by)
    task.say(_("Signed out everywhere. The owner is told."))


def send_test(task: Task) -> None:
    phone = phones.of(task.person)
    if phone is None or str(phone.pk) != task.version:
        task.nothing_done(Kind.PHONE_UNBOUND, Kind.PHONE_CHANGED, Kind.PHONE_BOUND)
        return
    issued = acts.send_test(task.person, phone, task.by)
    if issued.sms:
        task.say(_("A test SMS is on its way to %(number)s. Reload: below stands what became of it.")
                 % {"number": phone.masked})  # fmt: skip
    else:
        messages.warning(task.request, test_refusal_text(issued))


def end_pause(task: Task) -> None:
    if acts.end_pause(task.person, task.by):
        task.say(_("Codes work again. The owner is told."))
    else:
        task.nothing_done(Kind.PAUSE_ENDED)


def release(task: Task) -> None:
    if acts.release(task.person, task.by):
        task.say(_("The mailbox password is good from everywhere again. The owner is told."))
    else:
        task.nothing_done(Kind.BRAKE_RELEASED, Kind.PASSWORD_CHANGED)


def give_codes(task: Task) -> None:
    try:
        version = clock.parsed(task.version) if task.version != NEVER else None
    except ValueError:
        raise Http404 from None
    if acts.give_codes(task.person, version, task.by):
        task.say(_("Codes can be sent again. The owner is told."))
    else:
        task.nothing_done(Kind.CODES_GIVEN, Kind.HELP_CODE_ISSUED, Kind.PASSWORD_CHANGED)


def lift_ban(task: Task) -> None:
    ban = facts.bans_of(task.person).filter(pk=number(task.version)).first()
    if ban and acts.lift(task.person, ban, task.by):
        task.say(_("The ban of %(address)s is lifted.") % {"address": ban.network})
    else:
        task.nothing_done(Kind.BAN_LIFTED)


def set_last_day(task: Task) -> None:
    by, last = task.by, task.asked["day"]
    shown = day(task.version)
    if lastdays.set_to(last, task.person, shown, actor=by.clerk, address=by.address, reason=by.reason):
        task.say(_("The last day is %(day)s. The owner is told.") % {"day": clock.day(last)})
    else:
        task.nothing_done(*LAST_DAYS)


def take_last_day_back(task: Task) -> None:
    by = task.by
    if lastdays.take_back(task.person, day(task.version), actor=by.clerk, address=by.address, reason=by.reason):
        task.say(_("The account has no last day any more. The owner is told."))
    else:
        task.nothing_done(*LAST_DAYS)


def stop_theft(task: Task) -> None:
    by = task.by
    if thefts.stop(task.person, task.version, actor=by.clerk, address=by.address, reason=by.reason):
        task.say(_("Nothing opens the account any more. The owner is told. Now look at filters and forwarding: "
                   "doveadm sieve list -u %(mailbox)s") % {"mailbox": task.person.username})  # fmt: skip
        if settings.PASSWORDS_IN_DIRECTORY:
            text = _("The password itself is kept elsewhere: have it changed there at once.")
            messages.warning(task.request, text)
    else:
        task.nothing_done(Kind.STOLEN, Kind.NOT_ME, Kind.SESSIONS_ENDED, Kind.PASSWORD_CHANGED)


@sensitive_variables()
def set_password(task: Task) -> HttpResponse | None:
    if settings.PASSWORDS_IN_DIRECTORY:
        raise Http404
    by = task.by
    secret = passwords.set_starting(task.person, task.version, actor=by.clerk, address=by.address, reason=by.reason)
    if secret is None:
        task.nothing_done(Kind.PASSWORD_CHANGED)
        return None
    return task.show_once(kind="password", secret=secret)


def see_number(task: Task) -> HttpResponse | None:
    phone = phones.of(task.person)
    if phone is None or str(phone.pk) != task.version:
        task.nothing_done(Kind.PHONE_UNBOUND, Kind.PHONE_CHANGED, Kind.PHONE_BOUND)
        return None
    return task.show_once(kind="number", secret=acts.see_number(task.person, phone, task.by))


@dataclass(frozen=True)
class Button:
    name: str
    do: Callable[[Task], HttpResponse | None]
    label: Any
    happens: Any  # what it does, before it is pressed
    is_danger: bool = False
    permission: str = HELP
    form: type[ReasonForm] = ReasonForm


BUTTONS = {
    button.name: button
    for button in (
        Button(
            "help_code",
            give_help_code,
            gettext_lazy("Help-desk code for a lost phone"),
            gettext_lazy(
                "Eight digits, shown to you once, good for a few minutes and one use. After the mailbox password they "
                "take the place of the second step, and the person must bind another phone, or app, at once. What is "
                "bound now stays so until then, and goes with it. The owner is told by mail, and by SMS at the present "
                "number."
            ),
        ),
        Button(
            "test",
            send_test,
            gettext_lazy("Send a test SMS"),
            gettext_lazy("An SMS without a code to the bound phone. What became of it stands on this page."),
        ),
        Button(
            "end_pause",
            end_pause,
            gettext_lazy("End the pause after wrong codes"),
            gettext_lazy("The person can ask for codes again at once, and enter them."),
        ),
        Button(
            "release",
            release,
            gettext_lazy("Let the mailbox password in from everywhere"),
            gettext_lazy(
                "For somebody who is travelling and must get in now. Guessing can go on too, until there have been "
                "as many wrong passwords again: a new password or two-step is safer."
            ),
            permission=LIFT,
        ),
        Button(
            "codes",
            give_codes,
            gettext_lazy("Let codes be sent again"),
            gettext_lazy(
                "What was asked for so far no longer counts: codes can be sent again at once, also to a number that "
                "others typed. Wrong ones that were entered stay counted."
            ),
        ),
        Button(
            "last_day",
            set_last_day,
            gettext_lazy("Set the last day"),
            gettext_lazy(
                "The account is open until the end of that day, and disabled by itself afterwards. Its owner is told "
                "now, and once more when the day is near."
            ),
            permission=LIFE,
            form=closing.LastDayForm,
        ),
        Button(
            "no_last_day",
            take_last_day_back,
            gettext_lazy("Take the last day back"),
            gettext_lazy("The account has no last day any more."),
            permission=LIFE,
        ),
        Button(
            "stolen",
            stop_theft,
            gettext_lazy("Account stolen: end everything"),
            gettext_lazy(
                "The mailbox password ends, app passwords are removed, everybody is signed out, mail programs are "
                "disconnected, trusted browsers are forgotten, and two-step is on at once, exempt or not. Phone and "
                "other second steps stay: check that they are the owner’s. Then set a starting password for the "
                "owner, who is told by mail and SMS."
            ),
            is_danger=True,
        ),
        Button(
            "password",
            set_password,
            gettext_lazy("Set a starting password"),
            gettext_lazy(
                "A new mailbox password, shown to you once, which must be changed at the next sign-in. The old one no "
                "longer works; sessions end and trusted browsers are forgotten."
            ),
            is_danger=True,
        ),
        Button(
            "sessions",
            end_sessions,
            gettext_lazy("Sign out everywhere"),
            gettext_lazy(
                "Everybody who is signed in to this account on the web is signed out, and mail programs are "
                "disconnected; those whose password is still good come back by themselves. Trusted browsers stay."
            ),
            is_danger=True,
        ),
        Button(
            "browsers",
            forget_browsers,
            gettext_lazy("Forget the trusted browsers"),
            gettext_lazy(
                "The next sign-in in each of them asks for a code. Anyone who signed in through one of them is "
                "signed out."
            ),
            is_danger=True,
        ),
        Button(
            "app_passwords",
            remove_app_passwords,
            gettext_lazy("Remove all app passwords"),
            gettext_lazy("Mail programs that use them are refused at their next login."),
            is_danger=True,
        ),
        Button(
            "unbind",
            unbind_phone,
            gettext_lazy("Unbind the phone"),
            gettext_lazy(
                "Who has no other way to verify then binds another phone with the mailbox password alone: for a lost "
                "phone the help-desk code is safer. Sessions end, trusted browsers "
                "are forgotten; the owner is told by mail and at the old number."
            ),
            is_danger=True,
        ),
        Button("way", remove_way, gettext_lazy("Remove"), "", is_danger=True),
        Button("app_password", remove_app_password, gettext_lazy("Remove"), "", is_danger=True),
        Button("lift", lift_ban, gettext_lazy("Lift"), "", permission=LIFT),
        Button(
            "number",
            see_number,
            gettext_lazy("Show the whole number"),
            gettext_lazy("Shown once. That you looked, and why, is in the security log."),
            permission=NUMBERS,
        ),
    )
}
