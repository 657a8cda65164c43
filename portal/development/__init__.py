"""What a development machine has and no production machine may load: shown codes, known passwords."""

from django.conf import settings

if not settings.DEBUG:
    raise ImportError("portal.development is for DEBUG=on; no production process may load it.")
