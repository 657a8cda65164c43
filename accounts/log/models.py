from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NoReturn, TypeAlias

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.log import kinds, signatures


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

    Kind: TypeAlias = kinds.Kind

    # What an event says, in the order in which its signature covers it.
    CONTENT = ("nonce", "at", "kind", "user_id", "username", "actor_id", "actor_name", "address", "detail")

    at = models.DateTimeField(_("time"), default=timezone.now, db_index=True)
    kind = models.CharField(_("what"), max_length=30, choices=kinds.Kind)
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

    # Signed when it is made (signatures.py); given its position in the chain right after the commit (chain.py).
    nonce = models.CharField(max_length=32, blank=True, editable=False)
    signature = models.CharField(max_length=64, blank=True, editable=False)
    position = models.BigIntegerField(_("position"), null=True, unique=True, editable=False)
    previous = models.CharField(max_length=64, blank=True, editable=False)
    seal = models.CharField(_("seal"), max_length=64, blank=True, editable=False)

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("security event")
        verbose_name_plural = _("security events")
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
        return self.label

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise EventStaysError
        self.sign()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise EventStaysError

    @property
    def label(self) -> str:
        """Of its kind. (`get_kind_display` translates those of all sixty to say one: 5 ms for each row of a list.)"""
        known = kinds.BY_NAME.get(self.kind)
        return str(known.label) if known else self.kind

    @property
    def entry(self) -> kinds.Entry:
        """What the table says of its kind; an empty one for a kind that another version knew."""
        known = kinds.BY_NAME.get(self.kind)
        return known.entry if known else kinds.Entry()

    def details(self) -> dict[str, Any]:
        """For templates: moments as such, and what no table knows as it was written."""
        read = dict(self.detail)
        for name, detail in self.entry.details.items():
            with suppress(*kinds.ODD):
                read[name] = detail.read(self.detail[name])
        return read

    def sign(self) -> None:
        self.nonce = signatures.new_nonce()
        self.signature = signatures.signature(getattr(self, name) for name in self.CONTENT)


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
        return signatures.is_end(self.signature, self.which, self.position, self.seal, self.at)
