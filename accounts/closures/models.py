from django.conf import settings
from django.db import models


class Closure(models.Model):
    """An account that the clock disables, or did: its owner was told, then its last day was over."""

    class Why(models.TextChoices):
        LEFT = "left"  # its last day is over
        DORMANT = "dormant"  # not used for long

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="closures")
    why = models.CharField(max_length=10, choices=Why)
    last_day = models.DateField(null=True)  # open until its end
    told_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    given_back_at = models.DateTimeField(null=True)  # the days without use are counted from then on

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "why"], name="one_closure_for_a_reason")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.why}"


class Absence(models.Model):
    """Since when an account is disabled, by whatever way (accounts/closures/absences.py)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="absence")
    since = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.user_id)
