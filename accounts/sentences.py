"""Security events in words: what was done, as the owner reads it, and who did it to whom, as the IT office does."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts import clock
from accounts.models import SecurityEvent, Sms, User

Kind = SecurityEvent.Kind

# Each names details that it needs; without them the plain name of the kind is said.
PHRASES: dict[str, Promise | str] = {
    Kind.SIGNED_IN: gettext_lazy("signed in with %(browser)s on %(system)s (%(method)s)"),
    Kind.CODE_WRONG: gettext_lazy("entered a wrong code (%(purpose)s)"),
    Kind.CODES_PAUSED: gettext_lazy("codes paused until %(until)s after too many wrong ones"),
    Kind.BANNED: gettext_lazy("address banned until %(until)s after %(failures)s wrong passwords"),
    Kind.PHONE_BOUND: gettext_lazy("phone %(number)s bound"),
    Kind.PHONE_CHANGED: gettext_lazy("phone changed from %(old_number)s to %(number)s"),
    Kind.PHONE_UNBOUND: gettext_lazy("phone %(old_number)s unbound"),
    Kind.BROWSER_TRUSTED: gettext_lazy("browser trusted: %(browser)s"),
    Kind.BROWSERS_FORGOTTEN: gettext_lazy("trusted browsers forgotten: %(browsers)s"),
    Kind.APP_PASSWORD_CREATED: gettext_lazy("app password “%(name)s” made"),
    Kind.APP_PASSWORD_REMOVED: gettext_lazy("app passwords removed: %(names)s"),
    Kind.TWO_STEP_SET: gettext_lazy("two-step switched on from %(start)s"),
    Kind.LOG_EXPORTED: gettext_lazy("security log exported: %(rows)s events as %(format)s"),
    Kind.LOG_CUT: gettext_lazy("%(removed)s events older than %(before)s removed from the security log"),
}
METHODS = {
    "code": gettext_lazy("with a code"),
    "trusted browser": gettext_lazy("trusted browser"),
    "password": gettext_lazy("password only"),
    "help_code": gettext_lazy("help-desk code"),
}
# Details that are said behind the name of the kind, where there is no phrase.
TOLD = ("method", "purpose", "browser", "system", "number", "old_number", "names", "name", "browsers", "channel",
        "account", "role", "network", "failures", "start", "until")  # fmt: skip
BY_ITSELF = (Kind.BANNED, Kind.CODES_PAUSED, Kind.LOG_CUT)  # nobody does it
CHANNELS = {"web": pgettext_lazy("way in", "web page")}


def _moment(value: Any) -> str:
    return clock.start(clock.parsed(value))


def _purpose(value: Any) -> str:
    return str(Sms.Purpose(value).label)


def _list(value: Any) -> str:
    return value if isinstance(value, str) else "、".join(map(str, value))


SHOWN: dict[str, Callable[[Any], Any]] = {
    "method": lambda value: METHODS[value],
    "channel": lambda value: CHANNELS.get(value, str(value).upper()),
    "names": _list,
    "purpose": _purpose,
    "until": _moment,
    "start": _moment,
    "before": _moment,
    "browsers": _list,
}


def phrase(event: SecurityEvent) -> str:
    """What was done, without who."""
    template = PHRASES.get(event.kind)
    if template is not None:
        try:
            return str(template) % _Details(event.detail)
        except (KeyError, ValueError, TypeError):  # written by an older version, or by hand
            pass
    said = str(event.get_kind_display())
    more = " · ".join(_particulars(event))
    return _("%(what)s (%(note)s)") % {"what": said, "note": more} if more else said


def _particulars(event: SecurityEvent) -> list[str]:
    if event.kind == Kind.ACCOUNT_EDITED:
        return [_edited(name, value) for name, value in event.detail.items() if name != "reason"]
    return [_told(name, event.detail[name]) for name in TOLD if event.detail.get(name)]


def _told(name: str, value: Any) -> str:
    try:
        return str(SHOWN.get(name, str)(value))
    except (KeyError, ValueError, TypeError):
        return str(value)


def _edited(name: str, value: object) -> str:
    fields = {field.name: field for field in User._meta.get_fields()}
    label = getattr(fields.get(name), "verbose_name", name)
    words = {"True": _("yes"), "False": _("no"), "None": "—", "": "—"}
    return f"{label}: {words.get(str(value), value)}"


class _Details(dict[str, Any]):
    def __init__(self, detail: Mapping[str, Any]) -> None:
        super().__init__(detail)

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        return SHOWN[name](value) if name in SHOWN else value


def full(event: SecurityEvent) -> str:
    """Who did what to whom."""
    said = {"what": phrase(event), "who": event.actor_name or event.username, "whom": event.username}
    if event.kind in BY_ITSELF:
        return _("%(what)s (%(whom)s)") % said if event.username else phrase(event)
    if event.actor_name and event.username and event.actor_name != event.username:
        return _("%(who)s, for %(whom)s: %(what)s") % said
    return (_("%(who)s: %(what)s") if said["who"] else _("Somebody: %(what)s")) % said
