"""The steps of pages where a code is typed that nobody sends: one that an authenticator app shows, the first one of an
app that is added, one from the paper with recovery codes."""

from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.codes import guesses
from accounts.factors import authenticators, recoverycodes
from accounts.factors.authenticators import Off
from accounts.factors.models import Authenticator, RecoverySet
from accounts.lib.qr import picture
from accounts.sessions import clients, halfway
from accounts.signin.steps import words
from accounts.signin.steps.forms import AppCodeForm, NewAppForm, RecoveryCodeForm
from accounts.users.models import User


class AppStep:
    """A code of one of this person's apps."""

    def __init__(self, request: HttpRequest, user: User, form_class: type[AppCodeForm] = AppCodeForm) -> None:
        self.request, self.user = request, user
        self.form = form_class(request.POST if request.method == "POST" else None)
        self.form.fields["code"].widget.attrs["data-sends"] = _("It is submitted automatically after the sixth digit.")

    def prove(self) -> Authenticator | None:
        """The app whose code was entered; if there is none, the form says why."""
        if self.request.method != "POST" or not self.form.is_valid():
            return None
        code = self.form.cleaned_data["code"]
        outcome, app = authenticators.check(self.user, code, address=clients.address(self.request))
        if outcome is not guesses.Outcome.RIGHT:
            self.form.add_error("code", words.app_text(outcome, self.user))
        return app

    @property
    def trusts_browser(self) -> bool:
        return bool(self.form.cleaned_data.get("trust_browser"))

    @property
    def has_errors(self) -> bool:
        return self.form.has_errors


class RecoveryStep:
    """A code from the paper."""

    def __init__(self, request: HttpRequest, user: User) -> None:
        self.request, self.user = request, user
        self.form = RecoveryCodeForm(request.POST if request.method == "POST" else None)

    def prove(self) -> RecoverySet | None:
        """The set whose code was entered; if there is none, the form says why."""
        if self.request.method != "POST" or not self.form.is_valid():
            return None
        code = self.form.cleaned_data["code"]
        outcome, held = recoverycodes.check(self.user, code, address=clients.address(self.request))
        if outcome is not guesses.Outcome.RIGHT:
            self.form.add_error("code", words.recovery_text(outcome, self.user))
        return held


class NewAppStep:
    """The key for an app that is to be added, and the first code that it shows."""

    def __init__(self, request: HttpRequest, user: User) -> None:
        self.request = request
        self.offer = authenticators.offer(user, halfway.nonce(request))
        self.form = NewAppForm(request.POST if request.method == "POST" else None)

    def prove(self) -> int | None:
        """The step of time that a right code is of."""
        if self.request.method != "POST" or not self.form.is_valid():
            return None
        found = authenticators.matches(self.offer, self.form.cleaned_data["code"])
        if found is None or isinstance(found, Off):
            self.form.add_error("code", words.new_app_text(found))
            return None
        return found

    @property
    def name(self) -> str:
        return self.form.cleaned_data["name"] or words.app_name()

    @property
    def picture(self) -> str:
        return picture(self.offer.address)

    @property
    def has_errors(self) -> bool:
        return self.form.has_errors
