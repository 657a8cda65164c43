#!/usr/bin/env python
"""Django's command line. A setting that is missing or wrong, or a database that is away, ends it with a sentence."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError, connection


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        import portal.settings  # noqa: F401, PLC0415 (the first thing that can be wrong)

        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Mailkey does not start: {error}")
    except OperationalError as error:
        if connection.connection is not None:
            raise
        sys.exit(f"Mailkey cannot reach its database: {error}")


if __name__ == "__main__":
    main()
