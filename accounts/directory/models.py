from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.jobs.models import Job


class Asked(models.Model):
    """Wrong passwords that the directory was asked about for one account, counted since `began_at`."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    count = models.PositiveIntegerField()
    began_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.user_id)


class Remembered(models.Model):
    """What the directory said of a password (accounts/directory/memory.py)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    digest = models.CharField(max_length=64)  # keyed
    is_right = models.BooleanField()
    until = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="one_answer_for_a_password")]

    def __str__(self) -> str:
        return str(self.user_id)


class Person(models.Model):
    """Whose entry in the directory an account is, by what stays when names and addresses change."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    identity = models.CharField(max_length=64, unique=True)  # entryUUID, objectGUID
    disabled_at = models.DateTimeField(null=True)  # by the directory; whom the office disables it does not bring back

    def __str__(self) -> str:
        return self.identity


class Mark(models.Model):
    """Up to where the changes of a server are known (accounts/directory/marks.py)."""

    server = models.CharField(max_length=300, primary_key=True)  # its database, or its address
    at = models.CharField(max_length=20)  # as it counts or dates them
    question = models.CharField(max_length=64)  # digest of what was asked
    whole_at = models.DateTimeField()  # when everybody was read

    def __str__(self) -> str:
        return self.server


class Sync(Job):
    """People are compared with the directory, and made as it has them: by an office that has seen what would be done,
    or by the clock."""

    TASK = "directory.work"

    class Status(models.TextChoices):
        LOOKING = "looking", _("being compared")
        LOOKED = "looked", _("compared")
        APPLYING = "applying", _("being taken over")
        DONE = "done", _("taken over")
        DROPPED = "dropped", _("dropped")

    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.LOOKING)
    made_at = models.DateTimeField(_("set up"), default=timezone.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("made by")
    )
    by_itself = models.BooleanField(_("by the clock"), default=False)
    only_changes = models.BooleanField(_("only what has changed"), default=False)
    address = models.CharField(max_length=45, blank=True)  # of the clerk, for the log
    version = models.CharField(max_length=64, blank=True)  # of all that was shown
    confirmed = models.PositiveIntegerField(null=True)  # so many leavers somebody has seen and allowed
    report = models.JSONField(default=dict)
    synced_at = models.DateTimeField(_("taken over at"), null=True, blank=True)

    class Meta:
        verbose_name = _("comparison with the directory")
        verbose_name_plural = _("people from the directory")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["working"], condition=models.Q(working=True), name="one_sync_at_a_time")
        ]

    def __str__(self) -> str:
        return str(self.made_at.date())
