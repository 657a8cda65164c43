"""Who may open what: a table of all addresses, for everybody who can come along. test_access.py walks it."""

from collections.abc import Callable, Iterator

from tests.conftest import MakeUser
from tests.kit import visitors
from tests.kit.people import Person

VISITORS: list[Callable[[MakeUser], Person]] = [
    visitors.nobody,
    visitors.halfway,
    visitors.halfway_without_phone,
    visitors.overtaken,
    visitors.overtaken_without_phone,
    visitors.two_step_off,
    visitors.signed_in,
    visitors.by_trusted_browser,
    visitors.clerk_by_trusted_browser,
    visitors.clerk,
    visitors.halfway_by_app,
]

# What GET answers: a status, or the page that it leads to.
LEADS_TO = {
    "sign": "/sign-in/",
    "code": "/sign-in/code/",
    "app": "/sign-in/app/",
    "bind": "/sign-in/phone/",
    "home": "/",
    "phon": "/security/phone/",
    "pass": "/security/password/",
    "conf": "/security/confirm/",
    "alog": "/admin/login/",
    "admn": "/admin/",
    "prof": "/profile/",
    "acti": "/security/activity/",
    "apps": "/app-passwords/",
}

# The columns are VISITORS but the last:          | not in              | overtaken | in without code | by code | office
# address                   methods            nobody half-way -phone code -phone off   ...
TABLE = """
-                           GET                 sign code bind  code bind  200  200  200  200  200
sign-in/                    GET,POST            200  200  200   200  200   home home home home home
sign-in/code/               GET,POST            sign 200  bind  200  bind  home home home home home
sign-in/phone/              GET,POST            sign code 200   code 200   home home home home home
sign-in/app/                GET,POST            sign code bind  code bind  home home home home home
sign-in/app/new/            GET,POST            sign code 200   code 200   home home home home home
sign-in/passkey/            GET,POST            sign code bind  code bind  home home home home home
sign-in/recovery/           GET,POST            sign code bind  code bind  home home home home home
sign-in/help/               GET,POST            sign 200  bind  200   bind  home home home home home
sign-in/still-here/         GET,POST            sign code bind  code bind  200  200  200  200  200
sign-in/elsewhere/<slug:slug>/      GET     404  404  404   404  404   404  404  404  404  404
sign-in/elsewhere/<slug:slug>/back/ GET,POST 404 404  404   404  404   404  404  404  404  404
sign-out/                   POST                405  405  405   405  405   405  405  405  405  405
security/confirm/           GET,POST            sign code bind  code bind  phon 200  200  200  200
security/confirm/app/       GET,POST            sign code bind  code bind  conf conf conf conf conf
security/confirm/passkey/   GET,POST            sign code bind  code bind  conf conf conf conf conf
security/confirm/recovery/  GET,POST            sign code bind  code bind  conf conf conf conf conf
security/factors/           GET,POST            sign code bind  code bind  200  200  200  200  200
security/factors/app/       GET,POST            sign code bind  code bind  200  200  conf conf 200
security/factors/app/<int:pk>/ GET,POST         sign code bind  code bind  404  404  conf conf 404
security/factors/passkeys/  GET,POST            sign code bind  code bind  200  200  conf conf 200
security/factors/passkeys/<int:pk>/ GET,POST    sign code bind  code bind  404  404  conf conf 404
security/factors/recovery/  GET,POST            sign code bind  code bind  200  200  conf conf 200
security/phone/             GET,POST            sign code bind  code bind  200  200  200  200  200
security/phone/change/      GET,POST            sign code bind  code bind  phon 200  200  200  200
security/phone/unbind/      GET,POST            sign code bind  code bind  phon 200  200  200  200
security/browsers/          GET,POST            sign code bind  code bind  200  200  200  200  200
security/password/          GET,POST            sign code bind  code bind  200  200  conf conf 200
security/activity/          GET                 sign code bind  code bind  200  200  200  200  200
security/activity/sign-out/ GET,POST            sign code bind  code bind  acti acti conf conf acti
security/activity/not-me/   GET,POST            sign code bind  code bind  200  200  conf conf 200
app-passwords/              GET,POST            sign code bind  code bind  200  200  conf conf 200
app-passwords/remove-all/   GET,POST            sign code bind  code bind  200  apps conf conf apps
app-passwords/<int:pk>/     GET                 sign code bind  code bind  200  404  404  404  404
app-passwords/profile/      GET,POST            sign code bind  code bind  200  200  conf conf 200
app-passwords/profile/link/<int:pk>/ GET        sign code bind  code bind  200  404  404  404  404
profile/                    GET,POST            404  404  404   404  404   404  404  404  404  404
profile/<slug:token>/       GET                 prof prof prof  prof prof  prof prof prof prof prof
.well-known/openid-configuration any            200  200  200   200  200   200  200  200  200  200
.well-known/oauth-authorization-server any      200  200  200   200  200   200  200  200  200  200
openid/authorize/           GET,POST            sign code bind  code bind  400  400  400  400  400
openid/token/               any                 405  405  405   405  405   405  405  405  405  405
openid/userinfo/            any                 401  401  401   401  401   401  401  401  401  401
openid/introspect/          any                 403  403  403   403  403   403  403  403  403  403
openid/revoke/              any                 405  405  405   405  405   405  405  405  405  405
openid/register/            POST                405  405  405   405  405   405  405  405  405  405
openid/jwks/                any                 200  200  200   200  200   200  200  200  200  200
openid/logout/              any                 sign sign sign  200  200   200  200  200  200  200
sms/receipts/<slug:gateway>/<str:secret>/ GET,POST 403 403 403 403 403   403  403  403  403  403
hooks/stolen/               POST                405  405  405   405  405   405  405  405  405  405
sms/twilio/<int:attempt>/   POST                405  405  405   405  405   405  405  405  405  405
language/                   any                 home home home  home home  home home home home home
health/live                 GET                 200  200  200   200  200   200  200  200  200  200
health/ready                GET                 200  200  200   200  200   200  200  200  200  200
mail/config-v1.1.xml        GET                 200  200  200   200  200   200  200  200  200  200
.well-known/autoconfig/mail/config-v1.1.xml GET 200  200  200   200  200   200  200  200  200  200
.well-known/user-agent-configuration.json GET   404  404  404   404  404   404  404  404  404  404
autodiscover/autodiscover.xml POST              405  405  405   405  405   405  405  405  405  405
outbox/                     GET                 404  404  404   404  404   404  404  404  404  404
thunderbird.xpi             GET                 404  404  404   404  404   404  404  404  404  404
thunderbird/                GET                 200  200  200   200  200   200  200  200  200  200
guides/                     GET                 200  200  200   200  200   200  200  200  200  200
guides/second-step/         GET                 200  200  200   200  200   200  200  200  200  200
guides/<slug:program>/      GET                 200  200  200   200  200   200  200  200  200  200
privacy/                    GET                 200  200  200   200  200   200  200  200  200  200
security/data/              GET,POST            sign code bind  code bind  200  200  conf conf 200
theme.css                   GET                 404  404  404   404  404   404  404  404  404  404
logo                        GET                 404  404  404   404  404   404  404  404  404  404
admin/login/                any                 sign sign sign  403  403   403  403  403  conf conf
admin/logout/               POST                sign code bind  code bind  admn admn admn admn 405
"""

# The rest of the administration. Only the last column differs from page to page.
CLOSED = "                                      sign code bind  code bind  alog alog alog alog"
ADMIN = {
    "admin/": "200",
    "admin/dashboard/": "200",
    "admin/handbook/": "200",
    "admin/doctor/": "200",
    "admin/find/": "405",
    "admin/accounts/user/<int:id>/desk/": "200",
    "admin/password_change/": "pass",
    "admin/password_change/done/": "pass",
    "admin/autocomplete/": "403",
    "admin/jsi18n/": "200",
    "admin/r/<path:content_type_id>/<path:object_id>/": "404",
    "admin/accounts/user/<id>/password/": "302",
    "admin/bans/ban/<path:object_id>/lift/": "405",
    "admin/accounts/user/<int:pk>/two-step/": "200",
    "admin/accounts/user/slips/": "200",
    "admin/accounts/user/export/": "200",
    "admin/imports/roster/<path:object_id>/wrong/": "403",
    "admin/rollouts/rollout/<int:pk>/choose/": "200",
    "admin/rollouts/rollout/<int:pk>/mail/": "200",
    "admin/rollouts/rollout/<int:pk>/people/": "200",
    "admin/routes/gateway/": "200",
    "admin/routes/gateway/<slug:name>/": "200",
    "admin/log/securityevent/export/": "405",
    "admin/<app_label>/": "200",
    "admin/(?P<url>.*)$": "404",
}
EDITED = ("bans/knownnetwork", "office/role", "accounts/user", "openid/application", "aliases/alias",
          "owners/ownership")  # fmt: skip
READ_ONLY = ("delivery/sms", "delivery/mail", "browsers/trustedbrowser", "bans/ban", "log/securityevent",
             "bans/failure", "maillogins/maillogin", "rollouts/remindermail", "apppasswords/apppassword")  # fmt: skip
ADDED = (
    "rollouts/rollout",
    "rollouts/exemption",
    "imports/roster",
    "directory/sync",
    "apppasswords/machine",
)  # by pages of their own; deleted by nobody
for _model in (*EDITED, *READ_ONLY, *ADDED):
    _write = "200" if _model in EDITED else "403"
    ADMIN |= {
        f"admin/{_model}/": "200",
        f"admin/{_model}/add/": "200" if _model in ADDED else _write,
        f"admin/{_model}/<path:object_id>/history/": "200",
        f"admin/{_model}/<path:object_id>/delete/": _write,
        f"admin/{_model}/<path:object_id>/change/": "200",
        f"admin/{_model}/<path:object_id>/": "302",
    }
# A machine is ended, never deleted.
ADMIN |= {
    f"admin/apppasswords/machine/{page}": answer
    for page, answer in {
        "": "200", "add/": "200", "<path:object_id>/history/": "200", "<path:object_id>/delete/": "403",
        "<path:object_id>/change/": "200", "<path:object_id>/": "302",
    }.items()
}  # fmt: skip


def _expectations() -> Iterator[tuple[str, tuple[str, list[str]]]]:
    for line in TABLE.strip().splitlines():
        route, methods, *answers = line.split()
        route = "" if route == "-" else route
        yield route, (methods, [*answers, _by_app(route, answers)])
    for route, last in ADMIN.items():
        answers = [*CLOSED.split(), last]
        yield route, ("any", [*answers, _by_app(route, answers)])


# Where who has an app and recovery codes, and no phone, is answered half-way other than who has a phone.
BY_APP = {"sign-in/code/": "app", "sign-in/app/": "200", "sign-in/recovery/": "200"}


def _by_app(route: str, answers: list[str]) -> str:
    return BY_APP.get(route, answers[1].replace("code", "app"))


# Asked by other servers, which have no session and show a secret or a token, and what a POST with neither is answered.
# And by mail programs, which learn what everybody may know.
FOR_SERVERS = {
    "mail/config-v1.1.xml": "403",
    ".well-known/autoconfig/mail/config-v1.1.xml": "403",
    ".well-known/user-agent-configuration.json": "403",
    "autodiscover/autodiscover.xml": "200",  # with the protocol's own error
    ".well-known/openid-configuration": "403",
    ".well-known/oauth-authorization-server": "403",
    "openid/jwks/": "403",
    "openid/logout/": "403",  # signs out and does nothing else
    "openid/token/": "400",
    "openid/userinfo/": "401",
    "openid/introspect/": "403",
    "openid/revoke/": "400",
    "openid/register/": "404",  # it is off
    "hooks/stolen/": "404",  # nobody has a key for it
    "sign-in/elsewhere/<slug:slug>/back/": "404",  # there is none in these tests
}
# The same for everybody who is not in, half-way or not.
FOR_ANYBODY = {"thunderbird/", "guides/", "privacy/", "guides/second-step/", "guides/<slug:program>/"}
EXPECTED = dict(_expectations())
