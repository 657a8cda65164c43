"""Two-step verification: switched on for many, and off for one."""

from portal.office.admin.two_step import exemptions, reminders, rollouts

__all__ = ["exemptions", "reminders", "rollouts"]
