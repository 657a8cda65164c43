import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import get_resolver

from portal import database

database.limit(settings.DATABASES["default"])  # before the first connection
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018 (all pages are loaded now, not while the first visitor waits)

from accounts.log import sealer
from portal.operations import heartbeats

sealer.begin()

if connection.vendor == "postgresql":
    from portal.database import base

    base.watch(connection)
    heartbeats.begin()
