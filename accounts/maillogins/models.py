from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class MailLogin(models.Model):
    """Logins of mail programs that were let in, counted by person, day, protocol and method."""

    class Method(models.TextChoices):
        APP_PASSWORD = "app", _("app password")
        MAILBOX_PASSWORD = "mailbox", _("mailbox password")
        TOKEN = "token", _("webmail")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="mail_logins", verbose_name=_("user")
    )
    day = models.DateField(_("day"))  # in the time zone of the site
    protocol = models.CharField(_("protocol"), max_length=10)
    method = models.CharField(_("method"), max_length=10, choices=Method)
    count = models.PositiveIntegerField(_("logins"), default=0)
    last_at = models.DateTimeField(_("last"), default=timezone.now)
    address = models.CharField(_("address"), max_length=45, blank=True)  # of the last one

    class Meta:
        verbose_name = _("mail login")
        verbose_name_plural = _("mail logins")
        ordering = ["-day", "-last_at"]
        constraints = [
            models.UniqueConstraint(fields=["user", "day", "protocol", "method"], name="one_count_a_day"),
        ]
        indexes = [models.Index(fields=["day", "protocol", "method"], name="mail_logins_of_a_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.protocol} {self.method}"

    @classmethod
    def with_mailbox_password(cls, **where: Any) -> "models.QuerySet[MailLogin]":
        """So lately that the mail program must be taken to use it still."""
        since = timezone.localdate() - settings.MAILBOX_PASSWORD_SEEN
        return cls.objects.filter(method=cls.Method.MAILBOX_PASSWORD, day__gte=since, **where)
