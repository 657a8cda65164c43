from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


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

    class Meta:
        verbose_name = _("security event")
        verbose_name_plural = _("security log")
        permissions = [("export_securityevent", _("Can export the security log"))]
        ordering = ["-pk"]
        indexes = [models.Index(fields=["user", "-at"], name="events_of_a_user")]

    def __str__(self) -> str:
        return self.get_kind_display()
