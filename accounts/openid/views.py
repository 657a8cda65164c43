"""Where other sites send people to sign in (OpenID Connect), and out again."""

import json
import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError, IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode as quoted
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from oauth2_provider.exceptions import InvalidOIDCClientError, OAuthToolkitError
from oauth2_provider.http import OAuth2ResponseRedirect
from oauth2_provider.settings import oauth2_settings
from oauth2_provider.views import (
    AuthorizationView,
    IntrospectTokenView,
    OAuthServerMetadataView,
    RPInitiatedLogoutView,
    TokenView,
)
from oauthlib.common import Request as OAuthRequest
from oauthlib.common import add_params_to_uri

from accounts.log import events
from accounts.maillogins import maillogins
from accounts.openid import registration
from accounts.openid.models import Application
from accounts.sessions import clients, grants, halfway, sessions
from accounts.sessions.gate.decorators import leads_to_applications
from accounts.sessions.gate.middleware import way_in
from accounts.sessions.storage import lifetimes
from accounts.signin.pages.views import leave
from accounts.users.models import User

logger = logging.getLogger(__name__)

LARGEST_REGISTRATION = 10_000  # bytes
# What programs call our “mail” that know nobody's own words (draft-ietf-mailmaint-oauth-public).
MAIL_OF_THE_DRAFT = "urn:ietf:params:oauth:scope:mail"


class Authorize(AuthorizationView):
    """Hands a code to an application, if the session has passed what the portal's own pages ask for."""

    template_name = "openid/consent.html"
    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.oauth2_data: dict[str, Any] = {}
        client_id = (request.POST if request.method == "POST" else request.GET).get("client_id", "")
        self._application = Application.objects.filter(client_id=client_id).first()
        if self._application and self._application.registered_itself:
            asked = request.GET.copy()
            asked["approval_prompt"] = "force"  # or it could spare people the question (RFC 8252, 8.6)
            request.GET = asked  # type: ignore[assignment]
        if way_in(request) is not None or self._asks_for_fresh_sign_in():
            return self.handle_no_permission()
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def _asks_for_fresh_sign_in(self) -> bool:
        if self._is_of_a_program() and not grants.may_let_a_program_in(self.request):
            return True
        prompt, max_age = self.request.GET.get("prompt", "").split(), self.request.GET.get("max_age", "")
        if self.request.method != "GET" or ("login" not in prompt and not max_age.isdecimal()):
            return False
        return "login" in prompt or lifetimes.age(self.request) > int(max_age)

    def _is_of_a_program(self) -> bool:
        return self._application is not None and self._application.is_mail_program

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        """The form of the question may end at this program; no other page leads to one that nobody knows."""
        if self._application and self._application.registered_itself and "redirect_uri" in context:
            self.request._leads_to = urlsplit(context["redirect_uri"])
        if self._application and "form" in context:
            context["user_name"] = self.request.user.get_username()  # who has two mailboxes sees which it is
        response: HttpResponse = super().render_to_response(context, **kwargs)
        return response

    def handle_no_permission(self) -> HttpResponseBase:
        """Without a page if the application asked for that; else by the way of everybody, and back."""
        if "none" in self.request.GET.get("prompt", "").split():
            response: HttpResponseBase = super().handle_no_permission()
            return response
        way = way_in(self.request)
        try:
            self.validate_authorization_request(self.request)
        except OAuthToolkitError as error:  # or any address could sign people out
            refused: HttpResponseBase = way or self.error_response(error, application=None)
            return refused
        if way:
            halfway.want(self.request, self.request.get_full_path())
            return way
        # What asked for a fresh sign-in has had it when the way leads here again.
        asked = [(name, text) for name, text in parse_qsl(self.request.GET.urlencode()) if name != "max_age"]
        asked = [(name, text) for name, text in asked if name != "prompt"]
        back = f"{self.request.path}?{urlencode(asked)}"
        grants.ask_again(self.request, back)
        return redirect(f"{reverse('sign_in')}?{quoted({'next': back})}")

    def create_authorization_response(
        self, request: HttpRequest, scopes: str, credentials: dict[str, Any], allow: bool
    ) -> Any:
        user: User = request.user  # type: ignore[assignment]
        if allow:
            begin = grants.let_program_in if self._is_of_a_program() else grants.authorize
            credentials["authorization"] = begin(request)  # type: ignore[arg-type]
        response = super().create_authorization_response(request, scopes, credentials, allow)
        if allow:
            application = Application.objects.get(client_id=credentials["client_id"])
            registration.note_use(application)
            events.record(
                events.Kind.APPLICATION_OPENED, user, address=clients.address(request), application=str(application)
            )
        return response


class Metadata(OAuthServerMetadataView):
    """RFC 8414: where a mail program finds what it needs to sign in here."""

    def _get_endpoint_url(self, request: HttpRequest, view_name: str, required: bool = False) -> str | None:
        """Mail servers are told where to ask about tokens, and show a secret there: that is not for programs."""
        if view_name == "introspect":
            return None
        found: str | None = super()._get_endpoint_url(request, view_name, required)
        return found


@csrf_exempt  # programs have no session
@login_not_required
@require_POST
def register(request: HttpRequest) -> HttpResponse:
    if not settings.MAIL_PROGRAM_REGISTRATION:
        raise Http404
    body = request.read(LARGEST_REGISTRATION) if request.content_type == "application/json" else b""
    made = registration.register(body, clients.address(request))
    if isinstance(made, registration.Refusal):
        return JsonResponse({"error": made.value}, status=429 if made is registration.Refusal.TOO_MANY else 400)
    return JsonResponse(registration.told(made), status=201, headers={"Cache-Control": "no-store"})


class Token(TokenView):
    """The library knows more ways to a token than the portal gives."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("grant_type") not in oauth2_settings.OAUTH2_GRANT_TYPES_SUPPORTED:
            return JsonResponse({"error": "unsupported_grant_type"}, status=400)
        try:
            response: HttpResponse = super().post(request, *args, **kwargs)
        except (ObjectDoesNotExist, IntegrityError):  # what it hangs on ended just now, in another request
            return JsonResponse({"error": "invalid_grant"}, status=400)
        return response


class Introspect(IntrospectTokenView):
    """For mail servers, which are listed as such. A token is never taken from an address (it would be in logs)."""

    http_method_names = ["post"]

    def authenticate_client(self, request: HttpRequest) -> bool:
        core = self.get_oauthlib_core()
        asked = OAuthRequest(*core._extract_params(request))
        return bool(core.server.request_validator.authenticate_client(asked) and asked.client.may_introspect)

    def verify_request(self, request: HttpRequest) -> tuple[bool, Any]:
        """A token does not open it."""
        return False, None

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post(request, *args, **kwargs)
        said = json.loads(response.content) if response.status_code == HTTPStatus.OK else {}
        if said.get("active"):
            if MAIL_OF_THE_DRAFT in said["scope"].split():
                response.content = json.dumps(said | {"scope": f"{said['scope']} mail"})
            headers = request.headers
            protocol = headers.get("X-Dovecot-Auth-Protocol") or headers.get("X-Dovecot-Auth-Service", "")  # 2.4, 2.3
            try:
                maillogins.note_token(said["username"], protocol, headers.get("X-Dovecot-Auth-Remote", ""))
            except DatabaseError as error:  # nobody is kept out because he could not be counted
                logger.warning("A webmail login is not counted: %s", type(error).__name__)
        return response


class SignOut(RPInitiatedLogoutView):
    """Signing out of webmail signs out of the portal, and of whatever else this sign-in opened."""

    template_name = "openid/sign_out.html"
    http_method_names = ["get", "head", "post"]

    def get_request_application(self, id_token: Any, client_id: str | None) -> Application | None:
        try:
            found: Application | None = super().get_request_application(id_token, client_id)
        except Application.DoesNotExist:  # which the library takes for a fault of ours
            raise InvalidOIDCClientError from None
        return found

    def do_logout(
        self,
        application: Application | None = None,
        post_logout_redirect_uri: str | None = None,
        state: str | None = None,
        token_user: User | None = None,
    ) -> HttpResponse:
        if self.request.user.is_authenticated or sessions.sign_in(self.request):
            leave(self.request)
            messages.success(self.request, _("You are signed out."))
        if not (post_logout_redirect_uri and application):
            return redirect("sign_in")
        uri = add_params_to_uri(post_logout_redirect_uri, [("state", state)]) if state else post_logout_redirect_uri
        return OAuth2ResponseRedirect(uri, application.get_allowed_schemes())


# It leads to the sign-in itself: an application may ask for an answer without any page.
authorize = login_not_required(leads_to_applications(Authorize.as_view()))
sign_out = login_not_required(leads_to_applications(SignOut.as_view()))
