"""What the IT office sees and may do. Nothing is added or edited by hand but people; the rest is history."""

from accounts.admin import bans, deliveries, log, networks, people, roles

__all__ = ["bans", "deliveries", "log", "networks", "people", "roles"]
