"""The accounts, one by one and from files and the directory; department mailboxes."""

from portal.office.admin.people import departments, imports, people, syncs

__all__ = ["departments", "imports", "people", "syncs"]
