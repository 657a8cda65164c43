from django.conf import settings
from django.db import models


class Arrival(models.Model):
    """Somebody came back from a sign-in elsewhere. Unique digests: what was shown once opens nothing a second time.

    `sign_in` is what came of it, as accounts/sessions/models.py has it; empty while it is half-way.
    """

    source = models.CharField(max_length=10)
    departure_digest = models.CharField(max_length=64, unique=True)
    ticket_digest = models.CharField(max_length=64, unique=True)  # by which CAS says that it has ended
    session_digest = models.CharField(max_length=64, blank=True, default="", db_index=True)
    subject_digest = models.CharField(max_length=64, blank=True, default="", db_index=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    sign_in = models.CharField(max_length=32, default="")
    ended_at = models.DateTimeField(null=True)  # signed out elsewhere
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"Arrival {self.pk}"
