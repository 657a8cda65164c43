"""The add-on of this institution for Thunderbird. With it it opens our sign-in in a window of its own, and signs
in to the mail servers with a token in place of an app password. It is a manifest; nothing in it runs.

https://webextension-api.thunderbird.net/en/mv3/oauthProvider.html
"""

import json
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

CONTENT_TYPE = "application/x-xpinstall"
OLDEST = "140.0"  # Thunderbird that knows what an `oauth_provider` is
VERSION = "1.0"
SCOPE = "mail"


@login_not_required
@require_safe
def download(request: HttpRequest) -> HttpResponse:
    """Nothing in it is secret, and a policy of the institution takes it from here (docs/mail-programs.md)."""
    if not settings.THUNDERBIRD_CLIENT:
        raise Http404
    return HttpResponse(
        build(),
        content_type=CONTENT_TYPE,
        headers={"Content-Disposition": 'attachment; filename="thunderbird.xpi"', "Cache-Control": "max-age=3600"},
    )


def build() -> bytes:
    """The same bytes from the same settings."""
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        about = ZipInfo("manifest.json")
        about.compress_type = ZIP_DEFLATED
        archive.writestr(about, json.dumps(manifest(), ensure_ascii=False, indent=2))
    return file.getvalue()


def manifest() -> dict[str, Any]:
    host = urlsplit(settings.PUBLIC_URL).hostname
    servers = [settings.MAIL_SERVERS[name][0] for name in ("IMAP", "POP", "SMTP")]
    return {
        "manifest_version": 3,
        "name": settings.INSTITUTION,
        "description": "OAuth",
        "version": VERSION,
        "browser_specific_settings": {"gecko": {"id": f"mailkey@{host}", "strict_min_version": OLDEST}},
        "oauth_provider": {
            "issuer": host,
            "clientId": settings.THUNDERBIRD_CLIENT,
            "authorizationEndpoint": _address("oauth2_provider:authorize"),
            "tokenEndpoint": _address("oauth2_provider:token"),
            "redirectionEndpoint": _address("thunderbird_back"),
            "usePKCE": True,
            "hostnames": sorted(set(servers)),
            "scopes": SCOPE,
        },
    }


def _address(name: str) -> str:
    return settings.PUBLIC_URL + reverse(name)
