from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

NAME_LENGTH = 60  # characters


class AppPassword(models.Model):
    """What one mail program signs in with. The secret itself was shown once and is nowhere."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="app_passwords", verbose_name=_("user")
    )
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    digest = models.CharField(max_length=64)
    # From the form that made it: the same form sent again (reload, double click) makes no second password.
    request = models.CharField(max_length=32, null=True, blank=True)  # noqa: DJ001 (NULLs are not unique, "" would be)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    last_used_protocol = models.CharField(_("protocol"), max_length=10, blank=True)
    last_used_address = models.CharField(_("address"), max_length=45, blank=True)

    class Meta:
        verbose_name = _("app password")
        verbose_name_plural = _("app passwords")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "digest"], name="one_app_password_a_digest"),
            models.UniqueConstraint(fields=["user", "request"], name="one_app_password_a_request"),
        ]

    def __str__(self) -> str:
        return self.name
