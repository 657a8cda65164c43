"""The step of a page that proves a code which went to a number."""

from collections.abc import Iterable
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
from accounts.sessions import clients, known, sessions
from accounts.signin.steps import words
from accounts.signin.steps.forms import CodeForm
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
        for name in ("_lately", "sms", "other", "outlook", "has_other_channel"):
            vars(self).pop(name, None)

    @cached_property
    def _by_owner(self) -> bool:
        return known.is_owner(self.request, self.user, self.number)

    @cached_property
    def _lately(self) -> list[Sms]:
        return codes.sent_to(self.user)

    @cached_property
    def sms(self) -> Sms | None:
        """What was last sent here."""
        session = sessions.code_session(self.request)
        return self._last(sms for sms in self._lately if sms.session == session)

    @cached_property
    def other(self) -> Sms | None:
        """What was last sent to another sign-in, and counts there only."""
        session = sessions.code_session(self.request)
        return self._last(sms for sms in self._lately if sms.session != session)

    def _last(self, sent: Iterable[Sms]) -> Sms | None:
        mine = [sms for sms in sent if (sms.number, sms.purpose) == (self.number, self.purpose)]
        return max(mine, key=lambda sms: sms.pk, default=None)

    @cached_property
    def outlook(self) -> codes.Issued | None:
        """What the next code would be refused for."""
        address = clients.address(self.request)
        return codes.outlook(
            self.user, self.number, self.purpose, self._lately, address=address, by_owner=self._by_owner
        )

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
            self.form.fields["code"].widget.attrs["data-sends"] = _(
                "It is submitted automatically after the sixth digit."
            )
        self.form.takes_focus = not self.focuses_send and (self.form.is_bound or not self.leads_to_resend)
        return self.form["code"]

    @property
    def has_errors(self) -> bool:
        return self.form.has_errors

    @property
    def masked(self) -> str:
        return numbers.masked(self.number)
