from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device
from phonenumber_field.modelfields import PhoneNumberField

from accounts.numbers import masked


class Phone(Device):
    """The phone that gets a person's codes. Another number is another row: what hangs on a phone goes with it."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="phone", verbose_name=_("user"))
    number = PhoneNumberField(_("number"))
    # Which of the mailboxes with this number it is. Unique with the number, it keeps the limit under concurrency.
    slot = models.PositiveSmallIntegerField(default=1, editable=False)
    bound_at = models.DateTimeField(_("bound"), default=timezone.now)

    class Meta:
        verbose_name = _("phone")
        verbose_name_plural = _("phones")
        constraints = [
            models.UniqueConstraint(fields=["number", "slot"], name="one_mailbox_a_slot"),
        ]

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        return masked(str(self.number))

    @classmethod
    def slots(cls) -> range:
        return range(1, settings.MAILBOXES_PER_PHONE + 1)
