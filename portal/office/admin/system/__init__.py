"""Who did what, who may do what, and which sites sign people in here."""

from portal.office.admin.system import applications, log, roles

__all__ = ["applications", "log", "roles"]
