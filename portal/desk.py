"""The desk: find a person, one page that tells everything, and its buttons. Here, because it needs both apps."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from accounts import clients, codes, desk, helpcodes, office, phones
from accounts import passwords as mailbox_passwords
from accounts.desk import Facts
from accounts.models import SecurityEvent, User
from accounts.office import By
from accounts.sessions import SignedInRequest
from accounts.views.signin import GET_OR_POST
from accounts.views.steps import clock, refusal_text
from apppasswords import passwords
from apppasswords.models import AppPassword

Kind = SecurityEvent.Kind

HELP, LIFT, NUMBERS = "accounts.help_people", "accounts.lift_ban", "accounts.see_numbers"
LONGEST_DIGITS = 6  # in a reason: more are a phone or an identity number

OTHER = "other"
REASONS = [
    ("counter", gettext_lazy("In person, identity card checked")),
    ("phone", gettext_lazy("By phone, called back to make sure")),
    ("department", gettext_lazy("Confirmed by the department")),
    ("misuse", gettext_lazy("Suspected misuse of the account")),
    (OTHER, gettext_lazy("Another reason:")),
]


class ReasonForm(forms.Form):
    """Why. The owner reads it in the mail about what was done."""

    why = forms.ChoiceField(label=gettext_lazy("Reason"), choices=REASONS, widget=forms.RadioSelect)
    note = forms.CharField(
        label=gettext_lazy("Remark"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_note(self) -> str:
        note = str(self.cleaned_data["note"]).strip()
        if sum(letter.isdigit() for letter in note) > LONGEST_DIGITS:
            raise ValidationError(_("No phone or identity numbers and no passwords here: it is kept in the log."))
        if self.cleaned_data.get("why") == OTHER and not note:
            raise ValidationError(_("Please say why."))
        return note

    @property
    def reason(self) -> str:
        why = self.cleaned_data["why"]
        chosen = [] if why == OTHER else [str(dict(REASONS)[why])]
        return " · ".join([*chosen, *filter(None, [self.cleaned_data["note"]])])


@dataclass(frozen=True)
class Task:
    """One press of a button: on whom, by whom and why, and what the page was showing when it was pressed."""

    request: SignedInRequest
    person: User
    by: By
    seen: str

    def say(self, text: str) -> None:
        messages.success(self.request, text)

    def nothing_done(self, *kinds: SecurityEvent.Kind) -> None:
        """The page was out of date: somebody did it, or something else, before."""
        event = office.last(self.person, *kinds)
        if event is None:
            messages.warning(self.request, _("Nothing was done: the page was out of date. This is how it is now."))
            return
        told = {"who": event.actor_name or _("the owner"), "time": clock(event.at), "what": event.get_kind_display()}
        messages.warning(self.request, _("Nothing was done. “%(what)s” was done by %(who)s at %(time)s.") % told)

    def show_once(self, **secret: Any) -> HttpResponse:
        """The one answer that holds the secret. (Nothing is kept by a browser: accounts.middleware.no_store.)"""
        context = admin.site.each_context(self.request) | {"person": self.person, "title": _("Shown only now")}
        return TemplateResponse(self.request, "admin/desk_secret.html", context | secret)


def _number(text: str) -> int:
    """The key of a row, as our own pages wrote it."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Http404
    return int(text)


# --- The buttons ------------------------------------------------------------------------------------------------------


def give_help_code(task: Task) -> HttpResponse | None:
    phone, _comma, place = task.seen.partition(",")
    by = task.by
    given = helpcodes.issue(
        task.person, _number(phone), _number(place), actor=by.clerk, address=by.address, reason=by.reason
    )
    match given:
        case (row, code):
            in_fours = f"{code[:4]} {code[4:]}"
            return task.show_once(kind="help_code", secret=in_fours, until=clock(row.expires_at))
        case helpcodes.Refusal.GONE | helpcodes.Refusal.NO_PHONE:
            kinds = Kind.HELP_CODE_ISSUED, Kind.PHONE_UNBOUND, Kind.PHONE_CHANGED, Kind.PHONE_BOUND
            task.nothing_done(*kinds)
        case helpcodes.Refusal.PAUSED:
            until = codes.paused(task.person)
            messages.warning(task.request, refusal_text(codes.Issued(None, codes.Refusal.PAUSED, until)))
        case helpcodes.Refusal.COLLEAGUE:
            raise PermissionDenied
        case _other:
            messages.warning(task.request, _("No code is needed: the account is disabled, or two-step is off."))
    return None


def unbind_phone(task: Task) -> None:
    phone = phones.of(task.person)
    by = task.by
    if phone and str(phone.pk) == task.seen:
        phone.user = task.person
        if phones.unbind(phone, actor=by.clerk, address=by.address, reason=by.reason):
            task.say(_("The phone %(number)s is unbound. The owner is told.") % {"number": phone.masked})
            return
    task.nothing_done(Kind.PHONE_UNBOUND, Kind.PHONE_CHANGED, Kind.PHONE_BOUND)


def forget_browsers(task: Task) -> None:
    if office.forget_browsers(task.person, task.by):
        task.say(_("The trusted browsers are forgotten. The owner is told."))
    else:
        task.nothing_done(Kind.BROWSERS_FORGOTTEN)


def remove_app_password(task: Task) -> None:
    by = task.by
    if passwords.remove(task.person, _number(task.seen), actor=by.clerk, address=by.address, reason=by.reason):
        task.say(_("The app password is removed. What used it can no longer sign in."))
    else:
        task.nothing_done(Kind.APP_PASSWORD_REMOVED)


def remove_app_passwords(task: Task) -> None:
    by = task.by
    removed = passwords.remove_all(task.person, actor=by.clerk, address=by.address, reason=by.reason)
    if removed:
        text = ngettext("%(n)s app password is removed.", "%(n)s app passwords are removed.", removed)
        task.say(text % {"n": removed})
    else:
        task.nothing_done(Kind.APP_PASSWORD_REMOVED)


def end_sessions(task: Task) -> None:
    office.end_sessions(task.person, task.by)
    task.say(_("Signed out everywhere. The owner is told."))


def send_test(task: Task) -> None:
    phone = phones.of(task.person)
    if phone is None or str(phone.pk) != task.seen:
        task.nothing_done(Kind.PHONE_UNBOUND, Kind.PHONE_CHANGED, Kind.PHONE_BOUND)
        return
    issued = office.send_test(task.person, phone, task.by)
    if issued.sms:
        task.say(_("A test SMS is on its way to %(number)s. Reload: below stands what became of it.")
                 % {"number": phone.masked})  # fmt: skip
    else:
        messages.warning(task.request, test_refusal_text(issued))


def test_refusal_text(issued: codes.Issued) -> str:
    match issued.refusal:
        case codes.Refusal.WAIT:
            return _("A test was sent a moment ago. The next one can follow in a minute.")
        case codes.Refusal.LIMIT:
            at = clock(issued.again_at) if issued.again_at else ""
            return _("Too many tests were sent to this number. The next one can be sent at %(time)s.") % {"time": at}
        case codes.Refusal.BUDGET:
            return _("The site has sent as many SMS today as it may (SMS_DAILY_BUDGET).")
        case _other:
            return refusal_text(issued)


def end_pause(task: Task) -> None:
    if office.end_pause(task.person, task.by):
        task.say(_("Codes work again. The owner is told."))
    else:
        task.nothing_done(Kind.PAUSE_ENDED)


def lift_ban(task: Task) -> None:
    ban = desk.bans_of(task.person).filter(pk=_number(task.seen)).first()
    if ban and office.lift(task.person, ban, task.by):
        task.say(_("The ban of %(address)s is lifted.") % {"address": ban.network})
    else:
        task.nothing_done(Kind.BAN_LIFTED)


@sensitive_variables()
def set_password(task: Task) -> HttpResponse | None:
    if settings.PASSWORDS_IN_DIRECTORY:
        raise Http404
    by = task.by
    secret = mailbox_passwords.set_starting(
        task.person, task.seen, actor=by.clerk, address=by.address, reason=by.reason
    )
    if secret is None:
        task.nothing_done(Kind.PASSWORD_CHANGED)
        return None
    return task.show_once(kind="password", secret=secret)


def see_number(task: Task) -> HttpResponse | None:
    phone = phones.of(task.person)
    if phone is None or str(phone.pk) != task.seen:
        task.nothing_done(Kind.PHONE_UNBOUND, Kind.PHONE_CHANGED, Kind.PHONE_BOUND)
        return None
    return task.show_once(kind="number", secret=office.see_number(task.person, phone, task.by))


@dataclass(frozen=True)
class Button:
    name: str
    do: Callable[[Task], HttpResponse | None]
    label: Any
    happens: Any  # what it does, before it is pressed
    is_danger: bool = False
    permission: str = HELP


BUTTONS = {
    button.name: button
    for button in (
        Button(
            "help_code",
            give_help_code,
            gettext_lazy("Help-desk code for a lost phone"),
            gettext_lazy(
                "Eight digits, shown to you once, good for a few minutes and one use. After the mailbox password they "
                "take the place of the SMS, and the person must bind another phone at once. The present phone stays "
                "bound until then. The owner is told by mail, and by SMS at the present number."
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
            gettext_lazy("Everybody who is signed in to this account on the web is out. Trusted browsers stay."),
            is_danger=True,
        ),
        Button(
            "browsers",
            forget_browsers,
            gettext_lazy("Forget the trusted browsers"),
            gettext_lazy("The next sign-in in each of them asks for a code. Who came in by one of them is out."),
            is_danger=True,
        ),
        Button(
            "app_passwords",
            remove_app_passwords,
            gettext_lazy("Remove all app passwords"),
            gettext_lazy("Mail programs that use them are out at their next login."),
            is_danger=True,
        ),
        Button(
            "unbind",
            unbind_phone,
            gettext_lazy("Unbind the phone"),
            gettext_lazy(
                "Until another phone is bound, the mailbox password alone is enough to bind one: for a lost phone the "
                "help-desk code is safer. Sessions end, trusted browsers are forgotten; the owner is told by mail and "
                "at the old number."
            ),
            is_danger=True,
        ),
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


def _seen(facts: Facts, app_passwords: list[AppPassword]) -> dict[str, str]:
    """The buttons that make sense now, each with what it was decided on."""
    user, phone = facts.user, facts.phone
    bound = str(phone.pk) if phone else ""
    code = facts.help_code
    place = code.place if code and phone and code.phone_id == phone.pk else 0
    needs_code = phone and user.is_active and user.two_step_is_on() and not facts.is_paused
    on = {
        "help_code": f"{bound},{place}" if needs_code else "",
        "test": bound,
        "end_pause": "now" if facts.is_paused else "",
        "password": "" if settings.PASSWORDS_IN_DIRECTORY else mailbox_passwords.mark(user),
        "sessions": "now",
        "browsers": "now" if facts.browsers else "",
        "app_passwords": "now" if app_passwords else "",
        "unbind": bound,
        "number": bound,
    }
    return {name: seen for name, seen in on.items() if seen}


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
    text = request.POST.get("q", "").strip()[:100]
    people = _people(request)
    if digits := desk.last_digits(text):
        messages.info(request, _("Phones are found by their last four digits: %(digits)s.") % {"digits": digits})
        text = digits
    found = list(desk.find(people, text).values_list("pk", flat=True)[:2]) if text else []
    if len(found) == 1:
        return redirect("admin:desk", found[0])
    return redirect(f"{reverse('admin:accounts_user_changelist')}?{urlencode({'q': text})}")


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
def page(request: SignedInRequest, id: int) -> HttpResponse:  # noqa: A002 (as in the addresses of the admin)
    """All about one person. POST `act` presses one of the buttons."""
    person = get_object_or_404(_people(request).select_related("phone"), pk=id)
    if request.method != "POST":
        return _show(request, person)
    button = BUTTONS.get(request.POST.get("act", ""))
    if button is None:
        raise Http404
    if not _may(request, person, button):
        raise PermissionDenied
    form = ReasonForm(request.POST, auto_id=f"{button.name}_%s")
    if not form.is_valid():
        return _show(request, person, button, form)
    by = By(request.user, clients.address(request), form.reason)
    response = button.do(Task(request, person, by, request.POST.get("seen", "")))
    return response or redirect("admin:desk", person.pk)


def _may(request: SignedInRequest, person: User, button: Button) -> bool:
    """Nobody helps himself: one's own account asks for one's own phone."""
    return request.user.pk != person.pk and request.user.has_perm(button.permission)


def _show(
    request: SignedInRequest, person: User, pressed: Button | None = None, tried: ReasonForm | None = None
) -> HttpResponse:
    app_passwords = list(passwords.of(person)[: settings.APP_PASSWORDS_PER_USER])
    facts = desk.facts(person, (row.last_used_address for row in app_passwords))
    seen = _seen(facts, app_passwords)

    def form(name: str, **given: Any) -> ReasonForm:
        return tried if tried and pressed and pressed.name == name else ReasonForm(auto_id=f"{name}_%s", **given)

    buttons = [
        {"button": button, "seen": seen[name], "form": form(name), "is_open": button is pressed}
        for name, button in BUTTONS.items()
        if name in seen and _may(request, person, button)
    ]
    context = admin.site.each_context(request) | {
        "title": person.get_full_name(),
        "opts": User._meta,
        "person": person,
        "facts": facts,
        "obstacles": obstacles(facts),
        "app_passwords": app_passwords,
        "buttons": [entry for entry in buttons if entry["button"] is not BUTTONS["number"]],
        "number": next((entry for entry in buttons if entry["button"] is BUTTONS["number"]), None),
        "may_help": _may(request, person, BUTTONS["app_password"]),
        "may_lift": _may(request, person, BUTTONS["lift"]),
        "is_own": request.user.pk == person.pk,
        "may_edit": admin.site.get_model_admin(User).has_change_permission(request, person),
        "reasons": REASONS[:-1],
        "problem": tried.errors if tried and pressed and pressed.name in ("app_password", "lift") else None,
        "bans": [(ban, desk.ban_story(ban)) for ban in facts.bans],
        "sms": [(sms, desk.story(sms)) for sms in facts.sms],
        "sign_ins": [(event, desk.particulars(event)) for event in facts.sign_ins],
        "deeds": [(event, desk.particulars(event)) for event in facts.deeds],
        "days": desk.DAYS.days,
        "tries": settings.HELP_CODE_TRIES,
    }
    return TemplateResponse(request, "admin/desk.html", context)


def obstacles(facts: Facts) -> list[str]:
    """What keeps this person out now, in the order in which to look at it. Bans are told apart, with their button."""
    user = facts.user
    found = []
    if not user.is_active:
        found.append(_("The account is disabled: neither the web nor mail programs let it in."))
    if facts.is_paused:
        found.append(_("Too many wrong codes: no codes until %(time)s.") % {"time": _at(user.codes_paused_until)})
    if user.two_step_is_on() and facts.phone is None:
        found.append(_("Two-step is on and no phone is bound: the next sign-in asks to bind one."))
    if user.must_change_password and not settings.PASSWORDS_IN_DIRECTORY:
        found.append(_("A new mailbox password must be chosen at the next sign-in."))
    latest = facts.sms[0] if facts.sms else None
    if latest and latest.status == latest.Status.FAILED:
        found.append(_("The last SMS failed: %(why)s") % {"why": desk.story(latest)})
    if facts.help_code and facts.help_code.is_live:
        by = facts.help_code.issued_by
        told = {"who": by.username if by else "", "time": _at(facts.help_code.expires_at)}
        found.append(_("A help-desk code given by %(who)s is good until %(time)s.") % told)
    return found


def _at(moment: datetime | None) -> str:
    return clock(moment) if moment else ""
