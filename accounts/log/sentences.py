"""Security events in words: what was done, as the owner reads it, and who did it to whom, as the IT office does."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from accounts.log.kinds import ODD
from accounts.log.models import SecurityEvent


def phrase(event: SecurityEvent) -> str:
    """What was done, without who."""
    entry, said = event.entry, dict(_said(event))
    if entry.says and said.keys() >= set(entry.noted):
        return str(entry.says) % said
    label = event.label
    notes = " · ".join(said[name] for name in entry.noted if said.get(name))
    return _("%(what)s (%(note)s)") % {"what": label, "note": notes} if notes else label


def _said(event: SecurityEvent) -> Iterator[tuple[str, str]]:
    """The details that can be said."""
    for name, detail in event.entry.details.items():
        try:
            yield name, detail.say(event.detail[name])
        except ODD:
            continue


def full(event: SecurityEvent) -> str:
    """Who did what to whom."""
    said = {"what": phrase(event), "who": event.actor_name or event.username, "whom": event.username}
    if event.entry.by_itself:
        return _("%(what)s (%(whom)s)") % said if event.username else phrase(event)
    if event.actor_name and event.username and event.actor_name != event.username:
        return _("%(who)s, for %(whom)s: %(what)s") % said
    return (_("%(who)s: %(what)s") if said["who"] else _("Somebody: %(what)s")) % said
