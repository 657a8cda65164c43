from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class KnownNetwork(models.Model):
    """A network that the office knows something about. Of several that hold an address, the narrowest decides."""

    class Kind(models.TextChoices):
        SHARED = "shared", _("shared by many people")
        NEVER_BANNED = "never", _("never banned")

    cidr = models.CharField(
        _("network"),
        max_length=43,
        unique=True,
        help_text=_("For example 10.20.0.0/16 or 2001:db8:20::/48. A single address is a network of its own."),
        error_messages={"unique": _("This network is in the list already.")},
    )
    # Both ends of it among all IPv6 addresses, as 39 digits: one comparison of texts finds what holds an address.
    first = models.CharField(max_length=39, editable=False)
    last = models.CharField(max_length=39, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    note = models.CharField(_("note"), max_length=200, blank=True, help_text=_("What it is, and who asked for it."))
    created_at = models.DateTimeField(_("added"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+",
        verbose_name=_("added by"),
    )  # fmt: skip
    edited_at = models.DateTimeField(_("edited"), default=timezone.now, editable=False)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+",
        verbose_name=_("edited by"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("known network")
        verbose_name_plural = _("known networks")
        ordering = ["first", "-last"]
        constraints = [
            models.CheckConstraint(condition=models.Q(first__lte=models.F("last")), name="network_has_two_ends"),
        ]
        indexes = [models.Index(fields=["first", "last"], name="networks_of_an_address")]

    def __str__(self) -> str:
        return self.cidr
