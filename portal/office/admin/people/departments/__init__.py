"""Mailboxes of departments, and who uses each."""

from portal.office.admin.people.departments import departments

__all__ = ["departments"]
