from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device

from accounts.users.ways import Way

NAME_LENGTH = 60  # characters


class Authenticator(Device):
    """An authenticator app (RFC 6238) on somebody's phone. A row is made when its first code was right."""

    way = Way.APP

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="authenticators", verbose_name=_("user")
    )
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    key = models.BinaryField()  # sealed, see keyring.py
    last_step = models.BigIntegerField()  # of time: neither it nor one before it is taken again
    drift = models.SmallIntegerField(default=0)  # steps by which the phone's clock is ahead, as the last code showed
    created_at = models.DateTimeField(_("added"), default=timezone.now)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("authenticator app")
        verbose_name_plural = _("authenticator apps")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name
