"""Chinese: as the other language."""

from portal.formats import *  # noqa: F403
