from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.users.models import User
from apppasswords.limits import LONGEST_NETWORKS, Limits, Scope

NAME_LENGTH = 60  # characters
PURPOSE_LENGTH = 200  # characters
WATCHED = timedelta(minutes=15)  # how long a page waits for a phone to be set up
REFUSAL_SHOWN_FOR = timedelta(days=1)


class Mistake(models.TextChoices):
    """What a mail program did wrong, as its owner can mend it."""

    BARE_NAME = "name", _("only the part before the @ as the user name")
    MAILBOX_PASSWORD = "mailbox", _("the mailbox password instead of the app password")
    MISTYPED = "mistyped", _("something like an app password, with a slip or of another account")
    WRONG = "wrong", _("a wrong password")
    BANNED = "banned", _("the address is banned")
    OTHER_USE = "use", _("it may not be used for that")
    ELSEWHERE = "network", _("it may not be used from there")
    ENDED = "ended", _("it has ended")
    UNUSED = "unused", _("it has ended, as it was not used for long")


# Of an app password that is right: it does not allow what was tried.
BY_LIMITS = (Mistake.OTHER_USE, Mistake.ELSEWHERE, Mistake.ENDED, Mistake.UNUSED)


class AppPassword(models.Model):
    """What one mail program signs in with. The secret itself was shown once and is nowhere."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="app_passwords", verbose_name=_("user")
    )
    # Of a department mailbox: whose it is. Who no longer uses the mailbox takes it along.
    ownership = models.ForeignKey(
        "owners.Ownership",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="app_passwords",
        verbose_name=_("used by"),
    )
    name = models.CharField(pgettext_lazy("of a thing", "name"), max_length=NAME_LENGTH)
    digest = models.CharField(max_length=64)
    # From the form that made it: the same form sent again (reload, double click) makes no second password.
    request = models.CharField(max_length=32, null=True, blank=True)  # noqa: DJ001 (NULLs are not unique, "" would be)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    last_used_protocol = models.CharField(_("protocol"), max_length=10, blank=True)
    last_used_address = models.CharField(_("address"), max_length=45, blank=True)
    # One of before there were limits goes on as it was; a process of that time makes such ones still.
    scope = models.CharField(
        _("may be used for"),
        max_length=40,
        choices=Scope,
        default=Scope.MAIL,
        db_default=Scope.MAIL_AND_FILTERS,
    )
    networks = models.CharField(
        _("only from these networks"), max_length=LONGEST_NETWORKS, blank=True, default="", db_default=""
    )
    ends_at = models.DateTimeField(_("ends"), null=True, blank=True)
    idle_days = models.PositiveSmallIntegerField(_("ends after days without use"), null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)  # that it will end
    closed_at = models.DateTimeField(null=True, blank=True)  # it had ended, and what was connected was put out
    refused_at = models.DateTimeField(null=True, blank=True)  # by its limits, and it is in the log
    # The last thing that went wrong while it had not been used yet, or by its limits.
    mistake = models.CharField(_("mistake"), max_length=10, choices=Mistake, blank=True)
    mistake_at = models.DateTimeField(null=True, blank=True)
    mistake_protocol = models.CharField(max_length=10, blank=True)
    mistake_address = models.CharField(max_length=45, blank=True)
    mistake_until = models.DateTimeField(null=True, blank=True)  # of a ban

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

    @property
    def holder(self) -> User:
        """Who made it, and is told of it."""
        return self.ownership.owner if self.ownership else self.user

    @property
    def title(self) -> str:
        """In a mail to its holder, in the log: for which mailbox it is, if it is not the holder's own."""
        return f"{self.name} · {self.user.username}" if self.ownership_id else self.name

    @property
    def limits(self) -> Limits:
        return Limits(self.scope, self.networks, self.ends_at, self.idle_days)

    @property
    def over_at(self) -> datetime | None:
        """When it ends, if nobody uses it before."""
        return self.limits.over_at(self.last_used_at or self.created_at)

    @property
    def is_over(self) -> bool:
        return self.over_at is not None and self.over_at <= timezone.now()

    @property
    def was_refused(self) -> bool:
        """Lately, by its limits: worth a word even of one that is in use."""
        is_recent = self.mistake_at is not None and self.mistake_at > timezone.now() - REFUSAL_SHOWN_FOR
        return is_recent and self.mistake in BY_LIMITS


class Machine(models.Model):
    """A device or program of the institution that sends mail: a printer, the library, finance. The office made its app
    password, and somebody answers for it."""

    password = models.OneToOneField(AppPassword, models.CASCADE, related_name="machine")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="machines", verbose_name=_("responsible")
    )
    purpose = models.CharField(_("purpose"), max_length=PURPOSE_LENGTH)
    asked_at = models.DateTimeField(_("owner asked"), default=timezone.now)  # whether it is still needed

    class Meta:
        verbose_name = _("machine")
        verbose_name_plural = _("machines")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.password.name


class Naming(models.Model):
    """Names of one person that were compared with the mailbox password, counted since `began_at`
    (apppasswords/names.py)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    count = models.PositiveIntegerField()
    began_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.user_id)


class FirstUse(models.Model):
    """The first login with an app password by one protocol. It says that the mail program is set up."""

    password = models.ForeignKey(AppPassword, models.CASCADE, related_name="first_uses")
    protocol = models.CharField(max_length=10)
    at = models.DateTimeField()
    address = models.CharField(max_length=45)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["password", "protocol"], name="one_first_use_a_protocol")]
        ordering = ["at"]

    def __str__(self) -> str:
        return self.protocol


class ProfileLink(models.Model):
    """A QR code on somebody's screen, which takes a phone to a profile with a new app password: once, and soon."""

    class State(models.TextChoices):
        WAITING = "waiting"
        EXPIRED = "expired"
        TAKEN = "taken"
        CONNECTED = "connected"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="profile_links")
    # A changed or unbound phone ends its links by itself.
    phone = models.ForeignKey("phones.Phone", models.CASCADE, null=True, related_name="+")
    name = models.CharField(max_length=NAME_LENGTH)  # of the app password
    digest = models.CharField(max_length=64, unique=True)  # of the token, which is nowhere
    stamp = models.CharField(max_length=64)  # of the account as it was: password, sessions, two-step
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    password = models.ForeignKey(AppPassword, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("QR code of a profile")
        verbose_name_plural = _("QR codes of profiles")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> State:
        if self.used_at is None:
            return self.State.WAITING if timezone.now() < self.expires_at else self.State.EXPIRED
        return self.State.CONNECTED if self.password and self.password.last_used_at else self.State.TAKEN

    @property
    def may_change(self) -> bool:
        """Whether it is worth asking again: a phone that has not signed in long after it was set up will not."""
        waits_for_phone = self.state is self.State.TAKEN and self.used_at and timezone.now() < self.used_at + WATCHED
        return self.state is self.State.WAITING or bool(waits_for_phone)
