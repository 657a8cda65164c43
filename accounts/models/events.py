from collections.abc import Iterable
from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import seals


class EventStaysError(Exception):
    """Events are neither changed nor removed."""


class EventQuerySet(models.QuerySet["SecurityEvent"]):
    """Reads and adds. Triggers in the database refuse the rest to those who come another way."""

    def bulk_create(self, objs: Iterable["SecurityEvent"], *args: Any, **kwargs: Any) -> list["SecurityEvent"]:
        events = list(objs)
        for event in events:
            event.sign()
        return super().bulk_create(events, *args, **kwargs)

    def update(self, **kwargs: Any) -> NoReturn:
        raise EventStaysError

    def delete(self) -> NoReturn:
        raise EventStaysError


class SecurityEvent(models.Model):
    """Who did what to whom, from where. Only ever added to; no secrets."""

    class Kind(models.TextChoices):
        SIGNED_IN = "signed_in", _("signed in")
        SIGNED_OUT = "signed_out", _("signed out")
        REFUSED = "refused", _("wrong password")
        CODE_WRONG = "code_wrong", _("wrong code")
        CODES_PAUSED = "codes_paused", _("codes paused after too many wrong ones")
        CONFIRMED = "confirmed", _("confirmed with a code")
        BANNED = "banned", _("address banned")
        BAN_LIFTED = "ban_lifted", _("ban lifted")
        PHONE_BOUND = "phone_bound", _("phone bound")
        PHONE_CHANGED = "phone_changed", _("phone changed")
        PHONE_UNBOUND = "phone_unbound", _("phone unbound")
        BROWSER_TRUSTED = "browser_trusted", _("browser trusted")
        BROWSERS_FORGOTTEN = "browsers_forgotten", _("trusted browsers forgotten")
        PASSWORD_CHANGED = "password_changed", _("mailbox password changed")
        APP_PASSWORD_CREATED = "app_password_created", _("app password made")
        APP_PASSWORD_REMOVED = "app_password_removed", _("app password removed")
        APPLICATION_OPENED = "application_opened", _("went on to another site")
        APPLICATION_EDITED = "application_edited", _("application edited")
        BARE_NAME = "bare_name", _("mail program without the whole address")
        ACCOUNT_EDITED = "account_edited", _("account edited by the office")
        NETWORK_EDITED = "network_edited", _("known network edited")
        ROLE_EDITED = "role_edited", _("role edited")
        TWO_STEP_SET = "two_step_set", _("two-step switched on")
        TWO_STEP_OFF = "two_step_off", _("two-step switched off")
        TWO_STEP_TAKEN_BACK = "two_step_taken_back", _("date of two-step taken back")
        EXEMPTED = "exempted", _("excepted from two-step")
        EXEMPTION_ENDED = "exemption_ended", _("exception from two-step ended")
        ROLLED_OUT = "rolled_out", _("roll-out carried out")
        ROLLOUT_STOPPED = "rollout_stopped", _("roll-out paused or cancelled")
        PERSON_IMPORTED = "person_imported", _("added or edited by an import")
        PEOPLE_IMPORTED = "people_imported", _("people imported")
        PEOPLE_EXPORTED = "people_exported", _("people exported")
        SESSIONS_ENDED = "sessions_ended", _("signed out everywhere")
        PAUSE_ENDED = "pause_ended", _("pause of codes ended")
        TEST_SMS = "test_sms", _("test SMS sent")
        HELP_CODE_ISSUED = "help_code_issued", _("help-desk code given")
        HELP_CODE_USED = "help_code_used", _("help-desk code entered")
        NUMBER_SEEN = "number_seen", _("whole phone number looked at")
        NOT_ME = "not_me", _("“not me” said")
        LOG_EXPORTED = "log_exported", _("security log exported")
        LOG_CUT = "log_cut", _("old part of the security log removed")

    # What an event says, in the order in which its signature covers it.
    CONTENT = ("nonce", "at", "kind", "user_id", "username", "actor_id", "actor_name", "address", "detail")

    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    kind = models.CharField(_("what"), max_length=30, choices=Kind)
    # No constraint in the database: an event stays as it was written when its people are deleted.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="events",
        verbose_name=_("user"),
    )  # fmt: skip
    username = models.CharField(_("mailbox address"), max_length=254, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="+",
        verbose_name=_("done by"), help_text=_("Empty: the owner."),
    )  # fmt: skip
    actor_name = models.CharField(_("done by (address)"), max_length=254, blank=True)
    address = models.CharField(_("address"), max_length=45, blank=True)
    detail = models.JSONField(_("details"), default=dict, blank=True)

    # Signed when it is made (accounts/seals.py); given its position in the chain right after the commit (chain.py).
    nonce = models.CharField(max_length=32, blank=True, editable=False)
    signature = models.CharField(max_length=64, blank=True, editable=False)
    position = models.BigIntegerField(_("position"), null=True, unique=True, editable=False)
    previous = models.CharField(max_length=64, blank=True, editable=False)
    seal = models.CharField(_("seal"), max_length=64, blank=True, editable=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("security event")
        verbose_name_plural = _("security log")
        permissions = [("export_securityevent", _("Can export the security log"))]
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["user", "-at"], name="events_of_a_user"),
            models.Index(fields=["id"], condition=models.Q(position=None), name="events_to_seal"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["nonce"], condition=~models.Q(nonce=""), name="one_event_a_nonce"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise EventStaysError
        self.sign()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise EventStaysError

    def sign(self) -> None:
        self.nonce = seals.new_nonce()
        self.signature = seals.signature(getattr(self, name) for name in self.CONTENT)


class LogEnd(models.Model):
    """Where the security log begins and where it ends, signed: what is cut off at an end leaves no gap to be seen.

    The triggers let go of the events up to START and of no other.
    """

    class Which(models.TextChoices):
        START = "start"  # the newest of the events that were removed when their time was over
        END = "end"  # the newest event

    which = models.CharField(primary_key=True, max_length=5, choices=Which)
    position = models.BigIntegerField()
    seal = models.CharField(max_length=64)
    at = models.DateTimeField()  # the time of that event
    signature = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.which} {self.position}"

    def is_genuine(self) -> bool:
        return seals.is_end(self.signature, self.which, self.position, self.seal, self.at)
