"""The buttons of the desk: which there are, what each says before it is pressed, and who may press it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy

from accounts.bans.models import Ban
from accounts.users.models import User
from accounts.users.permissions import right
from portal.office.desk import access, closing, second_step
from portal.office.desk.press import Task
from portal.office.desk.reasons import ReasonForm

HELP, LIFT, NUMBERS = right("help_people", User), right("lift", Ban), right("see_numbers", User)
LIFE = right("delete", User)  # as accounts/users/fields.py has it


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
            second_step.give_help_code,
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
            second_step.send_test,
            gettext_lazy("Send a test SMS"),
            gettext_lazy("An SMS without a code to the bound phone. This page then shows what became of it."),
        ),
        Button(
            "end_pause",
            second_step.end_pause,
            gettext_lazy("End the pause after wrong codes"),
            gettext_lazy("The person can ask for codes again at once, and enter them."),
        ),
        Button(
            "release",
            access.release,
            gettext_lazy("Let the mailbox password in from everywhere"),
            gettext_lazy(
                "For somebody who is travelling and must get in now. Guessing can go on too, until there have been "
                "as many wrong passwords again: a new password or two-step is safer."
            ),
            permission=LIFT,
        ),
        Button(
            "codes",
            second_step.give_codes,
            gettext_lazy("Let codes be sent again"),
            gettext_lazy(
                "What was asked for so far no longer counts: codes can be sent again at once, also to a number that "
                "others typed. Wrong ones that were entered stay counted."
            ),
        ),
        Button(
            "last_day",
            closing.set_last_day,
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
            closing.take_last_day_back,
            gettext_lazy("Take the last day back"),
            gettext_lazy("The account has no last day any more."),
            permission=LIFE,
        ),
        Button(
            "stolen",
            access.stop_theft,
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
            access.set_password,
            gettext_lazy("Set a starting password"),
            gettext_lazy(
                "A new mailbox password, shown to you once, which must be changed at the next sign-in. The old one no "
                "longer works; sessions end and trusted browsers are forgotten."
            ),
            is_danger=True,
        ),
        Button(
            "sessions",
            access.end_sessions,
            gettext_lazy("Sign out everywhere"),
            gettext_lazy(
                "Everybody who is signed in to this account on the web is signed out, and mail programs are "
                "disconnected; those whose password is still good come back by themselves. Trusted browsers stay."
            ),
            is_danger=True,
        ),
        Button(
            "browsers",
            access.forget_browsers,
            gettext_lazy("Forget the trusted browsers"),
            gettext_lazy(
                "The next sign-in in each of them asks for a code. Anyone who signed in through one of them is "
                "signed out."
            ),
            is_danger=True,
        ),
        Button(
            "app_passwords",
            access.remove_app_passwords,
            gettext_lazy("Remove all app passwords"),
            gettext_lazy("Mail programs that use them are refused at their next login."),
            is_danger=True,
        ),
        Button(
            "unbind",
            second_step.unbind_phone,
            gettext_lazy("Unbind the phone"),
            gettext_lazy(
                "Who has no other way to verify then binds another phone with the mailbox password alone: for a lost "
                "phone the help-desk code is safer. Sessions end, trusted browsers "
                "are forgotten; the owner is told by mail and at the old number."
            ),
            is_danger=True,
        ),
        Button("way", second_step.remove_way, gettext_lazy("Remove"), "", is_danger=True),
        Button("app_password", access.remove_app_password, gettext_lazy("Remove"), "", is_danger=True),
        Button("lift", access.lift_ban, gettext_lazy("Lift"), "", permission=LIFT),
        Button(
            "number",
            second_step.see_number,
            gettext_lazy("Show the whole number"),
            gettext_lazy("Shown once. That you looked, and why, is in the security log."),
            permission=NUMBERS,
        ),
    )
}
