"""What an assessor asks an office for, with its date: one text, to be kept and signed. It holds no secret."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import audit
from accounts.lib import clock, institution
from accounts.phones import notice
from accounts.phones.models import Phone
from accounts.sealing import rotation
from accounts.users import ways
from accounts.users.models import User
from portal import version
from portal.office import roles
from portal.office.models import Role
from portal.operations import doctor

# What decides how strong a sign-in is, what stops who guesses, and how long what is kept. Never a key or a token.
SETTINGS = (
    "DEBUG", "SECOND_STEPS", "SMS_GATEWAY", "SMS_COUNTRIES", "SESSION_LIFETIME", "IDLE_LIFETIME",
    "IDLE_LIFETIME_OF_STAFF", "TRUSTED_BROWSER_LIFETIME", "MAIL_PROGRAM_LIFETIME", "SMS_CODE_LIFETIME",
    "SMS_CODE_TRIES", "BAN_AFTER_FAILURES", "BAN_LIFETIME", "BRAKE_AFTER_FAILURES", "HSTS_SECONDS",
    "TRUSTED_PROXIES", "EVENT_SYSLOG", "SMS_OPERATOR", "PRIVACY_VERSION",
    "KEY_ALGORITHMS",
)  # fmt: skip
KEPT = ("EVENT_LIFETIME", "MAIL_LOGIN_LIFETIME", "SMS_HISTORY_LIFETIME", "FAILURE_LIFETIME", "ERASE_AFTER")


def write() -> str:
    """In Markdown, in the language that is active."""
    title, now = _("Evidence"), clock.moment(timezone.now(), seconds=True)
    parts = [
        [f"# {title}: {institution.name()}, {now}", "", f"Mailkey {version.read()}".rstrip()],
        _part(_("Settings that matter"), _settings(SETTINGS)),
        _part(_("What is kept, and for how long"), _settings(KEPT)),
        _part(_("Accounts"), _accounts()),
        _part(_("Who administers"), _administrators()),
        _part(_("Roles"), _roles()),
        _part(_("Security log"), _log()),
        _part(_("Examination of the system"), _examination()),
    ]
    return "\n".join(chain.from_iterable(parts)) + "\n"


def _part(title: str, lines: Iterable[str]) -> list[str]:
    return ["", f"## {title}", "", *(f"- {line}" for line in lines)]


def _settings(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        value = getattr(settings, name)
        yield f"{name}: {_span(value) if isinstance(value, timedelta) else value}"


def _span(value: timedelta) -> str:
    return f"{value.days} d" if value >= timedelta(days=1) else f"{value.total_seconds():.0f} s"


def _accounts() -> Iterator[str]:
    active = User.objects.filter(is_active=True)
    on = active.filter(two_step_from__lte=timezone.now())
    yield _("%(count)s active, %(on)s of them with two-step verification on") % {
        "count": active.count(),
        "on": on.count(),
    }
    bound = Phone.objects.filter(user__is_active=True)
    yield _("%(count)s with a phone, %(agreed)s of them agree to the notice about it as it stands") % {
        "count": bound.count(),
        "agreed": bound.filter(notice=notice.version(), operator=settings.SMS_OPERATOR).count(),
    }
    yield _(
        "phone numbers, and files that may hold some: %(clear)s in clear, %(aes)s sealed with AES, %(sm4)s with SM4"
    ) % (rotation.standing()._asdict())
    yield _("%(count)s disabled") % {"count": User.objects.filter(is_active=False).count()}


def _administrators() -> Iterator[str]:
    for user in User.objects.filter(is_superuser=True).order_by("username"):
        last = clock.moment(user.last_login) if user.last_login else "—"
        held = ", ".join(str(way.label) for way in ways.of(user)) or _("no second step")
        state = _("active") if user.is_active else _("disabled")
        yield _("%(name)s: %(held)s; %(state)s; last sign-in %(last)s") % {
            "name": user.username, "held": held, "state": state, "last": last,
        }  # fmt: skip


def _roles() -> Iterator[str]:
    changed = {difference.role: difference for difference in roles.differences()}
    for role in Role.objects.order_by("name"):
        names = ", ".join(role.user_set.order_by("username").values_list("username", flat=True)) or "—"
        yield f"{role}: {names}"
        if difference := changed.get(role.name):
            signed = [f"+{right}" for right in sorted(difference.added)] + [
                f"-{right}" for right in sorted(difference.taken)
            ]
            yield _("%(role)s, changed by the office: %(rights)s") % {"role": role, "rights": " ".join(signed)}


def _log() -> Iterator[str]:
    found = audit.Audit()
    faults = sum(1 for _fault in found.faults())
    if not found.begins or not found.ends:
        yield _("empty")
        return
    whole = _("whole") if not faults else _("%(count)s faults: manage.py verify_events") % {"count": faults}
    yield f"{whole}; {found.rows}: {clock.moment(found.begins.at)} – {clock.moment(found.ends.at)}"
    yield _("its end, to be kept elsewhere: %(end)s") % {"end": audit.end()}


def _examination() -> Iterator[str]:
    for subject, finding in doctor.examine():
        yield f"{'✗ ' if finding.is_trouble else ''}{doctor.TITLES[subject]}: {finding.words}"
