"""The steps of pages that a passkey answers on: one of this person's, and a new one."""

from typing import Self

from django.http import HttpRequest
from django.utils.functional import cached_property

from accounts.codes import guesses
from accounts.factors import ceremonies, passkeys
from accounts.factors.ceremonies import Made, Place, Purpose
from accounts.factors.models import Passkey
from accounts.sessions import clients, halfway
from accounts.sessions.halfway import Candidate
from accounts.signin.steps import words
from accounts.signin.steps.forms import CodeForm, NewPasskeyForm, PasskeyForm
from accounts.users.models import User
from accounts.users.ways import Way


class Asking:
    """A browser is asked, and its answer comes with the form."""

    def __init__(self, request: HttpRequest, user: User, purpose: Purpose, form_class: type[PasskeyForm]) -> None:
        self.request, self.place = request, Place(user, halfway.nonce(request), purpose)
        self.form = form_class(request.POST if request.method == "POST" else None)

    @property
    def has_errors(self) -> bool:
        return self.form.has_errors

    @property
    def site(self) -> str:
        """Where passkeys work, for who has come by another name of it."""
        return ceremonies.origin()


class PasskeyStep(Asking):
    """The answer of one of this person's passkeys."""

    def __init__(
        self, request: HttpRequest, user: User, purpose: Purpose, form_class: type[PasskeyForm] = PasskeyForm
    ) -> None:
        super().__init__(request, user, purpose, form_class)

    def prove(self) -> Passkey | None:
        """The passkey that has answered; if there is none, the form says why."""
        if self.request.method != "POST" or not self.form.is_valid():
            return None
        answer, address = self.form.cleaned_data["answer"], clients.address(self.request)
        outcome, passkey = passkeys.check(self.place, answer, address=address)
        if outcome is not guesses.Outcome.RIGHT:
            self.form.add_error(None, words.passkey_text(outcome, self.place.user))
        return passkey

    @cached_property
    def asks(self) -> str:
        """The browser: JSON."""
        return ceremonies.request(self.place, passkeys.of(self.place.user))

    @property
    def trusts_browser(self) -> bool:
        return bool(self.form.cleaned_data.get("trust_browser"))


class PasskeyOffer:
    """Beside the field of a code: the browser may name passkeys among what it fills in, and the answer goes to the page
    of passkeys, as that of the button there. Which ones this person has is not said: the browser offers those that it
    has itself."""

    def __init__(self, place: Place) -> None:
        self.place = place

    @classmethod
    def beside(cls, request: HttpRequest, candidate: Candidate, form: CodeForm) -> Self | None:
        """None: this person has no passkey, or none may be used."""
        if Way.PASSKEY not in candidate.ways:
            return None
        form.fields["code"].widget.attrs["autocomplete"] = "one-time-code webauthn"
        return cls(Place(candidate.user, halfway.nonce(request), Purpose.SIGN_IN))

    @cached_property
    def asks(self) -> str:
        """The browser: JSON."""
        return ceremonies.request(self.place, [])


class NewPasskeyStep(Asking):
    """A passkey that is to be added."""

    def __init__(self, request: HttpRequest, user: User) -> None:
        super().__init__(request, user, Purpose.ADD, NewPasskeyForm)

    def prove(self) -> Made | None:
        """Not added yet. If there is none, the form says why."""
        if self.request.method != "POST" or not self.form.is_valid():
            return None
        found = ceremonies.made_here(self.place, self.form.cleaned_data["answer"])
        if isinstance(found, Made):
            return found
        self.form.add_error(None, words.new_passkey_text(found))
        return None

    @property
    def name(self) -> str:
        return self.form.cleaned_data["name"] or words.passkey_name(clients.look(self.request).system)

    @cached_property
    def asks(self) -> str:
        """The browser: JSON."""
        return ceremonies.creation(self.place, passkeys.of(self.place.user))
