from django.conf import settings
from django.db import models
from django.db.models.functions import Right
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device

from accounts.lib.numbers import masked
from accounts.sealing import ring
from accounts.sealing.atrest import Beside
from accounts.sealing.fields import NumberField, PhoneField
from accounts.users.ways import Way


class Phone(Device):
    """The phone that gets a person's codes. Another number is another row: what hangs on a phone goes with it."""

    way = Way.PHONE

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="phone", verbose_name=_("user"))
    number = PhoneField(_("number"), max_length=128, beside=Beside.END)
    # Which of the mailboxes with this number it is. Unique with the number, it keeps the limit under concurrency.
    slot = models.PositiveSmallIntegerField(default=1, editable=False)
    bound_at = models.DateTimeField(_("bound"), default=timezone.now)
    # To what its owner agreed (accounts/phones/notice.py); nothing for phones that were bound before anybody was asked.
    notice = models.CharField(max_length=20, blank=True, default="", db_default="")
    operator = models.TextField(blank=True, default="", db_default="")
    agreed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("phone")
        verbose_name_plural = _("phones")
        constraints = [
            models.UniqueConstraint(fields=["number", "slot"], name="one_mailbox_a_slot"),
        ]
        indexes = [models.Index(Right("number", 4), name="phones_by_last_digits")]  # as clerks look for them

    def __str__(self) -> str:
        return self.masked

    @property
    def masked(self) -> str:
        return masked(self.number)

    @classmethod
    def slots(cls) -> range:
        return range(1, settings.MAILBOXES_PER_PHONE + 1)

    @classmethod
    def free(cls, number: str) -> list[int]:
        """Slots to try. Sealed under two keys it is two numbers to the database, but not to who counts."""
        taken = set(cls.objects.filter(number=number).values_list("slot", flat=True)) if ring.readable() else set()
        return [slot for slot in cls.slots() if slot not in taken]

    @classmethod
    def step_aside(cls, pk: int) -> None:
        """Another phone is in its slot, which was bound while both could not be compared."""
        of_number = cls.objects.filter(number=cls.objects.get(pk=pk).number)
        cls.objects.filter(pk=pk).update(slot=1 + max(of_number.values_list("slot", flat=True)))

    @classmethod
    def has_room(cls, number: str) -> bool:
        return cls.objects.filter(number=number).count() < len(cls.slots())


class Suggestion(models.Model):
    """The number that the directory has for somebody. It opens nothing."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    number = NumberField()

    def __str__(self) -> str:
        return masked(self.number)


class HelpCode(models.Model):
    """What the help desk gave somebody who lost the phone, to sign in once and bind another one. The code was shown
    once to the clerk and is nowhere; see accounts/phones/helpcodes.py."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    # The phone that it stands in for, if there was one: when that one goes, the code goes with it.
    phone = models.ForeignKey(Phone, models.CASCADE, null=True, related_name="+")
    # The ways that it stands in for, as they were: when one is added, changed or removed, it is void.
    ways_version = models.PositiveIntegerField(default=0, db_default=0)
    # The first, second, ... for this phone. Of clerks who give one at the same time, one takes the number.
    ordinal = models.PositiveIntegerField()
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("given by")
    )
    digest = models.CharField(max_length=64)  # keyed, with a key outside the database
    nonce = models.CharField(max_length=32)
    created_at = models.DateTimeField(_("given"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    tries = models.PositiveSmallIntegerField(_("guesses"), default=0)
    used_at = models.DateTimeField(_("used"), null=True, blank=True)
    voided_at = models.DateTimeField(_("voided"), null=True, blank=True)

    class Meta:
        verbose_name = _("help-desk code")
        verbose_name_plural = _("help-desk codes")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["phone", "ordinal"], name="one_help_code_an_ordinal"),
            models.UniqueConstraint(
                fields=["user", "ordinal"], condition=models.Q(phone=None), name="one_help_code_without_phone"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def is_live(self) -> bool:
        """Whether it can still be entered."""
        spent = self.used_at or self.voided_at or self.tries >= settings.HELP_CODE_TRIES
        return not spent and self.expires_at > timezone.now()
