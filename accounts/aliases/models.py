from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.users.usernames import LONGEST

NOTE_LENGTH = 200  # characters


class Alias(models.Model):
    """An address that is not somebody's own and that he may send as. Postfix reads this table (deploy/postfix)."""

    address = models.CharField(_("other address"), max_length=LONGEST, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="aliases", verbose_name=_("mailbox")
    )
    receives = models.BooleanField(_("mail to it arrives there too"), default=True)
    note = models.CharField(_("note"), max_length=NOTE_LENGTH, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("granted by")
    )
    created_at = models.DateTimeField(_("granted"), default=timezone.now)

    class Meta:
        verbose_name = _("other address")
        verbose_name_plural = _("other addresses")
        ordering = ["address", "pk"]
        constraints = [models.UniqueConstraint(fields=["address", "user"], name="one_grant_of_an_address")]

    def __str__(self) -> str:
        return self.address
