"""One process, several databases, one after the other."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.contenttypes.models import ContentType
from django.db import connections
from environ import Env


@contextmanager
def database(url: str) -> Iterator[None]:
    """The models of this process speak to another database than the tests' own."""
    own, own_connection = connections.databases["default"], connections["default"]
    theirs = Env.db_url_config(url)
    options = own["OPTIONS"] if theirs["ENGINE"] == own["ENGINE"] else {}
    connections.databases["default"] = {**own, **theirs, "OPTIONS": options}
    connections["default"] = connections.create_connection("default")
    ContentType.objects.clear_cache()  # its rows have other keys in each database
    try:
        yield
    finally:
        connections["default"].close()
        connections.databases["default"], connections["default"] = own, own_connection
        ContentType.objects.clear_cache()
