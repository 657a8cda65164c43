"""Security events in words: what was done, as the owner reads it, and who did it to whom, as the IT office does."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from accounts.kinds import Entry, Kind
from accounts.models import SecurityEvent

ODD = (KeyError, ValueError, TypeError)  # a detail that an older version wrote, or a hand


def entry_of(event: SecurityEvent) -> Entry:
    """An empty one for a kind that another version knew."""
    return Kind(event.kind).entry if event.kind in Kind.values else Entry()


def phrase(event: SecurityEvent) -> str:
    """What was done, without who."""
    entry, said = entry_of(event), dict(_said(event))
    if entry.says and said.keys() >= set(entry.noted):
        return str(entry.says) % said
    label = str(event.get_kind_display())
    notes = " · ".join(said[name] for name in entry.noted if said.get(name))
    return _("%(what)s (%(note)s)") % {"what": label, "note": notes} if notes else label


def _said(event: SecurityEvent) -> Iterator[tuple[str, str]]:
    """The details that can be said."""
    for name, detail in entry_of(event).details.items():
        try:
            yield name, detail.say(event.detail[name])
        except ODD:
            continue


def details(event: SecurityEvent) -> dict[str, Any]:
    """For templates: moments as such, and what no table knows as it was written."""
    read = dict(event.detail)
    for name, detail in entry_of(event).details.items():
        try:
            read[name] = detail.read(event.detail[name])
        except ODD:
            continue
    return read


def full(event: SecurityEvent) -> str:
    """Who did what to whom."""
    said = {"what": phrase(event), "who": event.actor_name or event.username, "whom": event.username}
    if entry_of(event).by_itself:
        return _("%(what)s (%(whom)s)") % said if event.username else phrase(event)
    if event.actor_name and event.username and event.actor_name != event.username:
        return _("%(who)s, for %(whom)s: %(what)s") % said
    return (_("%(who)s: %(what)s") if said["who"] else _("Somebody: %(what)s")) % said
