from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.browsers.models import TrustedBrowser
from accounts.phones.models import Phone
from accounts.users.models import User

CLOCK_SKEW = timedelta(minutes=1)  # a sign-in from further in the future means that a clock was set back


def is_of_now(auth_hash: str, user: User) -> bool:
    """Neither the password has changed since, nor were all sessions ended."""
    hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
    return any(constant_time_compare(auth_hash, known) for known in hashes)


class SignIn(models.Model):
    """Somebody who is in, in some browser, as its owner sees it in a list. A session whose row is gone is over.

    `session` stands in the portal's session too, and opens nothing; the session's key is kept nowhere.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    session = models.CharField(max_length=32, unique=True)
    auth_hash = models.CharField(max_length=64)  # as of Authorization
    browser = models.CharField(max_length=60)
    system = models.CharField(max_length=60)
    address = models.GenericIPAddressField(null=True)  # where it was last seen
    signed_in_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)
    # 临时登录. The default is the database's too: a process of before the upgrade knows nothing of it.
    is_temporary = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["-seen_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.browser} · {self.system}"

    def is_idle(self, lifetime: timedelta) -> bool:
        """Nothing was done there for so long; no time at all means that it does not matter. What was last seen in the
        future is idle too: a clock was set back, and nothing may live longer for it."""
        return bool(lifetime) and not -CLOCK_SKEW <= timezone.now() - self.seen_at < lifetime


class Authorization(models.Model):
    """A sign-in on the portal on which tokens hang. With it they all end, and none is valid longer than it is.

    It goes with the second step that was taken, or with the trusted browser that stood in for one. A mail program stays
    when the sign-in that let it in is over; ended in the list of sign-ins, it takes the program along.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    session = models.CharField(max_length=32, db_index=True)  # the sign-in; in the portal's session too
    auth_hash = models.CharField(max_length=64)  # what sessions are checked against: password, "signed out everywhere"
    phone = models.ForeignKey(Phone, models.CASCADE, null=True, related_name="+")
    # By whichever way the second step was taken: `User.ways_version` of then. None: it was not taken.
    ways_version = models.PositiveIntegerField(null=True)
    # By what, in the words of RFC 8176; empty: it was not taken.
    method = models.CharField(max_length=16, blank=True, default="", db_default="")
    browser = models.ForeignKey(TrustedBrowser, models.CASCADE, null=True, related_name="+")
    is_program = models.BooleanField(default=False, db_default=False)
    signed_in_at = models.DateTimeField()
    ends_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"Authorization {self.pk}"

    @property
    def is_live(self) -> bool:
        """Whether the portal would still let this sign-in see its pages: the same rules, asked anew each time."""
        now, user = timezone.now(), User.objects.filter(pk=self.user_id).first()
        if user is None or not user.is_active or now >= self.ends_at or self.signed_in_at > now + CLOCK_SKEW:
            return False
        if user.must_change_password and not settings.PASSWORDS_IN_DIRECTORY:
            return False
        if not is_of_now(self.auth_hash, user):
            return False
        if not self.is_program and not self.is_in:
            return False
        if self.browser is not None and not self._is_trusted(self.browser, user, now):
            return False
        if self.ways_version is not None and self.ways_version != user.ways_version:
            return False
        # Who signed in before there were other ways than a phone has only that.
        verified = self.ways_version is not None or self.phone_id is not None
        return not user.two_step_is_on(now) or verified or self.browser_id is not None

    @property
    def is_in(self) -> bool:
        """Whether that sign-in is still going on."""
        return SignIn.objects.filter(session=self.session).exists()

    @staticmethod
    def _is_trusted(browser: TrustedBrowser, user: User, now: datetime) -> bool:
        return browser.expires_at > now and browser.ways_version == user.ways_version
