"""Buttons about what opens an account, or keeps it shut. What each does, and what the clerk is told."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from accounts.log.models import SecurityEvent
from accounts.security import passwords
from apppasswords import passwords as app_passwords
from apppasswords.thefts import thefts
from portal.office.desk import acts, facts
from portal.office.desk.press import Task, number

Kind = SecurityEvent.Kind


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


def end_sessions(task: Task) -> None:
    acts.end_sessions(task.person, task.by)
    task.say(_("Signed out everywhere. The owner is told."))


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


def release(task: Task) -> None:
    if acts.release(task.person, task.by):
        task.say(_("The mailbox password is good from everywhere again. The owner is told."))
    else:
        task.nothing_done(Kind.BRAKE_RELEASED, Kind.PASSWORD_CHANGED)


def lift_ban(task: Task) -> None:
    ban = facts.bans_of(task.person).filter(pk=number(task.version)).first()
    if ban and acts.lift(task.person, ban, task.by):
        task.say(_("The ban of %(address)s is lifted.") % {"address": ban.network})
    else:
        task.nothing_done(Kind.BAN_LIFTED)
