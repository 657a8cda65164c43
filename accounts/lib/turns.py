"""One after the other, where no row is common to those who must wait for each other."""

from django.db import connection


def take(name: str) -> None:
    """In a transaction: who else takes the turn of this name waits until it ends. (SQLite has one writer at a time.)"""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
