from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Ownership(models.Model):
    """One of those who use a department mailbox, each with a second step and app passwords of his own."""

    mailbox = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="ownerships", verbose_name=_("department mailbox")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="shared_mailboxes", verbose_name=_("used by")
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("given by")
    )
    created_at = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("department mailbox")
        verbose_name_plural = _("department mailboxes")
        ordering = ["mailbox__username", "owner__username"]
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "owner"], name="one_ownership_a_person"),
            models.CheckConstraint(condition=~models.Q(mailbox=models.F("owner")), name="nobody_owns_himself"),
        ]

    def __str__(self) -> str:
        return f"{self.mailbox} · {self.owner}"
