from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_otp.models import Device, DeviceManager

from accounts.users.models import User
from accounts.users.ways import Way

NAME_LENGTH = 60  # characters


class Authenticator(Device):
    """An authenticator app (RFC 6238) on somebody's phone. A row is made when its first code was right."""

    way = Way.APP

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="authenticators", verbose_name=_("user")
    )
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=NAME_LENGTH)
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


class Passkey(Device):
    """A key pair (W3C Web Authentication) of a device, a security key or a password manager. What is here is public."""

    way = Way.PASSKEY

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="passkeys", verbose_name=_("user"))
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=NAME_LENGTH)
    credential_id = models.CharField(max_length=1400, unique=True, editable=False)  # base64url of 1023 bytes at most
    public_key = models.BinaryField()  # COSE
    sign_count = models.BigIntegerField()  # of uses, as it says itself; many say 0 always
    backup_eligible = models.BooleanField()  # it may be on several devices; never changes
    backed_up = models.BooleanField()  # and is, as its last use said
    transports = models.CharField(max_length=100)  # how browsers reach it
    aaguid = models.UUIDField(editable=False)  # its make
    asked_at = models.BigIntegerField(default=0)  # microseconds; the last challenge that it answered
    created_at = models.DateTimeField(_("added"), default=timezone.now)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("passkey")
        verbose_name_plural = _("passkeys")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name


class RecoverySets(DeviceManager):
    def devices_for_user(self, user: User, confirmed: bool | None = None) -> "QuerySet[RecoverySet]":
        """One that is used up is no way any more; but the session that its last code has opened goes on."""
        held = super().devices_for_user(user, confirmed=confirmed)
        unused = RecoveryCode.objects.filter(recovery_set=OuterRef("pk"), used_at=None)
        return held.filter(Exists(unused)) if confirmed else held


class RecoverySet(Device):
    """Codes on paper, one set a person. It stays when they are made anew: the session in which that is done may have
    begun by one of the former."""

    way = Way.RECOVERY
    objects = RecoverySets()

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="recovery_set", verbose_name=_("user")
    )
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    class Meta:
        verbose_name = _("set of recovery codes")
        verbose_name_plural = _("sets of recovery codes")

    def __str__(self) -> str:
        return f"Recovery codes of {self.user_id}"


class RecoveryCode(models.Model):
    """One of them. The code itself is in no table."""

    recovery_set = models.ForeignKey(RecoverySet, models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["recovery_set", "digest"], name="one_row_a_recovery_code")]

    def __str__(self) -> str:
        return f"Recovery code {self.pk}"
