"""The step of a page that names a number and proves it."""

from django.forms import BoundField
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.codes import codes, guesses, limits
from accounts.delivery.models import Sms
from accounts.lib import numbers
from accounts.phones import notice
from accounts.phones.models import Phone
from accounts.sealing import contents
from accounts.sessions import clients
from accounts.sessions.storage import keys, notes
from accounts.signin.steps import words
from accounts.signin.steps.forms import AgreementForm, CodeForm, NumberForm
from accounts.signin.steps.sms import CodeStep, State
from accounts.users.models import User

TYPED, SUGGESTED = "typed", "suggested"
IDS = {TYPED: "id_%s", SUGGESTED: "id_suggested_%s"}  # of the tick in each of the two forms


class NumberStep:
    """A number that its owner proves with a code. POST `number` sends one to it, POST `code` enters it.

    `suggested` is the directory's, and is shown masked: POST `suggested` sends a code to it. `is_fixed`: to no other.
    Nothing is sent before its owner has agreed (accounts/phones/notice.py), here or where the phone `before` was bound.
    """

    def __init__(  # noqa: PLR0913 (what a page knows)
        self,
        request: HttpRequest,
        user: User,
        purpose: Sms.Purpose,
        form_class: type[CodeForm] = CodeForm,
        *,
        suggested: str | None = None,
        is_fixed: bool = False,
        before: Phone | None = None,
    ) -> None:
        self.request, self.user, self.purpose, self.form_class = request, user, purpose, form_class
        self.suggested, self.is_fixed = suggested, is_fixed
        self.agreement = notice.read(notes.recall(request, keys.AGREEMENT)) or notice.of(before)
        self.agreeing = {} if self.agreement else {where: AgreementForm(auto_id=ids) for where, ids in IDS.items()}
        self.held = contents.unpacked(notes.recall(request, self.held_key)) if self.agreement else None
        if is_fixed and self.held != suggested:
            self.held = None
        typed = self.held and self.held != suggested
        self.form = NumberForm(initial={"number": numbers.readable(str(self.held)) if typed else None})
        self.code = self._code_step(str(self.held)) if self.held else None

    @property
    def held_key(self) -> str:
        return keys.NUMBER.format(purpose=self.purpose)

    def _code_step(self, number: str) -> CodeStep:
        return CodeStep(self.request, self.user, number, self.purpose, self.form_class)

    def post(self) -> str | None:
        """The number, once it is proven. Otherwise the forms say what is missing."""
        data = self.request.POST
        if data.get("code", "").strip() or ("code" in data and "number" not in data):
            return self._enter()
        if self.suggested and (self.is_fixed or "suggested" in data):
            if self._agrees(SUGGESTED):
                self._send_to(self.suggested)
        elif "number" in data or self.code is None:
            self.form = NumberForm(data)
            if all([self.form.is_valid(), self._agrees(TYPED)]):
                self._send_to(self.form.cleaned_data["number"])
        else:
            self.code.send()
        return None

    def _agrees(self, where: str) -> bool:
        if self.agreement:
            return True
        form = self.agreeing[where] = AgreementForm(self.request.POST, auto_id=IDS[where])
        form.takes_focus = where == SUGGESTED or not self.form.errors
        return form.is_valid()

    def _send_to(self, number: str) -> None:
        """If that is refused, a code that was sent to the number before this one can still be entered."""
        if self.agreement is None:
            self.agreement, self.agreeing = notice.agree(self.user, address=clients.address(self.request)), {}
        notes.remember(self.request, keys.AGREEMENT, self.agreement.plain)
        new = self._code_step(number)
        issued = new.send()
        if issued.refusal and new.state is not State.LIVE and self.code and self.code.state is State.LIVE:
            self.form.add_error("number", words.refusal_text(issued))
            return
        notes.remember(self.request, self.held_key, contents.packed(number))
        self.code = new

    def _enter(self) -> str | None:
        typed = self.request.POST.get("number")
        if self.code is None or (typed and numbers.parse(typed) != self.code.number):
            self.form = NumberForm(self.request.POST)
            self.form.add_error("number", _("Send a code to this number first."))
            return None
        return self.code.number if self.code.prove() else None

    @property
    def suggested_masked(self) -> str:
        return numbers.masked(self.suggested) if self.suggested else ""

    @property
    def suggested_code(self) -> CodeStep | None:
        return self.code if self.code and self.code.number == self.suggested else None

    @property
    def typed_code(self) -> CodeStep | None:
        return self.code if self.code and self.code.number != self.suggested else None

    @property
    def asks_for_number(self) -> bool:
        """The field is open: nothing else is offered, or it is what somebody chose."""
        return not self.suggested or bool(self.form.errors) or self.typed_code is not None

    @property
    def note(self) -> str:
        """Why no code can be sent, whatever the number; before one is named only a pause is known."""
        if self.code:
            return self.code.note
        paused = guesses.paused(self.user)
        return words.refusal_text(codes.Issued(None, limits.Refusal.PAUSED, paused)) if paused else ""

    @property
    def field(self) -> BoundField:
        """What is to be filled in next is in focus: this, or the code."""
        if self.asks_for_number and (self.form.errors or self.code is None) and not self._lacks_only_agreement:
            self.form.fields["number"].widget.attrs["autofocus"] = True
        return self.form["number"]

    @property
    def _lacks_only_agreement(self) -> bool:
        return not self.form.errors and any(form.has_errors for form in self.agreeing.values())

    @property
    def has_errors(self) -> bool:
        return self.form.has_errors or self._lacks_only_agreement or (self.code is not None and self.code.has_errors)

    @property
    def trusts_browser(self) -> bool:
        """It was ticked beside the right code."""
        return self.code is not None and bool(self.code.form.cleaned_data.get("trust_browser"))

    def refuse(self, reason: str) -> None:
        """The number was proven, and may not be bound all the same."""
        self.form = NumberForm({"number": numbers.readable(str(self.held))})
        self.form.errors["number"] = self.form.error_class([reason])
        self.code = None

    def done(self) -> None:
        notes.drop(self.request, self.held_key, keys.AGREEMENT)
