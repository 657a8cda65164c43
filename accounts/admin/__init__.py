"""What the IT office sees and may do. Nothing is added or edited by hand but people; the rest is history."""

from accounts.admin import (
    applications,
    bans,
    deliveries,
    exemptions,
    failures,
    log,
    logins,
    networks,
    people,
    roles,
    rollouts,
    rosters,
)

__all__ = [
    "applications",
    "bans",
    "deliveries",
    "exemptions",
    "failures",
    "log",
    "logins",
    "networks",
    "people",
    "roles",
    "rollouts",
    "rosters",
]
