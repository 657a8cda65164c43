"""A refused sign-in tells nothing by its time.

Each costs one comparison, also where there is no such account. As long as all passwords are hashed alike, that is all.
One that is still hashed as another system did takes several times as long, and so does one that a directory keeps: then
every refusal leaves at the same time.
It waits in its thread, so only some may wait at once; in a crowd of wrong passwords the others leave as they are.
"""

import time
from threading import BoundedSemaphore

from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, get_hasher

from accounts.lib import pace
from accounts.users.models import User

AFTER = 0.5  # seconds
WAITING_AT_ONCE = 4  # of the eight threads of a process

_places = BoundedSemaphore(WAITING_AT_ONCE)


def hold(came_at: float) -> None:
    if (settings.LDAP_URLS or hashes_differ()) and _places.acquire(blocking=False):
        try:
            time.sleep(max(pace.leaves_at(came_at, AFTER) - time.monotonic(), 0))
        finally:
            _places.release()


def hashes_differ() -> bool:
    """Whether some are still hashed in another way than the first of PASSWORD_HASHERS does, which a sign-in mends."""
    usable = User.objects.exclude(password="").exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return usable.exclude(password__startswith=f"{get_hasher().algorithm}$").exists()
