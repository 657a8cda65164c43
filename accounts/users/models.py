from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.lib.compiled import Query
from accounts.users import usernames

OVER = _("The last day is over: set a later one, or none, or disable the account.")


def validate_canonical(value: str) -> None:
    if usernames.canonical(value) != value:
        raise ValidationError(_("Enter the whole mailbox address in lower case."), code="not_canonical")


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        name = usernames.canonical(username)
        if name is None:
            raise ValueError("a user needs a whole mailbox address")
        user = self.model(username=name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """An administrator uses two-step from the first minute."""
        fields.setdefault("two_step_from", timezone.now())
        return self.create_user(username, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        name = usernames.canonical(username or "")
        user = OF_A_NAME.first(name) if name else None
        if user is None:
            raise User.DoesNotExist
        return user

    def hold(self, *keys: int) -> None:
        """In a transaction, before anything that hangs on these accounts is changed: two that do so wait for each other
        here, and, since all hold them in one order, never in a circle. (SQLite has one writer at a time anyway.)"""
        list(self.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk").values_list("pk"))

    def end_sessions(self, *users: "User") -> None:
        """All of theirs, half-way ones too."""
        rows = self.filter(pk__in=[user.pk for user in users])
        rows.update(sessions_ended=models.F("sessions_ended") + 1)
        ended = dict(rows.values_list("pk", "sessions_ended"))
        for user in users:
            user.sessions_ended = ended.get(user.pk, user.sessions_ended)


class User(AbstractBaseUser, PermissionsMixin):
    """The owner of a mailbox."""

    username = models.CharField(
        _("mailbox address"),
        max_length=usernames.LONGEST,
        unique=True,
        validators=[validate_canonical],
        error_messages={"unique": _("This mailbox already exists.")},
    )
    name = models.CharField(_("name"), max_length=100, blank=True)
    department = models.CharField(_("department"), max_length=100, blank=True, db_index=True)
    language = models.CharField(
        _("language"), max_length=10, default="zh-hans", help_text=_("Of notices by mail and SMS.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    last_day = models.DateField(
        _("last day"),
        null=True,
        blank=True,
        db_index=True,
        help_text=_("Afterwards the account is disabled by itself. Its owner is told before by mail."),
    )
    is_shared = models.BooleanField(
        _("department mailbox"),
        default=False,
        db_default=False,
        editable=False,
        help_text=_("Several people use it, each with app passwords; nobody signs in as it."),
    )
    is_staff = models.BooleanField(_("IT staff"), default=False, help_text=_("May open the administration."))
    date_joined = models.DateTimeField(_("added"), default=timezone.now)
    two_step_from = models.DateTimeField(
        _("two-step from"),
        null=True,
        blank=True,
        db_index=True,
        help_text=_("Two-step is on from this time; empty: off."),
    )
    must_change_password = models.BooleanField(_("must choose a new password"), default=False)

    # They belong to the account, not to a code or a phone: asking for a new code, or unbinding, does not reset them.
    wrong_codes = models.PositiveIntegerField(_("wrong codes in a row"), default=0, editable=False)
    codes_paused_until = models.DateTimeField(_("codes paused until"), null=True, blank=True, editable=False)

    # What was asked for before no longer counts: see accounts/codes/limits.py.
    codes_counted_from = models.DateTimeField(null=True, blank=True, editable=False)

    # Set on request.user (accounts/sessions/gate/): the second step was taken in this session, and by what.
    is_verified: Callable[[], bool]
    otp_device: Any

    # How often all sessions of the account were ended. Part of what a session is checked against, as the password is.
    sessions_ended = models.PositiveIntegerField(default=0, editable=False)

    # Grows whenever a way to take the second step is added, changed or removed (accounts/users/ways.py). What was
    # opened by the former ones holds the former number, and opens nothing any more.
    ways_version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    preferred_way = models.CharField(max_length=10, blank=True, default="", db_default="", editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["username"]
        # The list of a department's people, in their order: one that is sorted anew has read all of them.
        indexes = [
            models.Index(fields=["department", "username"], name="people_of_a_department"),
            # Those of them who have nothing bound are looked for among all.
            models.Index(
                fields=["two_step_from", "id"], condition=models.Q(is_shared=False), name="people_with_two_step"
            ),
        ]
        # What roles are made of, besides Django's view, add, change and delete.
        permissions = [
            ("help_people", _("Can help people: phones, browsers, passwords")),
            ("roll_out", _("Can switch two-step on and import people")),
            ("export_people", _("Can export people")),
            ("see_numbers", _("Can see whole phone numbers")),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(username=Lower("username")), name="username_is_lower_case"),
            models.CheckConstraint(
                condition=models.Q(is_superuser=False) | models.Q(last_day=None),
                name="administrators_have_no_last_day",
                violation_error_message=_("An administrator with all rights has no last day: take the rights first."),
            ),
        ]

    def __str__(self) -> str:
        return self.username

    def clean(self) -> None:
        super().clean()
        if self.is_active and self.has_left():
            raise ValidationError(OVER, code="last_day")

    def has_left(self) -> bool:
        """Whether its last day is over."""
        return self.last_day is not None and self.last_day < timezone.localdate()

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """As Django's, and of `sessions_ended` too."""
        bound = f"{self.password} {self.sessions_ended}"
        return salted_hmac("accounts.User.sessions", bound, secret=secret, algorithm="sha256").hexdigest()

    def check_password(self, raw_password: str | None) -> bool:
        """As Django's. Hashed anew it takes the place of what was compared, and of nothing that came meanwhile."""
        compared = self.password

        def hash_anew(right: str) -> None:
            hashed = make_password(right)
            if User.objects.filter(pk=self.pk, password=compared).update(password=hashed):
                self.password = hashed

        return check_password(raw_password, compared, hash_anew)

    def hold(self) -> None:
        User.objects.hold(self.pk)

    def end_sessions(self) -> None:
        """All of them, half-way ones too."""
        User.objects.end_sessions(self)

    def get_full_name(self) -> str:
        return self.name or self.username

    def get_short_name(self) -> str:
        return self.name or self.username.partition("@")[0]

    def two_step_is_on(self, at: datetime | None = None) -> bool:
        return self.two_step_from is not None and self.two_step_from <= (at or timezone.now())


OF_A_NAME = Query(lambda name: User.objects.filter(username=name)[:1])
