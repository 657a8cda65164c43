from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class TrustedBrowser(models.Model):
    """A browser in which a person who enters the password is not asked for a code."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="trusted_browsers", verbose_name=_("user")
    )
    # A changed or unbound phone forgets its browsers by itself.
    phone = models.ForeignKey("phones.Phone", models.CASCADE, null=True, related_name="+")
    ways_version = models.PositiveIntegerField(default=0, db_default=0)  # so does any change of the second step
    digest = models.CharField(max_length=64)  # of the cookie's value
    browser = models.CharField(_("browser"), max_length=60)
    system = models.CharField(_("system"), max_length=60)
    address = models.GenericIPAddressField(_("address"))
    created_at = models.DateTimeField(_("trusted since"), default=timezone.now)
    seen_at = models.DateTimeField(_("last seen"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))

    class Meta:
        verbose_name = _("trusted browser")
        verbose_name_plural = _("trusted browsers")
        ordering = ["-seen_at"]
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="one_digest_a_user")]

    def __str__(self) -> str:
        return f"{self.browser} · {self.system}"
