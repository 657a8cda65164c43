from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

ALL = "*"  # in the place of a gateway's name


class Gateway(models.Model):
    """What the office says of a gateway that the settings name. One of which nothing was said is on."""

    name = models.CharField(_("gateway"), max_length=20, unique=True)  # or ALL
    is_on = models.BooleanField(_("on"), default=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    switched_at = models.DateTimeField(_("switched"), default=timezone.now)
    switched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        default_permissions = ("view", "change")
        verbose_name = _("SMS gateway")
        verbose_name_plural = _("SMS gateways")

    def __str__(self) -> str:
        return self.name


class Outage(models.Model):
    """A gateway that is left out for a while, because it did not work. Each process reads it before it sends."""

    gateway = models.CharField(max_length=20)
    scope = models.CharField(max_length=40, blank=True)  # what it does not work for; empty: for anything
    error = models.CharField(max_length=100)
    began_at = models.DateTimeField(default=timezone.now)
    probe_at = models.DateTimeField()  # when one SMS may try it again
    probes = models.PositiveIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "scope"], condition=Q(ended_at=None), name="one_outage_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.scope}".strip()


class Spending(models.Model):
    """What a gateway, a country or the site was used for on a day. Its rows hold the budgets."""

    day = models.DateField()
    of = models.CharField(max_length=40)
    messages = models.PositiveIntegerField(default=0)
    money = models.PositiveBigIntegerField(default=0)  # in ten-thousandths

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["day", "of"], name="one_spending_a_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.of}: {self.messages}"
