"""The accounts, one by one and from files and the directory."""

from portal.office.admin.people import imports, people, syncs

__all__ = ["imports", "people", "syncs"]
