from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Network(models.Model):
    """The row behind which the failures of one address are counted one at a time."""

    network = models.CharField(primary_key=True, max_length=43)

    def __str__(self) -> str:
        return self.network


class Ban(models.Model):
    """An address that nobody may sign in from for a while; in a shared network, one account at that address."""

    network = models.CharField(_("address"), max_length=43)  # an IPv4 address, or an IPv6 /64, /56 or /48
    account = models.CharField(_("account"), max_length=254, blank=True)  # empty: the whole address
    started_at = models.DateTimeField(_("from"), default=timezone.now)
    until = models.DateTimeField(_("until"))
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("lifted by")
    )
    lift_reason = models.CharField(_("reason for lifting"), max_length=200, blank=True)

    # What led to it, as it was then: failures are deleted after a while, and the ban of a building takes them over.
    failure_count = models.PositiveIntegerField(_("wrong passwords"), default=0)
    account_count = models.PositiveIntegerField(_("accounts"), default=0)
    unknown_count = models.PositiveIntegerField(_("accounts that do not exist"), default=0)
    password_count = models.PositiveIntegerField(_("different passwords"), default=0)
    guess_count = models.PositiveIntegerField(default=0)  # different pairs of account and password
    channels = models.CharField(_("ways in"), max_length=100, blank=True)  # imap, web
    first_at = models.DateTimeField(_("first wrong password"), null=True, blank=True)
    last_at = models.DateTimeField(_("last wrong password"), null=True, blank=True)

    class Meta:
        verbose_name = _("ban")
        verbose_name_plural = _("bans")
        permissions = [("lift_ban", _("Can lift bans"))]
        ordering = ["-started_at"]
        indexes = [models.Index(fields=["network", "until"], name="ban_of_a_network")]

    def __str__(self) -> str:
        return f"{self.network} {self.account}".strip()


class Failure(models.Model):
    """One wrong password. Neither the password nor a name that is no account's is kept readable."""

    network = models.CharField(_("address"), max_length=43)
    account = models.CharField(_("account"), max_length=254)  # the mailbox, or a digest of what was typed
    # Where its /64 begins among all IPv6 addresses, as KnownNetwork has it: a range of them is a wider network.
    first = models.CharField(max_length=39, blank=True, db_default="", editable=False)
    # Keyed with the key of its day and cut; empty when it counts no more. See accounts/bans/digests.py.
    password_digest = models.CharField(max_length=16, blank=True)
    # Not the repeat of one that counts already. Kept, since digests of two days cannot be compared.
    is_guess = models.BooleanField(db_default=False, editable=False)
    channel = models.CharField(_("way in"), max_length=10)  # web, imap, ...
    at = models.DateTimeField(_("time"), default=timezone.now)
    cleared_at = models.DateTimeField(_("cleared"), null=True, blank=True)  # by a success of that account
    ban = models.ForeignKey(Ban, models.CASCADE, null=True, blank=True, related_name="failures", db_index=False)

    class Meta:
        verbose_name = _("wrong password")
        verbose_name_plural = _("wrong passwords")
        ordering = ["-pk"]
        # Few, since every wrong password writes to them.
        indexes = [
            models.Index(
                fields=["network", "account"], name="failures_that_count", condition=models.Q(cleared_at=None)
            ),
            models.Index(fields=["ban"], name="failures_of_a_ban", condition=~models.Q(ban=None)),
            models.Index(
                fields=["first"], name="failures_of_a_wide_network", condition=models.Q(cleared_at=None, first__gt="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.network} {self.at:%F %T}"


class Place(models.Model):
    """A network from which an account got in: its address, and what lies around it (accounts/bans/where/places.py)."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    network = models.CharField(max_length=43)
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "network"], name="one_place_a_network")]
        indexes = [models.Index(fields=["network", "last_at"], name="accounts_of_a_place")]

    def __str__(self) -> str:
        return self.network


class Brake(models.Model):
    """Wrong mailbox passwords of one account from where it is not known, counted since `began_at`
    (accounts/bans/brake.py)."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    count = models.PositiveIntegerField()
    began_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.user_id)


class KnownNetwork(models.Model):
    """A network that the office knows something about. Of several that hold an address, the narrowest decides."""

    class Kind(models.TextChoices):
        SHARED = "shared", _("shared by many people")
        NEVER_BANNED = "never", _("never banned")

    cidr = models.CharField(
        _("network"),
        max_length=43,
        unique=True,
        help_text=_("For example 10.20.0.0/16 or 2001:db8:20::/48. A single address is a network of its own."),
        error_messages={"unique": _("This network is in the list already.")},
    )
    # Both ends of it among all IPv6 addresses, as 39 digits: one comparison of texts finds what holds an address.
    first = models.CharField(max_length=39, editable=False)
    last = models.CharField(max_length=39, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    note = models.CharField(_("note"), max_length=200, blank=True, help_text=_("What it is, and who asked for it."))
    created_at = models.DateTimeField(_("added"), default=timezone.now, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+",
        verbose_name=_("added by"),
    )  # fmt: skip
    edited_at = models.DateTimeField(_("edited"), default=timezone.now, editable=False)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+",
        verbose_name=_("edited by"),
    )  # fmt: skip

    class Meta:
        verbose_name = _("known network")
        verbose_name_plural = _("known networks")
        ordering = ["first", "-last"]
        constraints = [
            models.CheckConstraint(condition=models.Q(first__lte=models.F("last")), name="network_has_two_ends"),
        ]
        indexes = [models.Index(fields=["first", "last"], name="networks_of_an_address")]

    def __str__(self) -> str:
        return self.cidr
