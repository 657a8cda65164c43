from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.jobs.models import Job
from accounts.sealing import contents
from accounts.sealing.fields import ContentField


class Roster(Job):
    """A file of people that somebody imports. It is in the database, since web server and worker share nothing else."""

    TASK = "imports.work"
    TRIES = 1  # what killed a worker once is not given to another: whoever handed it in decides

    class Status(models.TextChoices):
        CHECKING = "checking", _("being checked")
        CHECKED = "checked", _("checked")
        APPLYING = "applying", _("being imported")
        DONE = "done", _("imported")
        DROPPED = "dropped", _("dropped")

    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.CHECKING)
    name = models.CharField(_("file"), max_length=200)
    content = ContentField(null=True)  # gone as soon as it is not needed
    choice = models.JSONField(default=dict)  # how it is to be read: encoding, sheet, heading, columns
    wrong = ContentField(null=True)  # a file of the rows that are wrong, with why
    language = models.CharField(max_length=10)  # of the clerk who reads the errors
    made_at = models.DateTimeField(_("set up"), default=timezone.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("made by")
    )
    address = models.CharField(max_length=45, blank=True)  # of the clerk, for the log
    version = models.CharField(max_length=64, blank=True)  # of all that the preview said would be done
    report = models.JSONField(default=dict)
    imported_at = models.DateTimeField(_("imported at"), null=True, blank=True)

    class Meta:
        verbose_name = _("import of people")
        verbose_name_plural = _("imports of people")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def reading(self) -> dict[str, Any] | None:
        """How the file was read (accounts/imports/preview.py); None: it was not, or that is forgotten."""
        reading: dict[str, Any] | None = contents.unpacked(self.report.get("reading"))
        return reading
