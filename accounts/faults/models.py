from django.db import models
from django.utils import timezone


class Fault(models.Model):
    """What goes wrong at one place of the code, in all processes, on its way to those who run the portal."""

    place = models.CharField(max_length=64, unique=True)  # a digest: logger, line, kind of error
    title = models.CharField(max_length=200)
    example = models.TextField()  # the newest, without anything that a person typed
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now, db_index=True)
    count = models.PositiveBigIntegerField(default=0)
    told = models.PositiveBigIntegerField(default=0)  # so many of them are in a mail that was sent
    next_at = models.DateTimeField(default=timezone.now)  # not before it is one sent

    def __str__(self) -> str:
        return self.title
