"""The desk: find a person, one page that tells everything, and its buttons. Here, because it needs both apps."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts.bans import causes
from accounts.bans.models import Ban, Failure
from accounts.browsers.models import TrustedBrowser
from accounts.codes.limits import Purse
from accounts.delivery.models import Sms
from accounts.lib import clock, invisible, numbers
from accounts.log import sentences
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.owners import owners
from accounts.phones import helpcodes
from accounts.presses import once
from accounts.security import passwords
from accounts.sessions import clients
from accounts.sessions.gate.decorators import GET_OR_POST
from accounts.sessions.sessions import SignedInRequest
from accounts.users import clerks, ways
from accounts.users.models import User
from accounts.users.permissions import right
from apppasswords import passwords as app_passwords
from apppasswords.models import AppPassword
from apppasswords.thefts import thefts
from portal.office import searches
from portal.office.desk import closing, facts
from portal.office.desk.acts import By
from portal.office.desk.buttons import BUTTONS, Button
from portal.office.desk.facts import Facts
from portal.office.desk.press import Task
from portal.office.desk.reasons import REASONS, ReasonForm
from portal.office.desk.second_step import NEVER

# Whoever may not read the list of something does not read it here either.
SECTIONS = {
    "sms": right("view", Sms),
    "events": right("view", SecurityEvent),
    "bans": right("view", Ban),
    "failures": right("view", Failure),
    "logins": right("view", MailLogin),
    "app_passwords": right("view", AppPassword),
    "browsers": right("view", TrustedBrowser),
}

# Codes of which there were too many.
SPENT = {
    Purse.OWNER: gettext_lazy("The owner’s limit of codes is reached: none until %(time)s."),
    Purse.PASSWORD: gettext_lazy(
        "The limit of codes asked for with the password alone is reached: none until %(time)s, except where the owner "
        "is signed in or was before."
    ),
}


def _versions(known: Facts, rows: list[AppPassword]) -> dict[str, str]:
    """The buttons that make sense now, each with what it was decided on."""
    user, phone = known.user, known.phone
    bound = str(phone.pk) if phone else ""
    seen = helpcodes.version(phone, known.help_code)
    needs_code = known.ways and user.is_active and user.two_step_is_on() and not known.is_paused
    counted_from = user.codes_counted_from
    # Without any way to take the second step it may be strangers who typed the number.
    may_lack_codes = (
        user.is_active and not user.is_shared and (known.codes.asked or (user.two_step_is_on() and not known.ways))
    )
    on = {
        "help_code": ",".join(map(str, seen)) if needs_code else "",
        "test": bound,
        "end_pause": "now" if known.is_paused else "",
        "release": "now" if known.guessed_until else "",
        "codes": (clock.iso(counted_from) if counted_from else NEVER) if may_lack_codes else "",
        "password": "" if settings.PASSWORDS_IN_DIRECTORY or user.is_shared else passwords.version_of(user),
        "stolen": thefts.version_of(user),
        "sessions": "" if user.is_shared else "now",  # nobody signs in as a department mailbox
        "browsers": "now" if known.browsers else "",
        "app_passwords": "now" if rows else "",
        "unbind": bound,
        "number": bound,
        **closing.versions(user),
    }
    return {name: version for name, version in on.items() if version}


# --- The pages --------------------------------------------------------------------------------------------------------


def _people(request: SignedInRequest) -> Any:
    """Whom this clerk may see: as in the list."""
    people = admin.site.get_model_admin(User)
    if not people.has_view_permission(request):
        raise PermissionDenied
    return people.get_queryset(request)


@require_POST
def find(request: SignedInRequest) -> HttpResponse:
    """Straight to the person if it can be only one. A POST: what is typed may be a phone number, which belongs in no
    address."""
    text = invisible.dropped(request.POST.get("q", "")).strip()[:100]
    people = _people(request)
    if digits := searches.last_digits(text):
        messages.info(request, _("Phones are found by their last four digits: %(digits)s.") % {"digits": digits})
        text = digits
    found = list(searches.find(people, text).values_list("pk", flat=True)[:2]) if text else []
    if len(found) == 1:
        return redirect("admin:desk", found[0])
    return redirect(f"{reverse('admin:accounts_user_changelist')}?{urlencode({'q': text})}")


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
def page(request: SignedInRequest, id: int) -> HttpResponse:  # noqa: A002 (as in the addresses of the admin)
    """All about one person. POST `act` presses one of the buttons."""
    person = get_object_or_404(_people(request).select_related("phone"), pk=id)
    if request.method != "POST":
        once.gone_on(request)
        return _show(request, person)
    button = BUTTONS.get(request.POST.get("act", ""))
    if button is None:
        raise Http404
    if not _may(request, person, button):
        raise PermissionDenied
    form = button.form(request.POST, auto_id=f"{button.name}_%s")
    if not form.is_valid():
        return _show(request, person, button, form)
    by = By(request.user, clients.address(request), form.reason)
    response = button.do(Task(request, person, by, request.POST.get("version", ""), form.cleaned_data))
    return response or redirect("admin:desk", person.pk)


def _may(request: SignedInRequest, person: User, button: Button) -> bool:
    return clerks.may_touch(request.user, person) and request.user.has_perm(button.permission)


def _show(
    request: SignedInRequest, person: User, pressed: Button | None = None, tried: ReasonForm | None = None
) -> HttpResponse:
    made = app_passwords.of(person).select_related("user", "ownership__owner")
    rows = list(made[: settings.APP_PASSWORDS_PER_USER])
    known = facts.about(person, (row.last_used_address for row in rows))
    versions = _versions(known, rows)

    def form(button: Button) -> ReasonForm:
        return tried if tried and button is pressed else button.form(auto_id=f"{button.name}_%s")

    may_see = {name: request.user.has_perm(permission) for name, permission in SECTIONS.items()}
    buttons = [
        {"button": button, "version": versions[name], "form": form(button), "is_open": button is pressed}
        for name, button in BUTTONS.items()
        if name in versions and _may(request, person, button)
    ]
    context = admin.site.each_context(request) | {
        "title": person.get_full_name(),
        "opts": User._meta,
        "person": person,
        "facts": known,
        "obstacles": obstacles(known, sms=may_see["sms"]),
        "app_passwords": rows,
        "buttons": [entry for entry in buttons if entry["button"] is not BUTTONS["number"]],
        "number": next((entry for entry in buttons if entry["button"] is BUTTONS["number"]), None),
        "may_help": _may(request, person, BUTTONS["app_password"]),
        "may_lift": _may(request, person, BUTTONS["lift"]),
        "is_own": request.user.pk == person.pk,
        "owners": list(owners.names(person)) if person.is_shared else [],
        "may_switch": not person.is_shared
        and request.user.has_perm(right("roll_out", User))
        and clerks.may_touch(request.user, person),
        "may_edit": admin.site.get_model_admin(User).has_change_permission(request, person),
        "reasons": REASONS[:-1],
        "problem": tried.errors if tried and pressed and pressed.name in ("app_password", "way", "lift") else None,
        "may_see": may_see,
        "bans": [(ban, causes.why(ban)) for ban in known.bans if may_see["bans"]],
        "sms": [(sms, facts.story(sms)) for sms in known.sms],
        "sign_ins": [(event, sentences.phrase(event)) for event in known.sign_ins],
        "deeds": [(event, sentences.phrase(event)) for event in known.deeds],
        "days": facts.DAYS.days,
        "tries": settings.HELP_CODE_TRIES,
    }
    return TemplateResponse(request, "office/desk/desk.html", context)


def obstacles(known: Facts, *, sms: bool) -> list[str]:
    """What keeps this person out now, in the order in which to look at it. Bans are told apart, with their button."""
    user = known.user
    found = closing.of(known)
    if known.is_paused:
        found.append(_("Too many wrong codes: no codes until %(time)s.") % {"time": _at(user.codes_paused_until)})
    if known.guessed_until:
        text = _(
            "Somebody is guessing at the mailbox password from many addresses: until %(time)s it is good only where it "
            "was used before."
        )
        found.append(text % {"time": _at(known.guessed_until)})
    for purse, until in known.codes.spent_until.items():
        found.append(SPENT[purse] % {"time": _at(until)})
    if user.is_shared:
        pass  # nobody signs in
    elif user.two_step_is_on() and not known.ways:
        found.append(_("Two-step is on and there is no way to verify yet: the next sign-in asks to bind one."))
    elif user.two_step_is_on() and not ways.can_stand_alone(one.way for one in known.ways):
        found.append(_("What is left for the second step may not be the only one: the next sign-in asks for another."))
    if known.first_phone:
        text = _(
            "Two-step has to begin with %(number)s, the directory’s number: if it is wrong, it is corrected there."
        )
        found.append(text % {"number": numbers.masked(known.first_phone)})
    found += _of_password(user)
    latest = known.sms[0] if known.sms and sms else None
    if latest and latest.status == latest.Status.FAILED:
        found.append(_("The last SMS failed: %(why)s") % {"why": facts.story(latest)})
    if known.help_code and known.help_code.is_live:
        by = known.help_code.issued_by
        told = {"who": by.username if by else "", "time": _at(known.help_code.expires_at)}
        found.append(_("A help-desk code given by %(who)s is good until %(time)s.") % told)
    return found


def _of_password(user: User) -> list[str]:
    if settings.PASSWORDS_IN_DIRECTORY or user.is_shared:
        return []
    if not user.has_usable_password():
        return [_("No password opens this account: set a starting password for its owner.")]
    return [_("A new mailbox password must be chosen at the next sign-in.")] if user.must_change_password else []


def _at(moment: datetime | None) -> str:
    return clock.briefly(moment) if moment else ""
