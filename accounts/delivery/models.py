from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.delivery import digits, mailer
from accounts.delivery.gateways.message import Message
from accounts.lib import loglines
from accounts.sealing.atrest import Beside
from accounts.sealing.fields import NumberField

WORKER_LOST = "worker lost"  # the error of what a worker was about to send when it died


class Delivery(models.Model):
    """One message to one person, and what became of it. A worker claims it before it sends: nothing is sent twice."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("waiting")
        DELAYED = "delayed", _("waiting longer than usual")  # the queue did not take it; the sweep will
        CLAIMED = "claimed", _("being sent")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")
        UNKNOWN = "unknown", _("not known")  # perhaps sent; never sent again by itself

    class Reason(models.TextChoices):
        """Why it failed, in words for the person it was for."""

        NUMBER = "number", _("This number cannot receive our SMS.")
        OFFICE = "office", _("The fault is on our side; the IT office has been told.")
        LATE = "late", _("It was too late to send it.")

    WAITING = (Status.QUEUED, Status.DELAYED)
    TASK: ClassVar[str]  # the name of the task that sends it, by which it is queued
    LEARNED: ClassVar[tuple[str, ...]] = ()  # fields that handing over fills in

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    language = models.CharField(_("language"), max_length=10)
    created_at = models.DateTimeField(_("asked for"), default=timezone.now, db_index=True)
    expires_at = models.DateTimeField(_("expires"))
    status = models.CharField(_("what became of it"), max_length=10, choices=Status, default=Status.QUEUED)
    tried = models.PositiveSmallIntegerField(_("tries to send"), default=0)
    sweep_at = models.DateTimeField(_("next sweep"), default=timezone.now)  # before it, the queue has its chance
    claimed_at = models.DateTimeField(_("claimed"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason, blank=True)
    error = models.CharField(_("error"), max_length=100, blank=True)  # in the words of the gateway or the program
    # Whoever asked for it: his name in all logs, of nginx, the portal and the workers.
    request = models.CharField(
        _("request"), max_length=loglines.LONGEST, blank=True, default=loglines.current, db_default="", editable=False
    )

    class Meta:
        abstract = True
        ordering = ["-pk"]

    def hand_over(self) -> None:
        """To whatever carries it, in the language that is active; or an error of errors.py."""
        raise NotImplementedError  # an SMS does not know its route: see accounts/routes/tasks.py

    @classmethod
    def wanted(cls) -> models.QuerySet[Self]:
        """What waits, and is still to be sent."""
        return cls._default_manager.filter(status__in=cls.WAITING)

    @property
    def may_change(self) -> bool:
        """Whether more is to be expected of its story."""
        final = (self.Status.DELIVERED, self.Status.FAILED, self.Status.UNKNOWN)
        return self.status not in final and self.expires_at > timezone.now()


class SmsQuerySet(models.QuerySet["Sms"]):
    def codes(self) -> "SmsQuerySet":
        return self.exclude(purpose__in=Sms.NOTICES)


class Sms(Delivery):
    """One SMS: a code that was asked for, or a notice. The code itself is not here; see accounts/codes/codes.py."""

    TASK = "delivery.send_sms"
    LEARNED = ("gateway_id",)

    class Purpose(models.TextChoices):
        SIGN_IN = "sign_in", _("sign in")
        BIND = "bind", _("bind a phone")
        CHANGE = "change", _("change the phone: old number")
        CHANGE_NEW = "change_new", _("change the phone: new number")
        UNBIND = "unbind", _("unbind the phone")
        CONFIRM = "confirm", _("confirm it is you")
        NOTICE_CHANGED = "notice_changed", _("notice: phone changed")
        NOTICE_UNBOUND = "notice_unbound", _("notice: phone unbound")
        NOTICE_HELP_CODE = "notice_help", _("notice: help-desk code given")
        NOTICE_WAY = "notice_way", _("notice: way to verify added or removed")
        NOTICE_STOLEN = "notice_stolen", _("notice: account locked against misuse")
        TEST = "test", _("test by the office")

    # What holds no code.
    NOTICES = (
        Purpose.NOTICE_CHANGED,
        Purpose.NOTICE_UNBOUND,
        Purpose.NOTICE_HELP_CODE,
        Purpose.NOTICE_WAY,
        Purpose.NOTICE_STOLEN,
        Purpose.TEST,
    )
    # What goes to a number that somebody typed; the other codes go to the phone that is bound.
    TYPED = (Purpose.BIND, Purpose.CHANGE_NEW)

    number = NumberField(_("number"), db_index=True, beside=Beside.BEGIN)
    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose)
    address = models.CharField(_("address"), max_length=43, blank=True)  # the network that asked for it
    # By somebody who has shown to be the owner by more than the password. The database has the default too: while an
    # upgrade goes on, rows are written that know nothing of it.
    by_owner = models.BooleanField(_("by the owner"), default=False, db_default=False)
    session = models.CharField(max_length=32, blank=True)  # the browser session that the code is for
    # The one that asked for it, where another one followed (`codes.carry_over`): the digits stay what they were.
    first_session = models.CharField(max_length=32, blank=True, default="", db_default="")
    nonce = models.CharField(max_length=32, blank=True)
    tries = models.PositiveSmallIntegerField(_("guesses"), default=0)
    used_at = models.DateTimeField(_("used"), null=True, blank=True)
    voided_at = models.DateTimeField(_("voided"), null=True, blank=True)
    # Through this gateway only: a test of it.
    via = models.CharField(_("only through"), max_length=20, blank=True, default="", db_default="")
    rerouted_at = models.DateTimeField(_("sent by another channel"), null=True, blank=True)  # as its owner asked
    gateway = models.CharField(_("gateway"), max_length=20, blank=True)
    gateway_id = models.CharField(_("the gateway’s number"), max_length=64, blank=True, db_index=True)

    objects = SmsQuerySet.as_manager()

    class Meta(Delivery.Meta):
        verbose_name = _("SMS")
        verbose_name_plural = _("SMS")
        indexes = [
            models.Index(fields=["user", "purpose", "-created_at"], name="sms_of_a_user"),
            models.Index(fields=["status", "sweep_at"], name="sms_to_sweep"),
            models.Index(fields=["address", "-created_at"], name="sms_of_an_address"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    purpose__in=[
                        "notice_changed",
                        "notice_unbound",
                        "notice_help",
                        "notice_way",
                        "notice_stolen",
                        "test",
                    ]
                )
                | ~models.Q(nonce=""),
                name="code_has_nonce",
            ),
            models.CheckConstraint(condition=models.Q(tries__lte=100), name="tries_are_few"),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} {self.pk}"

    def digits(self) -> str:
        """The code, which is bound to all of this."""
        session = self.first_session or self.session
        return digits.of(self.nonce, self.user_id, self.number, self.purpose, session)

    @property
    def is_live(self) -> bool:
        """Whether the code can still be entered, whatever became of the SMS."""
        spent = self.used_at or self.voided_at or self.tries >= settings.SMS_CODE_TRIES
        return not spent and self.expires_at > timezone.now()

    def message(self) -> Message:
        return Message(
            number=self.number,
            purpose=self.purpose,
            mailbox=self.user.username,
            code=self.digits() if self.nonce else None,
            attempt=self.pk,
            expires_at=self.expires_at,
        )

    @classmethod
    def wanted(cls) -> models.QuerySet[Self]:
        return super().wanted().filter(voided_at=None, used_at=None)


class Attempt(models.Model):
    """One gateway that was asked to send an SMS. No other one is asked until this one has certainly not sent it, or the
    owner wants another channel."""

    class Outcome(models.TextChoices):
        CLAIMED = "claimed", _("being sent")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        UNDELIVERED = "failed", _("not delivered")  # as the receipt says
        UNKNOWN = "unknown", _("not known")
        NOT_SENT = "not_sent", _("certainly not sent")
        BUSY = "busy", _("not now")  # the gateway says when
        REFUSED = "refused", _("refused: our account, our templates")
        RECIPIENT = "recipient", _("refused: this number")

    # What a gateway has, or may have.
    HANDED_OVER = (Outcome.CLAIMED, Outcome.SENT, Outcome.DELIVERED, Outcome.UNDELIVERED, Outcome.UNKNOWN)

    sms = models.ForeignKey(Sms, models.CASCADE, related_name="attempts", verbose_name=_("SMS"))
    gateway = models.CharField(_("gateway"), max_length=20)
    started_at = models.DateTimeField(_("began"), default=timezone.now)
    ended_at = models.DateTimeField(_("answered"), null=True, blank=True)
    outcome = models.CharField(_("what became of it"), max_length=10, choices=Outcome, default=Outcome.CLAIMED)
    error = models.CharField(_("error"), max_length=100, blank=True)
    gateway_id = models.CharField(_("the gateway’s number"), max_length=64, blank=True, db_index=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    price = models.PositiveIntegerField(_("price"), default=0)  # in ten-thousandths; 0: nobody said

    class Meta:
        ordering = ["pk"]
        default_permissions = ()  # seen with its SMS
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        indexes = [
            models.Index(fields=["gateway", "-started_at"], name="attempts_of_a_gateway"),
            models.Index(fields=["outcome", "started_at"], name="attempts_to_sweep"),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.get_outcome_display()}"


class SmsDay(models.Model):
    """How many codes the whole site asked for on a day. Its row is also the lock behind which limits are counted."""

    day = models.DateField(unique=True)
    codes = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.day}: {self.codes}"


class Mail(Delivery):
    """One mail to a person, about something that was done to the account."""

    TASK = "delivery.send_mail"

    event = models.ForeignKey("log.SecurityEvent", models.CASCADE, related_name="+", verbose_name=_("event"))

    class Meta(Delivery.Meta):
        verbose_name = _("notice by mail")
        verbose_name_plural = _("notices by mail")
        indexes = [models.Index(fields=["status", "sweep_at"], name="mail_to_sweep")]

    def __str__(self) -> str:
        return f"{self.pk}"

    def words(self) -> tuple[str, str]:
        """Subject and body, in the language that is active."""
        return mailer.notice(
            self.event.kind,
            **{
                "user": self.user,
                "at": timezone.localtime(self.event.at),
                "by_office": self.event.actor_id is not None,
                "address": self.event.address,
                **self.event.details(),
            },
        )

    def hand_over(self) -> None:
        mailer.send(self.user.username, *self.words())
