from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.delivery import mailer
from accounts.delivery.models import Delivery
from accounts.jobs.models import Job
from accounts.lib import clock
from accounts.maillogins.models import MailLogin
from accounts.rollouts import letters
from accounts.users import ways
from accounts.users.models import User


class Rollout(Job):
    """Two-step from a date on, for many. What the dry run showed is in its members."""

    TASK = "rollouts.carry_out"

    class Status(models.TextChoices):
        DRAFT = "draft", _("dry run")
        RUNNING = "running", _("being carried out")
        DONE = "done", _("carried out")
        PAUSED = "paused", _("paused")
        CANCELLED = "cancelled", _("cancelled")

    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.DRAFT)
    # {"everyone": true}, or {"departments": [names], "people": [keys]}
    choice = models.JSONField(default=dict)
    start = models.DateTimeField(_("two-step from"))
    made_at = models.DateTimeField(_("set up"), default=timezone.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("made by")
    )
    carried_out_at = models.DateTimeField(_("carried out"), null=True, blank=True)
    subject_zh = models.CharField(_("subject in Chinese"), max_length=150, blank=True)
    text_zh = models.TextField(_("text in Chinese"), max_length=5000, blank=True)
    subject_en = models.CharField(_("subject in English"), max_length=150, blank=True)
    text_en = models.TextField(_("text in English"), max_length=5000, blank=True)

    class Meta:
        verbose_name = _("roll-out")
        verbose_name_plural = _("roll-outs")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{clock.day(self.start)} · {self.total}"

    def has_come(self) -> bool:
        return self.start <= timezone.now()

    def words(self, language: str) -> tuple[str, str]:
        """Subject and text of its reminders."""
        if language.startswith("zh"):
            return self.subject_zh, self.text_zh
        return self.subject_en, self.text_en

    def letter(self, user: User, language: str, *, preview: bool = False) -> tuple[str, str]:
        """Subject and text of its reminder to this person; in a preview, as if everything was still to do."""
        reader = letters.Reader(
            name=user.get_short_name(),
            mailbox=user.username,
            is_unbound=preview or not ways.can_stand_alone(ways.of(user)),
            lacks_app_passwords=preview or MailLogin.with_mailbox_password(user=user).exists(),
        )
        return letters.fill(self.words(language), reader, self.start, language)


class RolloutMember(models.Model):
    """One person of a roll-out: what the dry run said would be done, and what was."""

    class Fate(models.TextChoices):
        SET = "set", _("gets the date")
        EARLIER = "earlier", _("has two-step already, or from an earlier date")
        EXEMPT = "exempt", _("exempt beyond the date")
        TAKEN_BACK = "taken_back", _("date taken back")

    rollout = models.ForeignKey(Rollout, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    planned = models.CharField(max_length=10, choices=Fate)
    fate = models.CharField(max_length=10, choices=Fate, blank=True)  # empty: not done yet
    before = models.DateTimeField(null=True, blank=True)  # the date that the person had (or would have had) without it

    class Meta:
        verbose_name = _("person of a roll-out")
        verbose_name_plural = _("people of a roll-out")
        constraints = [models.UniqueConstraint(fields=["rollout", "user"], name="one_member_a_rollout")]
        indexes = [models.Index(fields=["rollout", "fate"], name="members_to_do")]

    def __str__(self) -> str:
        return f"{self.user_id}"


class Reminder(models.Model):
    """One round of mails so many days before the date of a roll-out."""

    rollout = models.ForeignKey(Rollout, models.CASCADE, related_name="reminders")
    days = models.PositiveSmallIntegerField(_("days before"))
    due_at = models.DateTimeField(_("due"), db_index=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    skipped = models.BooleanField(default=False)  # a later one was due as well

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ["-days"]
        constraints = [models.UniqueConstraint(fields=["rollout", "days"], name="one_reminder_a_day")]

    def __str__(self) -> str:
        return f"{self.days}"

    @staticmethod
    def due(start: datetime, days: int) -> datetime:
        """In the morning of that day, not at midnight."""
        day = timezone.localdate(start) - timedelta(days=days)
        return timezone.make_aware(datetime.combine(day, time(settings.REMINDER_HOUR)))


class ReminderMail(Delivery):
    """One mail to a person, before two-step begins."""

    TASK = "rollouts.send_reminder"

    reminder = models.ForeignKey(Reminder, models.CASCADE, related_name="mails", verbose_name=_("reminder"))

    class Meta(Delivery.Meta):
        verbose_name = _("reminder by mail")
        verbose_name_plural = _("reminders by mail")
        indexes = [models.Index(fields=["status", "sweep_at"], name="reminder_to_sweep")]
        constraints = [models.UniqueConstraint(fields=["reminder", "user"], name="one_mail_a_reminder")]

    def __str__(self) -> str:
        return f"{self.pk}"

    def hand_over(self) -> None:
        mailer.send(self.user.username, *self.reminder.rollout.letter(self.user, self.language))


class PreviewMail(Delivery):
    """What a reminder will look like, to the clerk who wrote it and nobody else."""

    TASK = "rollouts.send_preview"

    rollout = models.ForeignKey(Rollout, models.CASCADE, related_name="+")

    class Meta(Delivery.Meta):
        default_permissions = ()
        indexes = [models.Index(fields=["status", "sweep_at"], name="preview_to_sweep")]

    def __str__(self) -> str:
        return f"{self.pk}"

    def hand_over(self) -> None:
        subject, text = self.rollout.letter(self.user, self.language, preview=True)
        mailer.send(self.user.username, gettext("[Preview] %(subject)s") % {"subject": subject}, text)


class Exemption(models.Model):
    """A person for whom two-step is off until a day, whatever roll-outs say. `User.two_step_from` is that day."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="exemptions", verbose_name=_("user")
    )
    until = models.DateTimeField(_("off until"))
    reason = models.CharField(_("reason"), max_length=200)
    made_at = models.DateTimeField(_("set up"), default=timezone.now)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("made by")
    )
    # What two_step_from would be without it. Roll-outs meanwhile move it.
    otherwise = models.DateTimeField(_("without it, two-step from"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended early"), null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("ended by")
    )

    class Meta:
        verbose_name = _("exemption from two-step")
        verbose_name_plural = _("exemptions from two-step")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=models.Q(ended_at=None), name="one_exemption_a_user"),
            models.CheckConstraint(condition=~models.Q(reason=""), name="exemption_has_a_reason"),
        ]

    def __str__(self) -> str:
        return clock.day(self.until)

    @staticmethod
    def in_force(at: datetime | None = None, **where: Any) -> "models.QuerySet[Exemption]":
        return Exemption.objects.filter(ended_at=None, until__gt=at or timezone.now(), **where)
