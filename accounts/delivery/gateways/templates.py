"""Templates that a provider has approved: which one an SMS takes, and what it fills in."""

from collections.abc import Mapping

from django.utils import translation

from accounts.delivery.errors import ConfigurationRejected
from accounts.delivery.gateways.message import Message

# As the settings give them: by purpose, the provider's number of it and pairs of our name of a value and its own.
Templates = Mapping[str, tuple[str, tuple[tuple[str, str], ...]]]


def keys(purpose: str, language: str, *, abroad: bool) -> list[str]:
    """From the most special to the most general."""
    group = "notices" if purpose.startswith("notice") or purpose == "test" else "codes"
    suffixes = ([".abroad"] if abroad else []) + [f".{language}", ""]
    return [f"{name}{suffix}" for suffix in suffixes for name in (purpose, group)]


def fill(templates: Templates, message: Message) -> tuple[str, dict[str, str]]:
    """The provider's number of the template, and its values in the order of the setting."""
    language = translation.get_language() or ""
    for key in keys(message.purpose, language, abroad=message.is_abroad):
        if key in templates:
            number, pairs = templates[key]
            values = message.values()
            return number, {theirs: values[ours] for ours, theirs in pairs}
    raise ConfigurationRejected(f"no template {message.purpose}")
