"""What the OpenID Connect provider keeps: the applications, and what was handed out to them.

The tables of django-oauth-toolkit, each with what ties it to a sign-in on the portal.
"""

import hashlib
from typing import Any
from urllib.parse import urlsplit

from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractGrant,
    AbstractIDToken,
    AbstractRefreshToken,
    ApplicationManager,
)

from accounts.sessions.models import Authorization

SCOPES_OF_WEB = "openid email profile"


class Application(AbstractApplication):
    """What signs people in through the portal: sites (webmail, a cloud) and mail programs; or a server that asks about
    tokens."""

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
    # Of one that registered itself (accounts/openid/registration.py).
    registered_from = models.CharField(max_length=43, blank=True, editable=False, default="", db_default="")
    used_at = models.DateTimeField(null=True, editable=False)

    objects = ApplicationManager()

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ["name"]

    @property
    def is_mail_program(self) -> bool:
        """On somebody's own computer, where no secret can be kept."""
        return self.client_type == self.CLIENT_PUBLIC and "mail" in self.scopes.split()

    @property
    def registered_itself(self) -> bool:
        """Nobody here knows it: its name is what it says of itself."""
        return bool(self.registration_source == self.RegistrationSource.DCR)

    def get_allowed_schemes(self) -> list[str]:
        """To lead people back by: https to a site; to such a program what its registration was looked at for."""
        if self.registered_itself:
            return sorted({urlsplit(uri).scheme for uri in self.redirect_uris.split()})
        allowed: list[str] = super().get_allowed_schemes()
        return allowed


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

    @property
    def is_live(self) -> bool:
        """A code comes back within a minute, for a mail program too: who was signed out meanwhile lets none in."""
        return super().is_live and self.authorization is not None and self.authorization.is_in


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
