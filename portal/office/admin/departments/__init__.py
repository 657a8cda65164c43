"""Mailboxes of departments, and who uses each."""

from portal.office.admin.departments import departments

__all__ = ["departments"]
