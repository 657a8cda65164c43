from django.conf import settings
from django.db import models


class Asked(models.Model):
    """Wrong passwords that the directory was asked about for one account, counted since `began_at`."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    count = models.PositiveIntegerField()
    began_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.user_id)


class Remembered(models.Model):
    """What the directory said of a password (accounts/directory/memory.py)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    digest = models.CharField(max_length=64)  # keyed
    is_right = models.BooleanField()
    until = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="one_answer_for_a_password")]

    def __str__(self) -> str:
        return str(self.user_id)


class Person(models.Model):
    """Whose entry in the directory an account is, by what stays when names and addresses change."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    identity = models.CharField(max_length=64, unique=True)  # entryUUID, objectGUID
    disabled_at = models.DateTimeField(null=True)  # by the directory; whom the office disables it does not bring back

    def __str__(self) -> str:
        return self.identity
