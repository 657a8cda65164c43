"""What the desk says of an account that ends, or that the clock has disabled."""

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.closures.closures import Why
from accounts.closures.models import Closure
from accounts.lib import clock
from portal.office.desk.facts import Facts


def of(known: Facts) -> list[str]:
    user, closure = known.user, known.closure
    if not user.is_active:
        return [_disabled(closure)]
    found = []
    if user.last_day:
        text = _(
            "The account ends after its last day, %(day)s. This system only shuts the door: forwarding, an automatic "
            "answer and what becomes of the mails are set on the mail server, before that day."
        )
        found.append(text % {"day": clock.day(user.last_day)})
    if closure and closure.why == Why.DORMANT and closure.last_day and settings.DORMANT_AFTER:
        text = _(
            "It has not been used for long, as its owner was told: it is disabled after %(day)s, unless somebody "
            "signs in or fetches mail before."
        )
        found.append(text % {"day": clock.day(closure.last_day)})
    return found


def _disabled(closure: Closure | None) -> str:
    if closure is None or closure.closed_at is None:
        return _("The account is disabled: neither the web nor mail programs let it in.")
    if closure.why == Why.DORMANT:
        text = _(
            "Disabled by itself on %(day)s, as it had not been used for long. To give it back, edit the account and "
            "make it active: the days without use are counted anew."
        )
    else:
        text = _(
            "Disabled by itself on %(day)s, as its last day was over. To give it back, edit the account: make it "
            "active, with a later last day or with none."
        )
    return text % {"day": clock.day(closure.closed_at)}
