"""The rules of the OpenID Connect provider, as django-oauth-toolkit asks for them."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from jwcrypto import jwk
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.scopes import SettingsScopes
from oauth2_provider.utils import jwk_from_pem
from oauthlib.common import Request
from oauthlib.oauth2 import InvalidRequestError

from accounts.lib import expired
from accounts.openid.models import AccessToken, Application, Grant, IDToken, RefreshToken
from accounts.sessions import authorizations
from accounts.sessions.models import Authorization

SIGNED = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)  # RFC 7515, 7.1


class Scopes(SettingsScopes):
    """Each application may ask for its own."""

    def get_available_scopes(
        self, application: Application | None = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        known = list(self.get_all_scopes())
        return [scope for scope in known if scope in application.scopes.split()] if application else known


class Validator(OAuth2Validator):
    """Grants and tokens hang on an authorization (accounts/openid/models.py): it is handed on from one to the next as
    `request.authorization`, and asked each time whether it is still live."""

    CLAIMS: ClassVar[dict[str, Any]] = {
        "email": lambda request: request.user.username,
        "email_verified": lambda _request: True,  # the mailbox is ours
        "name": lambda request: request.user.get_full_name(),
        "preferred_username": lambda request: request.user.username,
        "amr": lambda request: authorizations.shown(_authorization(request)),
        "acr": lambda request: authorizations.level(_authorization(request)),
    }
    oidc_claim_scope: ClassVar[dict[str, str]] = {
        **OAuth2Validator.oidc_claim_scope, "amr": "openid", "acr": "openid"
    }  # fmt: skip

    def get_additional_claims(self) -> dict[str, Any]:
        return self.CLAIMS

    # --- What may be asked for --------------------------------------------------------------------------------------

    def is_pkce_required(self, client_id: str, request: Request) -> bool:
        return self._load_application(client_id, request) is None or bool(request.client.requires_pkce)

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Application, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """Without PKCE, `state` is what keeps somebody else's answer from being slipped in."""
        asks = getattr(request, "response_type", None) == "code"
        if asks and not (request.state or request.code_challenge):
            raise InvalidRequestError("state is missing", request=request)
        return bool(super().validate_scopes(client_id, scopes, client, request, *args, **kwargs))

    def validate_silent_login(self, request: Request) -> bool:
        """prompt=none. The view has seen to it that somebody is signed in (accounts/openid/views.py)."""
        return True

    def validate_silent_authorization(self, request: Request) -> bool:
        return bool(request.client.skip_authorization)

    # --- The code ---------------------------------------------------------------------------------------------------

    def _create_authorization_code(self, request: Request, code: dict[str, str], expires: Any = None) -> None:
        with transaction.atomic():
            grant: Grant = super()._create_authorization_code(request, code, expires)
            Grant.objects.filter(pk=grant.pk).update(authorization=request.authorization)

    def validate_code(
        self, client_id: str, code: str, client: Application, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        """A code is worth one try. One that comes twice was stolen: what it opened ends."""
        grant = Grant.objects.select_related("authorization").filter(code=code, application=client).first()
        if grant is None:
            return False
        if not Grant.objects.filter(pk=grant.pk, used_at=None).update(used_at=timezone.now()):
            if grant.authorization:
                authorizations.revoke(grant.authorization)
            return False
        if not super().validate_code(client_id, code, client, request, *args, **kwargs):
            return False
        # A verifier for a code without a challenge: somebody took the challenge out of the way there (RFC 9700, 2.1.1).
        if request.code_verifier and not grant.code_challenge:
            return False
        request.authorization = grant.authorization
        return grant.is_live

    def invalidate_authorization_code(
        self, client_id: str, code: str, request: Request, *args: Any, **kwargs: Any
    ) -> None:
        """It was used up before it was looked at. The row stays, to know the code if it comes again."""

    # --- Tokens -----------------------------------------------------------------------------------------------------

    def validate_refresh_token(
        self, refresh_token: str, client: Application, request: Request, *args: Any, **kwargs: Any
    ) -> bool:
        if not super().validate_refresh_token(refresh_token, client, request, *args, **kwargs):
            return False
        request.authorization = request.refresh_token_instance.authorization
        return bool(request.refresh_token_instance.is_live)

    def rotate_refresh_token(self, request: Request) -> bool:
        """Who has a secret keeps its refresh token: two requests of a webmail refresh at once, and one of them would
        come with a token that the other has used up. Others change it each time (RFC 9700, 4.14.2)."""
        return bool(request.client.client_type == Application.CLIENT_PUBLIC)

    def _save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any, **kwargs: Any) -> None:
        request.user.hold()  # what ends the sign-in waits, or has ended it
        if request.grant_type != "refresh_token" or self.rotate_refresh_token(request):
            super()._save_bearer_token(token, request, *args, **kwargs)
            return
        self._check_and_set_request_resource(request)
        self._create_access_token(timezone.now() + timedelta(seconds=token["expires_in"]), request, token)

    def _create_access_token(
        self, expires: datetime, request: Request, token: dict[str, Any], source_refresh_token: Any = None
    ) -> AccessToken:
        expires = min(expires, request.authorization.ends_at)
        row: AccessToken = super()._create_access_token(expires, request, token, source_refresh_token)
        AccessToken.objects.filter(pk=row.pk).update(authorization=request.authorization)
        return row

    def _create_refresh_token(self, request: Request, *args: Any) -> RefreshToken:
        row: RefreshToken = super()._create_refresh_token(request, *args)
        RefreshToken.objects.filter(pk=row.pk).update(authorization=request.authorization)
        return row

    # --- ID tokens --------------------------------------------------------------------------------------------------

    def get_id_token_dictionary(
        self, token: Any, token_handler: Any, request: Request
    ) -> tuple[dict[str, Any], datetime]:
        claims, expires = super().get_id_token_dictionary(token, token_handler, request)
        signed_in_at: datetime = request.authorization.signed_in_at
        return claims | {"auth_time": int(signed_in_at.astimezone(UTC).timestamp())}, expires

    def _get_key_for_token(self, token: str) -> jwk.JWKSet | None:
        """Keys that sign no more still verify. Whom a token says that it is for is not asked before its signature."""
        if not SIGNED.fullmatch(token):
            return None
        keys = jwk.JWKSet()
        for pem in settings.OIDC_SIGNING_KEYS:
            key = json.loads(jwk_from_pem(pem).export_public())
            keys.add(jwk.JWK(**key | {"kid": jwk_from_pem(pem).thumbprint()}))
        return keys


def _authorization(request: Request) -> Authorization:
    """While a token is made it is at hand; who comes with one has it there."""
    found: Authorization = getattr(request, "authorization", None) or request.access_token.authorization
    return found


def delete_expired() -> None:
    """An ID token says who signed out, long after it has expired; no longer than any sign-in lives. What else was
    handed out goes with its authorization."""
    expired.delete(IDToken.objects.filter(expires__lt=timezone.now() - settings.SESSION_LIFETIME))
