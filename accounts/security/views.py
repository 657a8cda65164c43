"""Security settings of somebody who is in: phone, trusted browsers, mailbox password."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.browsers import browsers as trusted_browsers
from accounts.delivery.models import Sms
from accounts.phones import notice, phones, suggestions
from accounts.phones.models import Phone
from accounts.security import passwords
from accounts.security.forms import PasswordForm
from accounts.sessions import clients, known, sessions
from accounts.sessions.gate.decorators import GET_OR_POST, fresh_code_required
from accounts.sessions.sessions import SignedInRequest
from accounts.sessions.storage import notes
from accounts.signin import entering
from accounts.signin.pages.words import cannot_tell_text, tries_text
from accounts.signin.steps.forms import AgreementForm
from accounts.signin.steps.numbers import NumberStep
from accounts.signin.steps.sms import CodeStep
from accounts.signin.steps.words import phone_refusal_text
from accounts.users import ways
from accounts.users.models import User
from accounts.users.ways import Way

OLD_NUMBER_PROVEN = "old_number_proven"


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
def confirm(request: SignedInRequest) -> HttpResponse:
    """Enter a code, then go on to the page that asked for it."""
    next_path = entering.next_of(request)
    held, bound = ways.of(request.user), phones.of(request.user)
    if Way.PHONE not in held and held:
        return redirect(f"{reverse(sessions.CONFIRM_PAGES[held[0]])}?{urlencode({'next': next_path})}")
    if bound is None:
        messages.info(request, _("Bind a phone first. The code goes to it."))
        return redirect("phone")
    step = CodeStep(request, request.user, str(bound.number), Sms.Purpose.CONFIRM)
    if request.method == "POST":
        if not step.is_entered:
            step.send()
            return redirect(f"{reverse('confirm')}?{urlencode({'next': next_path})}")
        if step.prove():
            return entering.confirmed(request, bound)
    others = {way: sessions.CONFIRM_PAGES[way] for way in held if way is not Way.PHONE}
    return render(request, "security/confirm.html", {"step": step, "next": next_path, "others": others})


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
def phone(request: SignedInRequest) -> HttpResponse:
    """The bound phone; or bind one by choice."""
    bound = phones.of(request.user)
    if bound is None:
        return _bind(request)
    agreeing = None if notice.of(bound) else AgreementForm(request.POST or None)
    if agreeing and agreeing.is_valid():
        notice.renew(bound, address=clients.address(request))
        messages.success(request, _("Thank you. Your consent is noted."))
        return redirect("phone")
    context = {
        "phone": bound,
        "can_change": Way.PHONE in ways.allowed(),
        "is_needed": ways.is_needed(bound),
        "agreeing": agreeing,
    }
    return render(request, "security/phone.html", context)


@fresh_code_required
def _bind(request: SignedInRequest) -> HttpResponse:
    """Who has another way shows it first: a session alone adds none."""
    if Way.PHONE not in ways.allowed():
        raise Http404
    user = request.user
    suggested, is_fixed = suggestions.of(user), suggestions.first(user) is not None
    step = NumberStep(request, user, Sms.Purpose.BIND, suggested=suggested, is_fixed=is_fixed)
    if request.method == "POST" and (number := step.post()):
        address = clients.address(request)
        return _keep(request, step, phones.bind(user, number, agreement=step.agreement, address=address))
    return render(request, "security/phone.html", {"step": step})


def _keep(request: SignedInRequest, step: NumberStep, bound: Phone | phones.Refusal) -> HttpResponse:
    """After binding or changing: this session goes on with the new phone."""
    step.done()
    notes.drop(request, OLD_NUMBER_PROVEN)
    response = redirect("phone")
    if isinstance(bound, phones.Refusal):
        messages.error(request, phone_refusal_text(bound))
    else:
        sessions.note_second_step(request, bound)
        known.remember(request, response, bound)
        messages.success(request, _("Your phone %(number)s is bound.") % {"number": bound.masked})
    return response


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
def phone_change(request: SignedInRequest) -> HttpResponse:
    """A code to the old number, then one to the new number."""
    if Way.PHONE not in ways.allowed():
        raise Http404
    bound = phones.of(request.user)
    if bound is None:
        return redirect("phone")
    if notes.recall(request, OLD_NUMBER_PROVEN) == bound.pk:
        step = NumberStep(request, request.user, Sms.Purpose.CHANGE_NEW, before=bound)
        if request.method == "POST" and (number := step.post()):
            address = clients.address(request)
            return _keep(request, step, phones.change(bound, number, agreement=step.agreement, address=address))
        return render(request, "security/phone_change.html", {"phone": bound, "new": step})
    old = CodeStep(request, request.user, str(bound.number), Sms.Purpose.CHANGE)
    if request.method == "POST":
        if not old.is_entered:
            old.send()
            return redirect("phone_change")
        if old.prove():
            notes.remember(request, OLD_NUMBER_PROVEN, bound.pk)
            return redirect("phone_change")
    return render(request, "security/phone_change.html", {"phone": bound, "old": old})


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
def phone_unbind(
    request: SignedInRequest,
    app_passwords: Callable[[User], QuerySet[Any]],
    remove_app_passwords: Callable[..., int],
) -> HttpResponse:
    """A code, and whether the app passwords go too. What they are is not this app's business: portal/urls.py knows."""
    bound = phones.of(request.user)
    if bound is None:
        return redirect("phone")
    step = CodeStep(request, request.user, str(bound.number), Sms.Purpose.UNBIND)
    left = [way for way in ways.of(request.user) if way is not Way.PHONE]
    if request.method == "POST":
        if not step.is_entered:
            step.send()
            return redirect("phone_unbind")
        if step.prove():
            with transaction.atomic():
                phones.unbind(bound, address=clients.address(request))
                if "remove_app_passwords" in request.POST:
                    remove_app_passwords(request.user, address=clients.address(request))
            sessions.stay(request, bound.user)  # every other session is over
            sessions.go_on(request, bound.user)
            messages.success(request, _("Your phone %(number)s is no longer bound.") % {"number": bound.masked})
            return redirect("factors" if ways.can_stand_alone(left) else "phone")
    context = {
        "phone": bound,
        "step": step,
        "left": left,
        "is_needed": ways.is_needed(bound),
        "app_password_count": app_passwords(request.user).count(),
    }
    return render(request, "security/phone_unbind.html", context)


@require_http_methods(GET_OR_POST)
def browsers(request: SignedInRequest) -> HttpResponse:
    """The list. POST `browser` forgets one, POST `all` forgets all."""
    if request.method == "POST":
        address = clients.address(request)
        chosen = request.POST.get("browser", "")
        if "all" in request.POST:
            trusted_browsers.forget_all(request.user, address=address)
            messages.success(request, _("All trusted browsers are forgotten."))
        elif not (chosen.isascii() and chosen.isdigit() and len(chosen) < 19):
            raise Http404
        elif trusted_browsers.forget(request.user, int(chosen), address=address):
            messages.success(request, _("The browser is forgotten."))
        else:
            messages.info(request, _("That browser was already forgotten."))
        return redirect("browsers")
    here = trusted_browsers.find(request.user, request.COOKIES.get(settings.TRUSTED_BROWSER_COOKIE_NAME, ""))
    context = {"browsers": trusted_browsers.live(request.user), "here": here}
    return render(request, "security/browsers.html", context)


@sensitive_post_parameters()
@require_http_methods(GET_OR_POST)
@fresh_code_required
def password(request: SignedInRequest) -> HttpResponse:
    if not settings.HAS_PASSWORD_PAGE:
        raise Http404
    form = PasswordForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        changed = passwords.change(
            request.user,
            form.cleaned_data["old_password"],
            form.cleaned_data["new_password"],
            address=clients.address(request),
        )
        if changed.until:
            return entering.banned(request, changed.until)
        if changed.outcome is passwords.Outcome.CHANGED:
            sessions.stay(request, request.user)
            messages.success(request, _("Your password is changed. Other browsers are signed out."))
            return redirect("home")
        if changed.outcome is passwords.Outcome.REFUSED:
            form.add_error("new_password", _("The university’s directory does not accept this password."))
        elif changed.outcome is passwords.Outcome.CANNOT_TELL:
            form.add_error(None, cannot_tell_text(None))
        else:
            form.add_error("old_password", _("This is not your current password.") + tries_text(changed.tries))
    return render(request, "security/password.html", {"form": form})
