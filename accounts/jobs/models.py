from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """Work on many people that a worker does in batches. A claim that is not renewed in time is another worker's."""

    TASK: ClassVar[str]  # the name of the worker's task, by which it is queued
    TRIES: ClassVar[int | None] = None  # workers that may die of it; JOB_TRIES where it is not said

    working = models.BooleanField(default=False)  # there is something for a worker to do
    failed = models.BooleanField(_("stopped by an error"), default=False)
    claim = models.CharField(max_length=32, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)  # since it last went on
    beat_at = models.DateTimeField(null=True, blank=True)
    sweep_at = models.DateTimeField(default=timezone.now)  # before it, the queue has its chance
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("people"), default=0)

    class Meta:
        abstract = True
