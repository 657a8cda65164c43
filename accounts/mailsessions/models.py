from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts.jobs.models import Job
from accounts.lib.batches import batches


class EndingManager(models.Manager["Ending"]):
    def ask(
        self,
        usernames: Iterable[str],
        why: "Ending.Why",
        *,
        network: str = "",
        due_at: datetime | None = None,
        is_stolen: bool = False,
    ) -> list["Ending"]:
        """One row for each batch of people; none where no mail server can be told. In the transaction of what it
        belongs to. The sweep finds them; mailsessions.end tells a worker at once."""
        if not settings.DOVEADM_URLS:
            return []
        now = timezone.now()
        due_at = max(due_at or now, now)
        return [
            self.create(
                why=why,
                network=network,
                people=dict.fromkeys(batch, 0),
                forwards={} if is_stolen else None,
                total=len(batch),
                asked_at=now,
                due_at=due_at,
                working=True,
                sweep_at=due_at,
            )
            for batch in batches(usernames)
        ]


class Ending(Job):
    """What mail programs of some people have open ends, on every mail server. Names, not keys: whoever was deleted
    may still be connected."""

    TASK = "mailsessions.end"

    class Why(models.TextChoices):
        DISABLED = "disabled"
        DELETED = "deleted"
        NOT_ME = "not_me"
        SIGNED_OUT = "signed_out"
        NEW_PASSWORD = "new_password"  # noqa: S105
        PHONE = "phone"
        TWO_STEP = "two_step"
        APP_PASSWORD = "app_password"  # noqa: S105
        BANNED = "banned"

    why = models.CharField(max_length=16, choices=Why)
    network = models.CharField(max_length=43, blank=True)
    people = models.JSONField(default=dict)  # user name: how many connections were ended
    left = models.JSONField(null=True)  # mail server: how often it is still to be asked; null: not begun
    forwards = models.JSONField(null=True)  # if asked for: mail server, where filters send mail on or null (not said)
    asked_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now, db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)  # everywhere, for the first time
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)

    objects = EndingManager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["working", "sweep_at"], name="mail_ending_to_sweep")]

    def __str__(self) -> str:
        return f"{self.why} {self.pk}"

    @property
    def is_late(self) -> bool:
        """A mail server does not answer, and what is connected stays so far."""
        return self.working and self.ended_at is None and self.attempts > 0

    @property
    def is_given_up(self) -> bool:
        return self.failed and self.ended_at is None

    @property
    def may_change(self) -> bool:
        return self.working and self.ended_at is None and timezone.now() - self.due_at < timedelta(minutes=1)
