"""The two steps that pages are made of: prove a code that went to a number, and name a number and prove it."""

from enum import StrEnum, auto

from django.conf import settings
from django.contrib import messages
from django.forms import BoundField
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.codes import codes, guesses, limits
from accounts.delivery.models import Sms
from accounts.lib import clock, numbers
from accounts.routes import routing
from accounts.sessions import clients, keys, known, notes, sessions
from accounts.signin.steps import words
from accounts.signin.steps.forms import CodeForm, NumberForm
from accounts.users.models import User


class State(StrEnum):
    """What there is to say of the code of this page."""

    NOTHING = auto()  # none was asked for
    LIVE = auto()
    FAILED = auto()  # the SMS, for certain: another one can be sent at once
    DEAD = auto()  # too old, replaced, guessed at too often, or used
    ELSEWHERE = auto()  # one went to another sign-in a moment ago: the next one must wait


class CodeStep:
    """One code for one purpose to one number: ask for it, see what became of it, enter it.

    A POST with a `code` enters it; any other POST asks for one.
    """

    def __init__(
        self,
        request: HttpRequest,
        user: User,
        number: str,
        purpose: Sms.Purpose,
        form_class: type[CodeForm] = CodeForm,
    ) -> None:
        self.request, self.user, self.number, self.purpose = request, user, number, purpose
        self.form = form_class(request.POST if self.is_entered else None)

    @property
    def is_entered(self) -> bool:
        return self.request.method == "POST" and "code" in self.request.POST

    def begin(self) -> codes.Issued:
        """Ask for a code. If that is refused, the page says what there is."""
        self._look_again()
        return codes.issue(
            self.user,
            self.number,
            self.purpose,
            sessions.new_code_session(self.request),
            address=clients.address(self.request),
            language=get_language() or settings.LANGUAGE_CODE,
            by_owner=self._by_owner,
        )

    def send(self) -> codes.Issued:
        """The same by a press of the button, which must not seem to do nothing. Or the other button: what was not
        delivered goes by another channel, and no further code is asked for."""
        if "reroute" in self.request.POST and self.sms and routing.again(self.sms):
            self._look_again()
            return codes.Issued(self.sms)
        issued = self.begin()
        if issued.refusal is limits.Refusal.WAIT and self.state is State.LIVE:
            messages.warning(self.request, words.refusal_text(issued))
        return issued

    def prove(self) -> bool:
        """Whether the code that was entered is right; if not, the form says why."""
        if not self.form.is_valid():
            return False
        outcome = codes.check(
            self.user,
            self.number,
            self.purpose,
            sessions.code_session(self.request),
            self.form.cleaned_data["code"],
            address=clients.address(self.request),
        )
        self._look_again()
        if outcome is guesses.Outcome.RIGHT:
            return True
        self.form.add_error("code", words.code_text(outcome, self.user, self.sms, self.other))
        return False

    # --- What the page shows

    def _look_again(self) -> None:
        for name in ("sms", "other", "outlook", "has_other_channel"):
            vars(self).pop(name, None)

    @cached_property
    def _by_owner(self) -> bool:
        return known.is_owner(self.request, self.user, self.number)

    @cached_property
    def sms(self) -> Sms | None:
        """What was last sent here."""
        return codes.latest(self.user, self.number, self.purpose, sessions.code_session(self.request))

    @cached_property
    def other(self) -> Sms | None:
        """What was last sent to another sign-in."""
        return codes.elsewhere(self.user, self.number, self.purpose, sessions.code_session(self.request))

    @cached_property
    def outlook(self) -> codes.Issued | None:
        """What the next code would be refused for."""
        address = clients.address(self.request)
        return codes.outlook(self.user, self.number, self.purpose, address=address, by_owner=self._by_owner)

    @property
    def state(self) -> State:
        if self.sms is None:
            return State.ELSEWHERE if self._waits and self.other else State.NOTHING
        if self.sms.status == Sms.Status.FAILED:
            return State.FAILED
        return State.LIVE if self.sms.is_live else State.DEAD

    @property
    def _waits(self) -> bool:
        return self.outlook is not None and self.outlook.refusal is limits.Refusal.WAIT

    @property
    def note(self) -> str:
        """Why no code can be sent for longer than a moment."""
        return words.refusal_text(self.outlook) if self.outlook and not self._waits else ""

    @property
    def resend_in(self) -> int:
        """Seconds until another code may be asked for; 0 also if nobody knows when."""
        again_at = self.outlook.again_at if self.outlook else None
        return clock.seconds_until(again_at) if again_at else 0

    @property
    def resend_at(self) -> str:
        """The time of day, where seconds say little."""
        again_at = self.outlook.again_at if self.outlook else None
        return clock.briefly(again_at) if again_at and not self._waits else ""

    @property
    def asks_by_itself(self) -> bool:
        """Nothing that was sent counts here, and nobody is to blame: the page asks as soon as it may."""
        was_replaced = self.state is State.DEAD and self.sms is not None and self.sms.voided_at is not None
        return self._waits and (self.state is State.ELSEWHERE or was_replaced)

    @property
    def has_field(self) -> bool:
        return self.state is not State.NOTHING

    @property
    def leads_to_resend(self) -> bool:
        """The button is what to press, not the field what to fill in."""
        return self.state in (State.NOTHING, State.FAILED, State.DEAD)

    @property
    def focuses_send(self) -> bool:
        """The way on is another code, and one can be asked for now."""
        return self.leads_to_resend and not self.resend_in and not self.has_other_channel

    @cached_property
    def has_other_channel(self) -> bool:
        """The SMS was not delivered, and another gateway can try."""
        return self.sms is not None and routing.has_other(self.sms)

    @property
    def field(self) -> BoundField:
        """In focus where it is what to fill in. After a wrong code it is, and empty."""
        if self.purpose != Sms.Purpose.UNBIND:  # where the button is what is meant
            self.form.fields["code"].widget.attrs["data-sends"] = _("After the sixth digit it is sent by itself.")
        self.form.takes_focus = not self.focuses_send and (self.form.is_bound or not self.leads_to_resend)
        return self.form["code"]

    @property
    def has_errors(self) -> bool:
        return self.form.has_errors

    @property
    def masked(self) -> str:
        return numbers.masked(self.number)


class NumberStep:
    """A number that its owner proves with a code. POST `number` sends one to it, POST `code` enters it.

    `suggested` is the directory's, and is shown masked: POST `suggested` sends a code to it. `is_fixed`: to no other.
    """

    def __init__(
        self,
        request: HttpRequest,
        user: User,
        purpose: Sms.Purpose,
        form_class: type[CodeForm] = CodeForm,
        *,
        suggested: str | None = None,
        is_fixed: bool = False,
    ) -> None:
        self.request, self.user, self.purpose, self.form_class = request, user, purpose, form_class
        self.suggested, self.is_fixed = suggested, is_fixed
        self.held = notes.recall(request, self.held_key)
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
            self._send_to(self.suggested)
        elif "number" in data or self.code is None:
            self.form = NumberForm(data)
            if self.form.is_valid():
                self._send_to(self.form.cleaned_data["number"])
        else:
            self.code.send()
        return None

    def _send_to(self, number: str) -> None:
        """If that is refused, a code that was sent to the number before this one can still be entered."""
        new = self._code_step(number)
        issued = new.send()
        if issued.refusal and new.state is not State.LIVE and self.code and self.code.state is State.LIVE:
            self.form.add_error("number", words.refusal_text(issued))
            return
        notes.remember(self.request, self.held_key, number)
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
        if self.asks_for_number and (self.form.errors or self.code is None):
            self.form.fields["number"].widget.attrs["autofocus"] = True
        return self.form["number"]

    @property
    def has_errors(self) -> bool:
        return self.form.has_errors or (self.code is not None and self.code.has_errors)

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
        notes.drop(self.request, self.held_key)
