"""The table of what is kept of a person and given to him: of each kind of row, what is shown and what is not.

tests/portal/mydata walks over all tables: a new one, or a new column, is asked about there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.aliases.models import Alias
from accounts.bans.models import Brake, Place
from accounts.browsers.models import TrustedBrowser
from accounts.closures.models import Closure
from accounts.delivery.models import Mail, Sms
from accounts.directory.models import Person
from accounts.elsewhere.models import Arrival
from accounts.factors.models import Authenticator, Passkey, RecoverySet
from accounts.lib.numbers import masked
from accounts.log import sentences
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.openid.models import AccessToken
from accounts.owners.models import Ownership
from accounts.phones.models import HelpCode, Phone, Suggestion
from accounts.rollouts.models import Exemption, ReminderMail, RolloutMember
from accounts.sessions.models import Authorization, SignIn
from accounts.users.models import User
from apppasswords.models import AppPassword, FirstUse, Machine, ProfileLink


@dataclass(frozen=True)
class Column:
    name: str
    label: Promise | str = ""  # empty: as the table calls it
    read: Callable[[Any], Any] | None = None  # of the row; none: the column itself


@dataclass(frozen=True)
class Part:
    name: str
    title: Promise
    model: type[Model]
    of: str  # the way from a row to its person
    shown: tuple[Column, ...]
    hidden: tuple[str, ...] = ()  # what opens something, names somebody else, or says nothing outside of the table

    def rows(self, user: User) -> Iterator[Any]:
        found: QuerySet[Any] = self.model._default_manager.filter(**{self.of: user.pk}).order_by("pk")
        return found.iterator(chunk_size=500)


def _columns(*names: str | Column) -> tuple[Column, ...]:
    return tuple(Column(name) if isinstance(name, str) else name for name in names)


BROWSER, SYSTEM = Column("browser", _("browser")), Column("system", _("system"))
ADDRESS, NETWORK = Column("address", _("address")), Column("network", _("network"))
ENDS, PROTOCOL = Column("ends_at", _("ends")), Column("protocol", _("protocol"))
NUMBER = Column("number", _("number"), lambda row: masked(str(row.number)))  # as he sees it himself
SENT = ("created_at", "status", "sent_at", "delivered_at", "reason", "language")
OF_DELIVERY = ("expires_at", "tried", "sweep_at", "claimed_at", "error", "request")
COUNTED = (Column("count", _("how often")), Column("began_at", _("since")))

PARTS = (
    Part(
        "account", _("Account"), User, "pk",
        _columns(
            "username", "name", "department", "language", "is_active", "is_staff", "is_superuser", "date_joined",
            "last_login", "last_day", "two_step_from", "must_change_password", "codes_paused_until",
            Column("preferred_way", _("preferred way to verify")),
            Column("roles", _("roles"), lambda user: [role.name for role in user.groups.order_by("name")]),
        ),
        ("password", "is_shared", "wrong_codes", "codes_counted_from", "sessions_ended", "ways_version"),
    ),
    Part(
        "directory", _("Entry in the directory"), Person, "user",
        _columns(Column("identity", _("identity")), Column("disabled_at", _("disabled"))),
    ),
    Part("directory_number", _("Number in the directory"), Suggestion, "user", (NUMBER,)),
    Part(
        "phone", _("Bound phone"), Phone, "user",
        _columns(
            NUMBER, "bound_at", Column("agreed_at", _("consent given")),
            Column("notice", _("version of the notice")), Column("operator", _("SMS provider")),
        ),
        ("name", "confirmed", "slot"),
    ),
    Part(
        "authenticator_apps", _("Authenticator apps"), Authenticator, "user",
        _columns("name", "created_at", "last_used_at"), ("confirmed", "key", "last_step", "drift"),
    ),
    Part(
        "passkeys", _("Passkeys"), Passkey, "user", _columns("name", "created_at", "last_used_at"),
        ("confirmed", "credential_id", "public_key", "sign_count", "backup_eligible", "backed_up", "transports",
         "aaguid", "asked_at"),
    ),
    Part(
        "recovery_codes", _("Recovery codes"), RecoverySet, "user",
        _columns(
            "created_at", "last_used_at",
            Column("left", _("left"), lambda row: row.codes.filter(used_at=None).count()),
        ),
        ("name", "confirmed"),
    ),
    Part(
        "help_desk_codes", _("Help-desk codes"), HelpCode, "user",
        _columns("created_at", "expires_at", "used_at", "voided_at"),
        ("phone", "ways_version", "ordinal", "issued_by", "digest", "nonce", "tries"),
    ),
    Part(
        "trusted_browsers", _("Trusted browsers"), TrustedBrowser, "user",
        _columns("browser", "system", "address", "created_at", "seen_at", "expires_at"),
        ("phone", "ways_version", "digest"),
    ),
    Part(
        "signed_in", _("Where you are signed in"), SignIn, "user",
        _columns(
            BROWSER, SYSTEM, ADDRESS, Column("signed_in_at", _("signed in")), Column("seen_at", _("last seen")), ENDS,
            Column("is_temporary", _("temporary")),
        ),
        ("session", "auth_hash"),
    ),
    Part(
        "signed_in_elsewhere", _("Sign-ins by the institution’s service"), Arrival, "user",
        _columns(Column("source", _("service")), Column("ended_at", _("signed out")), ENDS),
        ("departure_digest", "ticket_digest", "session_digest", "subject_digest", "sign_in"),
    ),
    Part(
        "let_in", _("Sign-ins for other sites and mail programs"), Authorization, "user",
        _columns(Column("signed_in_at", _("signed in")), ENDS, Column("is_program", _("mail program"))),
        ("session", "auth_hash", "phone", "ways_version", "method", "browser"),
    ),
    Part(
        "tokens", _("Access given to other sites and mail programs"), AccessToken, "user",
        _columns(
            Column("application", _("application"), lambda row: row.application.name if row.application else ""),
            Column("scope", _("access")), Column("created", _("made")), Column("expires", _("ends")),
        ),
        ("source_refresh_token", "token", "token_checksum", "id_token", "resource", "updated", "authorization"),
    ),
    Part(
        "networks", _("Networks that you got in from"), Place, "user",
        _columns(NETWORK, Column("last_at", _("last"))),
    ),
    Part("guesses", _("Wrong passwords, counted"), Brake, "user", COUNTED, ("told_at",)),
    *(
        Part(
            name, title, AppPassword, of,
            _columns(
                "name", "scope", "networks", "created_at", "last_used_at", "last_used_protocol", "last_used_address",
                "ends_at", "idle_days", Column("mistake_at", _("last refused")),
                Column("mistake_address", _("last refused from")),
            ),
            ("user", "ownership", "digest", "request", "reminded_at", "closed_at", "refused_at", "mistake",
             "mistake_protocol", "mistake_until"),
        )
        for name, title, of in (
            ("app_passwords", _("App passwords for mail programs"), "user"),
            ("app_passwords_of_departments", _("App passwords for department mailboxes"), "ownership__owner"),
        )
    ),
    Part(
        "app_passwords_first_used", _("First use of app passwords"), FirstUse, "password__user",
        _columns(
            Column("password", _("app password"), lambda row: row.password.name), PROTOCOL, Column("at", _("time")),
            ADDRESS,
        ),
    ),
    Part(
        "profile_links", _("QR codes for phones"), ProfileLink, "user",
        _columns(Column("name", _("app password")), Column("created_at", _("made")), Column("used_at", _("used"))),
        ("phone", "digest", "stamp", "expires_at", "password"),
    ),
    Part(
        "machines", _("Machines that you answer for"), Machine, "owner",
        _columns("purpose", "asked_at", Column("name", pgettext_lazy("of a thing", "name"), str)), ("password",),
    ),
    Part(
        "department_mailboxes", _("Department mailboxes that you use"), Ownership, "owner",
        _columns(Column("mailbox", _("mailbox"), lambda row: row.mailbox.username), "created_at"), ("created_by",),
    ),
    Part(
        "other_addresses", _("Other addresses"), Alias, "user", _columns("address", "receives", "created_at"),
        ("note", "created_by"),
    ),
    Part(
        "mail_logins", _("Logins of mail programs"), MailLogin, "user",
        _columns("day", "protocol", "method", "count", "last_at", "address"),
    ),
    Part(
        "sms", _("SMS to you"), Sms, "user",
        _columns(NUMBER, "purpose", *SENT, "address", "used_at", "voided_at", "gateway"),
        (*OF_DELIVERY, "by_owner", "session", "first_session", "nonce", "tries", "via", "rerouted_at", "gateway_id"),
    ),
    Part(
        "notices", _("Notices by mail"), Mail, "user",
        _columns(Column("event", _("about"), lambda row: row.event.label), *SENT), OF_DELIVERY,
    ),
    Part(
        "reminders", _("Reminders of two-step verification"), ReminderMail, "user", _columns(*SENT),
        (*OF_DELIVERY, "reminder"),
    ),
    Part(
        "roll_outs", _("Roll-outs of two-step verification"), RolloutMember, "user",
        _columns(
            Column("start", _("two-step from"), lambda row: row.rollout.start), Column("fate", _("what became of it")),
        ),
        ("rollout", "planned", "before"),
    ),
    Part(
        "exemptions", _("Exemptions"), Exemption, "user", _columns("until", "reason", "made_at", "ended_at"),
        ("made_by", "otherwise", "ended_by"),
    ),
    Part(
        "closures", _("Ends of the account"), Closure, "user",
        _columns(
            Column("why", _("reason")), Column("last_day", _("last day")), Column("told_at", _("told")),
            Column("closed_at", _("disabled")), Column("given_back_at", _("enabled again")),
        ),
    ),
    Part(
        "events", _("Sign-ins and what was done in the account"), SecurityEvent, "user",
        _columns(
            "at", "kind", Column("said", _("in words"), sentences.phrase), "address",
            Column("by_office", _("by the IT office"), lambda row: row.actor_id not in (None, row.user_id)), "detail",
        ),
        ("username", "actor", "actor_name", "nonce", "signature", "position", "previous", "seal"),
    ),
)  # fmt: skip
