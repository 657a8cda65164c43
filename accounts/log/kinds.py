"""The table of events: for each kind which details it has, and what is said of it. `events.record` holds callers to it.

A new kind is one entry here, and templates/mail/<kind>.txt if the owner is told by mail.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.log.details import (
    CHANNEL,
    CLOSURE,
    COUNT,
    KEY,
    LIMIT,
    MASKED,
    METHOD,
    MOMENT,
    NAMES,
    PURPOSE,
    REASON,
    ROLE,
    TEXT,
    VALUES,
    WAY,
    YES_NO,
    Detail,
    Field,
    WrongDetail,
)

Details = Mapping[str, Detail]

ODD = (KeyError, ValueError, TypeError)  # a detail that an older version wrote, or a hand


@dataclass(frozen=True)
class Entry:
    """`says` names details. Without one of them the label is said, with those of `notes` that there are behind it."""

    needs: Details = field(default_factory=dict)
    may: Details = field(default_factory=dict)
    says: Promise | str = ""
    notes: tuple[str, ...] = ()
    by_itself: bool = False  # nobody does it

    @property
    def details(self) -> Details:
        return {**self.needs, **self.may}

    @property
    def noted(self) -> tuple[str, ...]:
        return self.notes or tuple(re.findall(r"%\((\w+)\)s", str(self.says)))


WHY = {"reason": REASON}
WITH_CODES = {"recovery_gone": YES_NO}  # recovery codes went with it, as no other way was left
EDITED = (
    "name",
    "department",
    "two_step_from",
    "is_active",
    "last_day",
    "is_staff",
    "is_superuser",
    "must_change_password",
    "groups",
)


class Kind(models.TextChoices):
    entry: Entry

    def __new__(cls, value: str, entry: Entry = Entry()) -> "Kind":
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.entry = entry
        return kind

    SIGNED_IN = (
        "signed_in",
        Entry(
            needs={"method": METHOD, "browser": TEXT, "system": TEXT},
            may={"source": TEXT, "both_steps_since": TEXT},
            says=_("signed in with %(browser)s on %(system)s (%(method)s)"),
        ),
        _("signed in"),
    )
    SIGNED_OUT = "signed_out", _("signed out")
    BROWSER_SIGNED_OUT = (
        "browser_signed_out",
        Entry(needs={"browser": TEXT, "system": TEXT}, says=_("signed out %(browser)s on %(system)s from elsewhere")),
        _("another browser signed out"),
    )
    REFUSED = (
        "refused",
        Entry(needs={"channel": CHANNEL}, says=_("wrong password (%(channel)s)")),
        _("wrong password"),
    )
    CODE_WRONG = (
        "code_wrong",
        Entry(needs={"purpose": PURPOSE}, says=_("entered a wrong code (%(purpose)s)")),
        _("wrong code"),
    )
    CODES_PAUSED = (
        "codes_paused",
        Entry(
            needs={"until": MOMENT}, says=_("codes paused until %(until)s after too many wrong ones"), by_itself=True
        ),
        _("codes paused after too many wrong ones"),
    )
    CONFIRMED = "confirmed", Entry(may={"method": METHOD}, notes=("method",)), _("confirmed with a second step")
    BANNED = (
        "banned",
        Entry(
            needs={"until": MOMENT, "failures": COUNT},
            says=_("address banned until %(until)s after %(failures)s wrong passwords"),
            by_itself=True,
        ),
        _("address banned"),
    )
    GUESSED = (
        "guessed",
        Entry(
            needs={"failures": COUNT, "until": MOMENT},
            says=_("guessed at from many addresses; until %(until)s it opens only where it was used before"),
            by_itself=True,
        ),
        _("mailbox password guessed at from many addresses"),
    )
    BRAKE_RELEASED = "brake_released", Entry(may=WHY), _("open from everywhere again after guessing")
    BAN_LIFTED = "ban_lifted", Entry(may={"account": TEXT, **WHY}, notes=("account",)), _("ban lifted")
    PHONE_BOUND = (
        "phone_bound",
        Entry(
            needs={"number": MASKED},
            may={"trusted_since": TEXT},  # the directory's, by which this person had to begin
            says=_("phone %(number)s bound"),
        ),
        _("phone bound"),
    )
    NUMBER_AGREED = (
        "number_agreed",
        Entry(
            needs={"notice": TEXT},  # its version
            may={"operator": TEXT},
            notes=("operator", "notice"),
        ),
        _("agreed that the phone number is given to the SMS provider"),
    )
    PHONE_CHANGED = (
        "phone_changed",
        Entry(
            needs={"number": MASKED, "old_number": MASKED}, says=_("phone changed from %(old_number)s to %(number)s")
        ),
        _("phone changed"),
    )
    PHONE_UNBOUND = (
        "phone_unbound",
        Entry(needs={"old_number": MASKED}, may={**WITH_CODES, **WHY}, says=_("phone %(old_number)s unbound")),
        _("phone unbound"),
    )
    WAY_ADDED = (
        "way_added",
        Entry(needs={"way": WAY, "name": TEXT}, says=_("second step added: %(way)s “%(name)s”")),
        _("second step added"),
    )
    WAY_REMOVED = (
        "way_removed",
        Entry(
            needs={"way": WAY, "name": TEXT},
            may={**WITH_CODES, **WHY},
            says=_("second step removed: %(way)s “%(name)s”"),
        ),
        _("second step removed"),
    )
    PASSKEY_COPIED = (
        "passkey_copied",
        Entry(needs={"name": TEXT}, says=_("passkey refused, as there seem to be two of it: “%(name)s”")),
        _("passkey refused: copied"),
    )
    RECOVERY_MADE = "recovery_made", _("recovery codes made")
    RECOVERY_USED = (
        "recovery_used",
        Entry(needs={"left": COUNT}, says=_("recovery code used, %(left)s left")),
        _("recovery code used"),
    )
    RECOVERY_REMOVED = "recovery_removed", Entry(may=WHY), _("recovery codes removed")
    BROWSER_TRUSTED = (
        "browser_trusted",
        Entry(needs={"browser": TEXT}, says=_("browser trusted: %(browser)s")),
        _("browser trusted"),
    )
    BROWSERS_FORGOTTEN = (
        "browsers_forgotten",
        Entry(needs={"browsers": NAMES}, may=WHY, says=_("trusted browsers forgotten: %(browsers)s")),
        _("trusted browsers forgotten"),
    )
    PASSWORD_CHANGED = "password_changed", Entry(may=WHY), _("mailbox password changed")
    APP_PASSWORD_CREATED = (
        "app_password_created",
        Entry(needs={"name": TEXT}, says=_("app password “%(name)s” made")),
        _("app password made"),
    )
    APP_PASSWORD_REMOVED = (
        "app_password_removed",
        Entry(needs={"names": NAMES}, may=WHY, says=_("app passwords removed: %(names)s")),
        _("app password removed"),
    )
    APP_PASSWORD_REFUSED = (
        "app_password_refused",
        Entry(
            needs={"name": TEXT, "channel": CHANNEL, "why": LIMIT},
            says=_("app password “%(name)s” refused (%(channel)s): %(why)s"),
            by_itself=True,
        ),
        _("app password refused by its limits"),
    )
    APP_PASSWORD_ENDING = (
        "app_password_ending",
        Entry(
            needs={"name": TEXT, "until": MOMENT},
            says=_("app password “%(name)s” ends at %(until)s: its owner is told"),
            by_itself=True,
        ),
        _("app password ends soon"),
    )
    APP_PASSWORD_ENDED = (
        "app_password_ended",
        Entry(needs={"name": TEXT}, says=_("app password “%(name)s” has ended"), by_itself=True),
        _("app password ended"),
    )
    ALIAS_GRANTED = (
        "alias_granted",
        Entry(needs={"alias": TEXT}, says=_("may send as %(alias)s")),
        _("other address granted"),
    )
    ALIAS_WITHDRAWN = (
        "alias_withdrawn",
        Entry(needs={"alias": TEXT}, says=_("may no longer send as %(alias)s")),
        _("other address withdrawn"),
    )
    PROGRAM_REMOVED = (
        "program_removed",
        Entry(needs={"names": NAMES}, says=_("mail programs signed out: %(names)s")),
        _("mail program signed out"),
    )
    SHARED = ("shared", Entry(), _("department mailbox made"))
    OWNER_APPOINTED = (
        "owner_appointed",
        Entry(needs={"mailbox": TEXT}, says=_("uses the department mailbox %(mailbox)s")),
        _("department mailbox given"),
    )
    OWNER_DISMISSED = (
        "owner_dismissed",
        Entry(needs={"mailbox": TEXT}, says=_("no longer uses the department mailbox %(mailbox)s")),
        _("department mailbox taken"),
    )
    MACHINE_MADE = (
        "machine_made",
        Entry(
            needs={"name": TEXT, "mailbox": TEXT},
            says=_("answers for the machine “%(name)s”, which sends as %(mailbox)s"),
        ),
        _("machine made"),
    )
    MACHINE_ASKED = (
        "machine_asked",
        Entry(
            needs={"name": TEXT, "mailbox": TEXT},
            may={"used_at": MOMENT},
            says=_("asked whether the machine “%(name)s” (%(mailbox)s) is still needed"),
            by_itself=True,
        ),
        _("owner of a machine asked"),
    )
    MACHINE_ENDING = (
        "machine_ending",
        Entry(
            needs={"name": TEXT, "mailbox": TEXT, "until": MOMENT},
            says=_("app password of the machine “%(name)s” (%(mailbox)s) ends at %(until)s: its owner is told"),
            by_itself=True,
        ),
        _("app password of a machine ends soon"),
    )
    MAIL_ENDED = (
        "mail_ended",
        Entry(
            needs={"connections": COUNT}, says=_("connections of mail programs ended: %(connections)s"), by_itself=True
        ),
        _("connections of mail programs ended"),
    )
    MAKING_PAUSED = (
        "making_paused",
        Entry(needs={"until": MOMENT}, notes=("until",), by_itself=True),
        _("too many app passwords and QR codes for one day"),
    )
    APPLICATION_OPENED = "application_opened", Entry(needs={"application": TEXT}), _("went on to another site")
    APPLICATION_EDITED = (
        "application_edited",
        Entry(needs={"application": TEXT, "fields": NAMES}),
        _("application edited"),
    )
    APPLICATION_REGISTERED = (
        "application_registered",
        Entry(needs={"application": TEXT}, notes=("application",), by_itself=True),
        _("mail program registered itself"),
    )
    BARE_NAME = (
        "bare_name",
        Entry(needs={"channel": CHANNEL}, notes=("channel",)),
        _("mail program without the whole address"),
    )
    ACCOUNT_EDITED = (
        "account_edited",
        Entry(may={name: Field(name) for name in EDITED}, notes=EDITED),
        _("account edited by the office"),
    )
    NETWORK_EDITED = (
        "network_edited",
        Entry(
            needs={"act": TEXT, "network": TEXT, "known_as": TEXT, "note": TEXT},
            may={"was": VALUES},
            notes=("network",),
        ),
        _("known network edited"),
    )
    ROLE_EDITED = (
        "role_edited",
        Entry(needs={"act": TEXT, "role": ROLE}, may={"given": NAMES, "taken": NAMES}, notes=("role",)),
        _("role edited"),
    )
    TWO_STEP_SET = (
        "two_step_set",
        Entry(
            needs={"start": MOMENT},
            may={"rollout": KEY, "file": KEY},
            says=_("two-step switched on from %(start)s"),
        ),
        _("two-step switched on"),
    )
    TWO_STEP_OFF = "two_step_off", Entry(needs=WHY), _("two-step switched off")
    TWO_STEP_TAKEN_BACK = (
        "two_step_taken_back",
        Entry(needs={"rollout": KEY}, may={"start": MOMENT}, notes=("start",)),
        _("date of two-step taken back"),
    )
    EXEMPTED = "exempted", Entry(needs={"until": MOMENT, **WHY}, notes=("until",)), _("exempted from two-step")
    EXEMPTION_ENDED = (
        "exemption_ended",
        Entry(may={"start": MOMENT}, notes=("start",)),
        _("exemption from two-step ended"),
    )
    ROLLED_OUT = (
        "rolled_out",
        Entry(needs={"rollout": KEY, "people": COUNT, "start": MOMENT}, notes=("start",)),
        _("roll-out carried out"),
    )
    ROLLOUT_STOPPED = (
        "rollout_stopped",
        Entry(needs={"rollout": KEY, "people": COUNT, "for_good": YES_NO}),
        _("roll-out paused or cancelled"),
    )
    PERSON_IMPORTED = (
        "person_imported",
        Entry(needs={"file": KEY}, may={"new": YES_NO, "changed": NAMES}),
        _("added or edited by an import"),
    )
    PEOPLE_IMPORTED = (
        "people_imported",
        Entry(needs={"file": KEY, "new": COUNT, "changed": COUNT, "unchanged": COUNT}),
        _("people imported"),
    )
    PERSON_ARRIVED = (
        "person_arrived",
        Entry(needs={"source": TEXT}, notes=("source",), by_itself=True),
        _("added at the first sign-in by the institution’s service"),
    )
    PERSON_SYNCED = (
        "person_synced",
        Entry(may={"new": YES_NO, "changed": NAMES, "was": TEXT, "disabled": YES_NO}, notes=("changed", "was")),
        _("added or edited from the directory"),
    )
    PEOPLE_SYNCED = (
        "people_synced",
        Entry(
            needs={"new": COUNT, "changed": COUNT, "disabled": COUNT, "held": COUNT, "faults": COUNT},
            says=_("people from the directory: %(new)s added, %(changed)s edited, %(disabled)s disabled"),
        ),
        _("people taken from the directory"),
    )
    SYNC_FAILED = (
        "sync_failed",
        Entry(needs={"error": TEXT}, says=_("people could not be taken from the directory: %(error)s"), by_itself=True),
        _("people could not be taken from the directory"),
    )
    LAST_DAY_SET = (
        "last_day_set",
        Entry(needs={"last_day": MOMENT}, may=WHY, says=_("last day of the account set to %(last_day)s")),
        _("last day of the account set"),
    )
    LAST_DAY_TAKEN_BACK = "last_day_taken_back", Entry(may=WHY), _("last day of the account taken back")
    CLOSING = (
        "closing",
        Entry(
            needs={"why": CLOSURE, "last_day": MOMENT},
            says=_("told by mail that the account ends after %(last_day)s (%(why)s)"),
            by_itself=True,
        ),
        _("told that the account ends"),
    )
    CLOSED = (
        "closed",
        Entry(needs={"why": CLOSURE}, says=_("account disabled by itself (%(why)s)"), by_itself=True),
        _("account disabled by itself"),
    )
    ERASED = "erased", Entry(may=WHY, notes=("reason",)), _("account erased with what was kept of it")
    EXPIRED = "expired", Entry(by_itself=True), _("account erased by itself, disabled for long")
    DATA_TAKEN = "data_taken", _("copy of the own data taken")
    PEOPLE_EXPORTED = "people_exported", Entry(needs={"people": COUNT, "format": TEXT}), _("people exported")
    SESSIONS_ENDED = "sessions_ended", Entry(may=WHY), _("signed out everywhere")
    PAUSE_ENDED = "pause_ended", Entry(may=WHY), _("pause of codes ended")
    CODES_GIVEN = "codes_given", Entry(may=WHY), _("codes allowed again")
    TEST_SMS = "test_sms", Entry(needs={"number": MASKED}, may=WHY, notes=("number",)), _("test SMS sent")
    HELP_CODE_ISSUED = (
        "help_code_issued",
        Entry(needs={"until": MOMENT}, may=WHY, notes=("until",)),
        _("help-desk code given"),
    )
    HELP_CODE_USED = "help_code_used", _("help-desk code entered")
    GATEWAY_SWITCHED = (
        "gateway_switched",
        Entry(needs={"gateway": TEXT, "on": YES_NO, **WHY}, notes=("gateway",)),
        _("SMS gateway switched on or off"),
    )
    NUMBER_SEEN = "number_seen", Entry(may=WHY), _("whole phone number looked at")
    NOT_ME = (
        "not_me",
        Entry(needs={"app_passwords_removed": COUNT}, may={"login": TEXT, "login_at": MOMENT, "login_from": TEXT}),
        _("“not me” said"),
    )
    STOLEN = (
        "stolen",
        Entry(
            needs={"app_passwords_removed": COUNT, "password_ended": YES_NO},
            may=WHY | {"call": TEXT},  # of another program: the digest of its signature
            notes=("reason",),
        ),
        _("account locked against misuse"),
    )
    LOG_EXPORTED = (
        "log_exported",
        Entry(
            needs={"format": TEXT, "rows": COUNT, "filters": VALUES, "searched": YES_NO},
            says=_("security log exported: %(rows)s events as %(format)s"),
        ),
        _("security log exported"),
    )
    LOG_CUT = (
        "log_cut",
        Entry(
            needs={"removed": COUNT, "before": MOMENT},
            says=_("%(removed)s events older than %(before)s removed from the security log"),
            by_itself=True,
        ),
        _("old part of the security log removed"),
    )

    def stored(self, detail: Mapping[str, Any]) -> dict[str, Any]:
        """As JSON, in the table's order. What may be there and is None is not. WrongDetail for what is not as the
        table says."""
        given = {name: value for name, value in detail.items() if value is not None or name not in self.entry.may}
        if unknown := given.keys() - self.entry.details.keys():
            raise WrongDetail(f"{self} has no detail {', '.join(sorted(unknown))}")
        if missing := self.entry.needs.keys() - given.keys():
            raise WrongDetail(f"{self} needs the detail {', '.join(sorted(missing))}")
        return {name: self._plain(name, given[name]) for name in self.entry.details if name in given}

    def _plain(self, name: str, value: Any) -> Any:
        try:
            return self.entry.details[name].store(value)
        except WrongDetail as error:
            raise WrongDetail(f"{self}, {name}: {error}") from None


BY_NAME: Mapping[str, Kind] = {kind.value: kind for kind in Kind}
