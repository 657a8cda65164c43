"""The two steps that pages are made of: prove a code that went to a number, and name a number and prove it."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts.codes import codes, guesses
from accounts.delivery.models import Sms
from accounts.lib import clock, numbers
from accounts.phones import phones
from accounts.phones.models import HelpCode
from accounts.signin import clients, sessions
from accounts.signin.forms import CodeForm, NumberForm
from accounts.users.models import User


def refusal_text(issued: codes.Issued) -> str:
    at = clock.briefly(issued.again_at) if issued.again_at else ""
    match issued.refusal:
        case codes.Refusal.WAIT:
            return _("A code was sent a moment ago. You can ask for another one in a minute.")
        case codes.Refusal.LIMIT:
            return _("Too many codes were asked for. The next one can be sent at %(time)s.") % {"time": at}
        case codes.Refusal.PAUSED:
            return _("Too many wrong codes were entered. Codes work again at %(time)s.") % {"time": at}
        case codes.Refusal.COUNTRY:
            return numbers.Refusal.COUNTRY.label
        case _other:
            return _("No more codes can be sent today. Please call the IT office.")


def wrong_text(left: int) -> str:
    """`left`: how often this code may still be tried."""
    return ngettext(
        "This code is wrong. You can try %(left)s more time.",
        "This code is wrong. You can try %(left)s more times.",
        left,
    ) % {"left": left}


def help_code_text(outcome: guesses.Outcome, user: User, row: HelpCode | None) -> str:
    """Why a help-desk code was not taken."""
    match outcome:
        case guesses.Outcome.WRONG if row:
            return wrong_text(max(settings.HELP_CODE_TRIES - row.tries, 0))
        case guesses.Outcome.EXHAUSTED:
            return _("This code was entered wrong too often. Please ask the IT office for a new one.")
        case guesses.Outcome.PAUSED:
            return refusal_text(codes.Issued(None, codes.Refusal.PAUSED, guesses.paused(user)))
        case guesses.Outcome.MALFORMED:
            return _("Enter the eight digits that the IT office gave you.")
        case _other:
            return _("This code is not valid, or no longer. Please ask the IT office for a new one.")


def phone_refusal_text(refusal: phones.Refusal) -> str:
    match refusal:
        case phones.Refusal.NUMBER_FULL:
            return _("This number already serves as many mailboxes as it may.")
        case phones.Refusal.SAME_NUMBER:
            return _("This is the number that is bound now. Enter another one.")
        case _other:
            return _("Your phone was changed in another browser meanwhile.")


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

    def send(self) -> None:
        issued = codes.issue(
            self.user,
            self.number,
            self.purpose,
            sessions.new_code_session(self.request),
            address=clients.address(self.request),
            language=get_language() or settings.LANGUAGE_CODE,
        )
        if issued.refusal:
            messages.warning(self.request, refusal_text(issued))

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
        if outcome is guesses.Outcome.RIGHT:
            return True
        self.form.add_error("code", self._reason(outcome))
        return False

    def _reason(self, outcome: guesses.Outcome) -> str:
        match outcome:
            case guesses.Outcome.WRONG:
                left = max(settings.SMS_CODE_TRIES - (self.sms.tries if self.sms else 0), 0)
                if not left:
                    return self._reason(guesses.Outcome.EXHAUSTED)
                return wrong_text(left)
            case guesses.Outcome.EXHAUSTED:
                return _("This code was entered wrong too often. Please send a new one.")
            case guesses.Outcome.PAUSED:
                until = guesses.paused(self.user)
                return refusal_text(codes.Issued(None, codes.Refusal.PAUSED, until))
            case guesses.Outcome.MALFORMED:
                return _("Enter the six digits from the SMS.")
            case _other:
                return _("This code is no longer valid. Please send a new one.")

    @property
    def sms(self) -> Sms | None:
        return codes.latest(self.user, self.number, self.purpose, sessions.code_session(self.request))

    @property
    def masked(self) -> str:
        return numbers.masked(self.number)

    @property
    def resend_in(self) -> int:
        """Seconds until another code may be asked for."""
        at = codes.resend_at(self.user, self.number, self.purpose)
        return max(int((at - timezone.now()).total_seconds()) + 1, 0) if at else 0


class NumberStep:
    """A number that its owner proves with a code. POST `number` sends one to it, POST `code` enters it."""

    HELD = "number"

    def __init__(self, request: HttpRequest, user: User, purpose: Sms.Purpose) -> None:
        self.request, self.user, self.purpose = request, user, purpose
        self.held = sessions.recall(request, self.held_key)
        self.form = NumberForm(initial={"number": self.held})
        self.code = self._code_step(str(self.held)) if self.held else None

    @property
    def held_key(self) -> str:
        return f"{self.HELD}_{self.purpose}"

    def _code_step(self, number: str) -> CodeStep:
        return CodeStep(self.request, self.user, number, self.purpose)

    def post(self) -> str | None:
        """The number, once it is proven. Otherwise the forms say what is missing."""
        data = self.request.POST
        if data.get("code", "").strip() or ("code" in data and "number" not in data):
            return self._enter()
        if "number" in data or self.code is None:
            self.form = NumberForm(data)
            if not self.form.is_valid():
                self.code = None
                return None
            number = self.form.cleaned_data["number"]
            sessions.remember(self.request, self.held_key, number)
            self.code = self._code_step(number)
        self.code.send()
        return None

    def _enter(self) -> str | None:
        typed = self.request.POST.get("number")
        if self.code is None or (typed and numbers.parse(typed) != self.code.number):
            self.form = NumberForm(self.request.POST)
            self.form.add_error("number", _("Send a code to this number first."))
            self.code = None
            return None
        return self.code.number if self.code.prove() else None

    def refuse(self, reason: str) -> None:
        """The number was proven, and may not be bound all the same."""
        self.form = NumberForm({"number": self.held})
        self.form.errors["number"] = self.form.error_class([reason])
        self.code = None

    def done(self) -> None:
        sessions.drop(self.request, self.held_key)
