"""What the OpenID Connect provider keeps: the applications, and what was handed out to them.

The tables of django-oauth-toolkit, each with what ties it to a sign-in on the portal.
"""

import hashlib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
    ApplicationManager,
)

from accounts.models.browsers import TrustedBrowser
from accounts.models.phones import Phone
from accounts.models.users import User

SCOPES_OF_WEB = "openid email profile"
CLOCK_SKEW = timedelta(minutes=1)  # a sign-in from further in the future means that a clock was set back


class Application(AbstractApplication):
    """A site that signs people in through the portal: webmail, a cloud; or a server that asks about tokens."""

    scopes = models.CharField(
        _("scopes"),
        max_length=200,
        default=SCOPES_OF_WEB,
        help_text=_("What it may ask for; “mail” opens the mailbox over IMAP and SMTP."),
    )
    requires_pkce = models.BooleanField(
        _("must use PKCE"),
        default=True,
        help_text=_("Switch it off only for applications that cannot, such as Roundcube 1.6."),
    )
    may_introspect = models.BooleanField(
        _("may ask about tokens"), default=False, help_text=_("A mail server that checks tokens; not a site.")
    )

    objects = ApplicationManager()

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ["name"]


class Authorization(models.Model):
    """A sign-in on the portal on which tokens hang. With it they all end, and none is valid longer than it is.

    It goes with the phone that the code came from, or with the trusted browser that stood in for a code.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    session = models.CharField(max_length=32, db_index=True)  # the sign-in; in the portal's session too
    auth_hash = models.CharField(max_length=64)  # what sessions are checked against: password, "signed out everywhere"
    phone = models.ForeignKey(Phone, models.CASCADE, null=True, related_name="+")
    browser = models.ForeignKey(TrustedBrowser, models.CASCADE, null=True, related_name="+")
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
        hashes = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
        if not any(constant_time_compare(self.auth_hash, known) for known in hashes):
            return False
        if self.browser is not None and self.browser.expires_at <= now:
            return False
        return not user.two_step_is_on(now) or self.phone_id is not None or self.browser_id is not None


class Authorized(models.Model):
    """What hangs on an authorization. Without one it is worth nothing."""

    authorization = models.ForeignKey(Authorization, models.CASCADE, null=True, related_name="+")

    class Meta:
        abstract = True

    @property
    def is_live(self) -> bool:
        return self.authorization is not None and self.authorization.is_live


class DigestField(models.CharField[str, str]):
    """Keeps the SHA-256 of what it is given, and finds by it. A row that was read must not be saved again."""

    def get_prep_value(self, value: Any) -> str:
        return hashlib.sha256(str(value).encode()).hexdigest()


class Grant(AbstractGrant, Authorized):  # noqa: DJ008 (inherited)
    code = DigestField(max_length=64, unique=True)
    used_at = models.DateTimeField(null=True)

    class Meta(AbstractGrant.Meta):
        pass


class AccessToken(AbstractAccessToken, Authorized):  # noqa: DJ008 (inherited)
    class Meta(AbstractAccessToken.Meta):
        pass

    def is_valid(self, scopes: Any = None) -> bool:
        return super().is_valid(scopes) and self.is_live


class RefreshToken(AbstractRefreshToken, Authorized):  # noqa: DJ008 (inherited)
    class Meta(AbstractRefreshToken.Meta):
        pass


class IDToken(AbstractIDToken):
    class Meta(AbstractIDToken.Meta):
        pass
