"""Mail programs find the servers by themselves: Thunderbird's autoconfig, Outlook's autodiscover, and PACC.

Everybody may ask, and everybody is answered the same: nothing here looks whether a mailbox exists. No answer asks for a
password (401), because a program that is asked sends it.

https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat, [MS-OXDSCLI]
"""

from collections.abc import Callable

from defusedxml.ElementTree import ParseError, fromstring
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.http.request import split_domain_port
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.users import usernames
from apppasswords.setup import pacc

GetResponse = Callable[[HttpRequest], HttpResponse]

PATHS = {
    "/mail/config-v1.1.xml",  # at autoconfig.<domain>
    "/.well-known/autoconfig/mail/config-v1.1.xml",  # at the domain itself
    "/autodiscover/autodiscover.xml",  # at both, and at autodiscover.<domain>
    "/.well-known/user-agent-configuration.json",  # at ua-auto-config.<domain>
}
QUESTION_LIMIT = 8192  # bytes; what Outlook sends has about 400
OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
PROTOCOLS = (("IMAP", "IMAP"), ("POP", "POP3"), ("SMTP", "SMTP"))  # in MAIL_SERVERS, in both formats; the best first


def mail_settings(get_response: GetResponse) -> GetResponse:
    """The hosts that are only there for mail programs (SETUP_HOSTS) answer PATHS and nothing else of the portal."""

    def middleware(request: HttpRequest) -> HttpResponse:
        path = request.path_info.lower()  # /Autodiscover/Autodiscover.xml, /AutoDiscover/autodiscover.xml, ...
        if path not in PATHS:
            return HttpResponseNotFound() if _asks_setup_host(request) else get_response(request)
        request.path_info = path
        request.META.pop("HTTP_COOKIE", None)  # nobody's session is looked up
        response = get_response(request)
        # The answer may pass as one of the institution's own site, and must promise nothing for its subdomains.
        # It depends on no cookie and on no language.
        for name in ("Strict-Transport-Security", "Vary", "Content-Language"):
            response.headers.pop(name, None)
        return response

    return middleware


def _asks_setup_host(request: HttpRequest) -> bool:
    try:
        host, _ = split_domain_port(request.get_host())
    except DisallowedHost:  # refused further in, with all headers
        return False
    return host in settings.SETUP_HOSTS


@login_not_required
@require_safe
@cache_control(public=True, max_age=3600)
def autoconfig(request: HttpRequest) -> HttpResponse:
    address = request.GET.get("emailaddress", "")
    if address and not usernames.is_ours(address):
        return HttpResponseNotFound()
    guides = f"{settings.PUBLIC_URL}/guides/"
    context = _servers() | {"domains": settings.MAIL_DOMAINS, "guides": guides, "dav": settings.DAV_HOST}
    context["offers_tokens"] = bool(settings.THUNDERBIRD_CLIENT)
    return render(request, "setup/autoconfig.xml", context, content_type="text/xml; charset=utf-8")


@login_not_required
@require_safe
def configuration(request: HttpRequest) -> HttpResponse:
    if not settings.MAIL_PACC:
        return HttpResponseNotFound()  # which nobody keeps: it may be switched on
    response = HttpResponse(pacc.document(), content_type="application/json")
    patch_cache_control(response, public=True, max_age=3600)
    return response


@csrf_exempt
@login_not_required
@require_http_methods(["POST", "GET", "HEAD"])
def autodiscover(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        # Thunderbird, led here by a redirect, has asked by GET without knowing: a refusal makes it ask once more.
        response = _refuse(request, 600, "Invalid Request", status=405)
        response.headers["Allow"] = "POST"
        return response
    question = _read(request)
    if question is None:
        return _refuse(request, 600, "Invalid Request")
    address, schema = question
    if schema != OUTLOOK:  # mobilesync: what Exchange says that has no ActiveSync
        return _refuse(request, 601, "Provider is not available")
    name = usernames.canonical(address)
    if name is None or not usernames.is_ours(name):
        return _refuse(request, 500, "The email address cannot be found")
    return _answer(request, _servers() | {"address": name, "outlook": OUTLOOK})


def _servers() -> dict[str, object]:
    servers = [(name, *settings.MAIL_SERVERS[setting][:2]) for setting, name in PROTOCOLS]
    return {"incoming": servers[:2], "outgoing": servers[2], "servers": servers, "institution": settings.INSTITUTION}


def _read(request: HttpRequest) -> tuple[str, str] | None:
    """The address and the schema of the answer that is asked for. Programs differ in the namespace."""
    body = request.read(QUESTION_LIMIT + 1)
    if len(body) > QUESTION_LIMIT:
        return None
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, ValueError, LookupError):  # not XML, or with entities; in an encoding that cannot be or is none
        return None
    address = root.findtext("{*}Request/{*}EMailAddress", "").strip()
    schema = root.findtext("{*}Request/{*}AcceptableResponseSchema", "").strip()
    return (address, schema) if address and schema else None


def _refuse(request: HttpRequest, code: int, text: str, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    error = {"code": code, "text": text, "time": f"{now:%H:%M:%S.%f}", "id": now.microsecond}
    return _answer(request, {"error": error}, status)


def _answer(request: HttpRequest, context: dict[str, object], status: int = 200) -> HttpResponse:
    content_type = "text/xml; charset=utf-8"
    return render(request, "setup/autodiscover.xml", context, content_type=content_type, status=status)
