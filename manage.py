#!/usr/bin/env python
"""Django's command line. A setting that is missing or wrong ends it with one sentence, not a traceback."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    try:
        import portal.settings  # noqa: F401, PLC0415 (the first thing that can be wrong)

        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Mailkey does not start: {error}")


if __name__ == "__main__":
    main()
