from enum import StrEnum

from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _


class DayFigure(models.Model):
    """What one day came to in numbers. Nobody's name is in it, so it stays when the rows that it counts are deleted."""

    class Name(StrEnum):
        SUMMED_AT = "summed_at"  # seconds since 1970
        # People who have it at the end of the day; the key is empty: everybody, or the department.
        PEOPLE = "people"
        TWO_STEP = "two_step"
        READY = "phone"  # has a second step that may be the only one; once that was a phone
        APP_PASSWORD = "app_password"  # noqa: S105
        PEOPLE_OF = "people_of"
        TWO_STEP_OF = "two_step_of"
        READY_OF = "phone_of"
        APP_PASSWORD_OF = "app_password_of"  # noqa: S105
        # How often it happened on that day; the key says of which kind.
        SMS = "sms"  # gateway, outcome
        DELIVERY = "delivery"  # at most so many seconds from request to phone
        DELIVERY_MEDIAN = "delivery_median"  # milliseconds
        DELIVERY_P95 = "delivery_p95"
        SMS_ENTERED = "sms_entered"  # gateway: codes that were entered
        SMS_COST = "sms_cost"  # gateway: in ten-thousandths
        SMS_PACE = "sms_pace"  # gateway: milliseconds from the request to its answer, the middle one
        SIGN_IN = "sign_in"  # how the second step was done
        MAIL_LOGIN = "mail_login"  # protocol, method
        MAIL_PEOPLE = "mail_people"  # method: how many people
        FAILURE = "failure"  # way in
        BAN = "ban"  # of an address, of an account

    day = models.DateField()  # in the time zone of the site
    name = models.CharField(max_length=20)
    key = models.CharField(max_length=100, blank=True)
    value = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        # In the order in which they are asked for: some names, many days.
        constraints = [models.UniqueConstraint(fields=["name", "day", "key"], name="one_figure_a_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.name} {self.key}"


class GivenRight(models.Model):
    """What Mailkey gave a role. It gives nothing twice, so what an office takes away stays away."""

    role = models.CharField(max_length=150)  # its name
    right = models.CharField(max_length=200)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["role", "right"], name="given_once")]

    def __str__(self) -> str:
        return f"{self.role}: {self.right}"


# What a group is called in the database, and in the clerk's language. Groups that an office makes have one name.
LABELS = {
    "help desk": _("help desk"),
    "two-step manager": _("two-step manager"),
    "auditor": _("auditor"),
    "administrator": _("administrator"),
}


class Role(Group):
    """Django's group, as the office reads it."""

    class Meta:
        proxy = True
        verbose_name = _("role")
        verbose_name_plural = _("roles")

    def __str__(self) -> str:
        return str(LABELS.get(self.name, self.name))
