"""What the IT office sees and may do. Nothing is added or edited by hand but people; the rest is history."""

from accounts.admin import bans, deliveries, exemptions, log, people, rollouts, rosters

__all__ = ["bans", "deliveries", "exemptions", "log", "people", "rollouts", "rosters"]
