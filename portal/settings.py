"""Every setting and every limit, read from the environment (see .env.example).

Defaults and bounds are written as .env would say them: times as 90s, 5min, 12h, 30d, which become timedeltas.
`DEBUG=on` fills in what a development machine needs. Without it nothing secret has a default.
"""

import os
import re
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bootstrap_wrapper
from csp.constants import NONE, SELF
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.lib import clock, macs
from accounts.log import syslog
from portal.database import several
from portal.environment import askers, routes
from portal.environment.environment import Environment
from portal.environment.kinds import CERTIFICATE, PRIVATE_KEY

BASE_DIR = Path(__file__).resolve().parent.parent

env = Environment(BASE_DIR / ".env")


def development_key(folder: Path) -> str:
    """Made once; whoever of several processes is first makes it for all."""
    path, draft = folder / "openid-key.pem", folder / f"openid-key.{os.getpid()}"
    if not path.exists():
        # A mail login process is 8 MB smaller without it.
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        draft.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text()


# --- The site -------------------------------------------------------------------------------------------------------

DEBUG = env.boolean("DEBUG", "off")
VAR = env.folder("VAR", BASE_DIR / "var", is_made=DEBUG)  # development: database, queue, outbox, mail
env.stop_if_wrong("DEBUG", "VAR")
if DEBUG:
    (VAR / "queue").mkdir(exist_ok=True)
PORT = env.number("PORT", "8000", "1 to 65535")  # development: of the portal
MAIL_PORT = env.number("MAIL_PORT", "8001", "1 to 65535")  # development: of the mail login service

SECRET_KEY = env.key("SECRET_KEY", "only-for-development-" + "x" * 50 if DEBUG else None)
SECRET_KEY_FALLBACKS = env.keys("SECRET_KEY_FALLBACKS", "")
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if DEBUG else None)
ALLOWED_HOSTS.append("127.0.0.1")  # what watches the service asks the machine itself; no link is built from this name
# The portal's own address as people type it; links in mails and callbacks are built from it, never from a request.
PUBLIC_URL = env.url("PUBLIC_URL", f"http://localhost:{PORT}" if DEBUG else None).rstrip("/")
# How many proxies stand in front of the portal. The client's address is taken from X-Forwarded-For at this place
# from the right; 0 takes it from the connection.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", "0", "0 to 10")

# Completes a name that was typed without its @ part.
MAIL_DOMAIN = env.host("MAIL_DOMAIN", "example.edu" if DEBUG else None).lower()
# All that mailboxes here have after the @: that one, and others.
MAIL_DOMAINS = list(dict.fromkeys([MAIL_DOMAIN, *env.domains("MAIL_DOMAINS")]))
# zhangsan+news@example.edu is zhangsan's; no mailbox has a + in its own name then.
SUBADDRESSES = env.boolean("SUBADDRESSES", "off")
# Where mail programs look for the servers' settings (setup/autoconfig.py). These hosts answer that and nothing else.
MAIL_PACC = env.boolean("MAIL_PACC", "off")  # by a draft too, which wants a digest in the DNS (setup/pacc.py)
_setup_hosts = ("autoconfig.", "autodiscover.", *(["ua-auto-config."] if MAIL_PACC else []), "")
AUTOCONFIG_HOSTS = env.hosts(
    "AUTOCONFIG_HOSTS", ",".join(f"{name}{domain}" for domain in MAIL_DOMAINS for name in _setup_hosts)
)
SETUP_HOSTS = {host.lower() for host in AUTOCONFIG_HOSTS} - set(ALLOWED_HOSTS)  # the portal's own name stays its own
ALLOWED_HOSTS += sorted(SETUP_HOSTS)
INSTITUTION = env.text("INSTITUTION", "示例大学" if DEBUG else MAIL_DOMAIN)
INSTITUTION_ENGLISH = env.text("INSTITUTION_ENGLISH", "Example University" if DEBUG else INSTITUTION)
# The look: one colour (#rrggbb), of which readable shades are made, and a picture (.svg, .png or .webp, about square).
INSTITUTION_COLOR = env.color("INSTITUTION_COLOR")
LOGO_SIZE_LIMIT = 50_000  # bytes; it is loaded with the first page
INSTITUTION_LOGO = env.file("INSTITUTION_LOGO", (".svg", ".png", ".webp"), LOGO_SIZE_LIMIT)
MAILBOX_URL = env.url("MAILBOX_URL")  # where "进入邮箱" leads; empty hides it
# Where webmail shows filters and forwarding; empty: MAILBOX_URL.
MAIL_FILTERS_URL = env.url("MAIL_FILTERS_URL")
PASSWORD_RESET_URL = env.url(
    "PASSWORD_RESET_URL"
)  # where a forgotten mailbox password is replaced; else: SUPPORT_CONTACT
SUPPORT_CONTACT = env.text("SUPPORT_CONTACT", "010-6233-0000" if DEBUG else "")  # the IT office
# Where its counter is, and when it is open; empty: pages only say what to bring.
SUPPORT_COUNTER = env.text("SUPPORT_COUNTER", "信息楼 101 室，工作日 8:30–17:00" if DEBUG else "")

# To whom numbers go so that SMS come, as people are told before they agree: the name of the operator of the gateways.
SMS_OPERATOR = env.text("SMS_OPERATOR", "示例短信公司" if DEBUG else "")
# What the institution adds to the page about personal data; another version, and everybody is asked to agree again.
PRIVACY_ADDITIONS = env.file("PRIVACY_ADDITIONS", (".txt", ".md"), 50_000)
PRIVACY_VERSION = env.number("PRIVACY_VERSION", "1", "1 to 10000")

INSTALLED_APPS = [
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",  # each address of a static file looks for it here
    "oauth2_provider",
    "accounts.users",
    "accounts.jobs",
    "accounts.presses",
    "accounts.faults",
    "accounts.log",
    "accounts.audit",
    "accounts.mailsessions",
    "accounts.bans",
    "accounts.delivery",
    "accounts.routes",
    "accounts.codes",
    "accounts.maillogins",
    "accounts.aliases",
    "accounts.owners",
    "accounts.rollouts",
    "accounts.phones",
    "accounts.factors",
    "accounts.browsers",
    "accounts.elsewhere",
    "accounts.sessions",
    "accounts.signin",
    "accounts.directory",
    "accounts.closures",
    "accounts.security",
    "accounts.openid",
    "accounts.imports",
    "apppasswords",
    "apppasswords.setup",
    "portal",
    "portal.operations",
    "portal.office.apps.OfficeConfig",
    "portal.office.apps.OfficeAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.forms",
    "django_otp",
    "phonenumber_field",
    "django_htmx",
    "import_export",
]
if DEBUG:
    INSTALLED_APPS.append("portal.development")

MIDDLEWARE = [
    "portal.operations.middleware.request_id",
    "apppasswords.setup.autoconfig.mail_settings",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "accounts.presses.middleware.OnePress",
    "csp.middleware.CSPMiddleware",
    "apppasswords.setup.middleware.hide_token",
    "accounts.delivery.middleware.hide_secret",
    "accounts.sessions.gate.middleware.no_store",
    "portal.middleware.well_formed",
    "portal.operations.middleware.health",
    "portal.database.middleware.Sessions",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.sessions.gate.middleware.csrf_cookie_once",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "accounts.sessions.gate.middleware.present_ways",
    "portal.database.middleware.OurSide",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.sessions.gate.middleware.OneFlow",
    "accounts.sessions.gate.middleware.SecondStepMiddleware",
    "accounts.openid.middleware.LeadsToApplications",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.pages.site",
            ],
            "builtins": ["accounts.lib.filters", "accounts.lib.mending", "accounts.sessions.gate.flows"],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # templates/django/forms/field.html shapes every field

# --- Languages and time ---------------------------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.zone("TIME_ZONE", "Asia/Shanghai")
USE_TZ = True
FORMAT_MODULE_PATH = "portal.formats"  # one way to write a time, in every language

# --- Database -------------------------------------------------------------------------------------------------------

_database = f"sqlite:///{VAR / 'mailkey.sqlite3'}" if DEBUG else None
DATABASES: dict[str, dict[str, Any]] = {"default": env.database("DATABASE_URL", _database)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # The web server, the worker and the mail login service share the file. WAL lets them read while one writes;
    # a transaction takes the write lock at its beginning, where waiting for it can still help.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds to wait for another process's write
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["ENGINE"] = "portal.database"
    timezone.now = clock.now  # machines of a site go by the database's clock: what is compared is compared by one
    DATABASES["default"]["CONN_MAX_AGE"] = 600  # seconds
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)  # seconds
    several(DATABASES["default"])

# --- Passwords and sessions -----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
# Where mailbox passwords are compared, if not here (docs/directory.md); in the order in which they are asked.
LDAP_URLS = env.directories("LDAP_URLS")
LDAP_STARTTLS = env.choice("LDAP_STARTTLS", ("auto", "on", "off"), "auto")  # auto: not on this machine
LDAP_CA_FILE = env.file("LDAP_CA_FILE", (".pem", ".crt"), 10_000_000)  # empty: the system's authorities
LDAP_BIND_DN = env.text("LDAP_BIND_DN")  # empty: anonymous
LDAP_BIND_PASSWORD = env.secret("LDAP_BIND_PASSWORD")
LDAP_BASE = env.text("LDAP_BASE")
LDAP_FILTER = env.ldap_filter("LDAP_FILTER", "(mail={address})")
LDAP_ANSWER_WITHIN = env.seconds("LDAP_ANSWER_WITHIN", "0.6", "0.1 to 0.9")  # all servers together
# How long a mail program's right password is not asked about again, and how long a wrong one.
LDAP_RIGHT_LIFETIME = env.duration("LDAP_RIGHT_LIFETIME", "10min", "0s to 1h")
LDAP_WRONG_LIFETIME = env.duration("LDAP_WRONG_LIFETIME", "30min", "0s to 1d")
# Wrong passwords of one account that the directory is asked about: fewer than those that lock it there, as long.
LDAP_WRONG_LIMIT = env.number("LDAP_WRONG_LIMIT", "4", "1 to 1000")
LDAP_WRONG_WITHIN = env.duration("LDAP_WRONG_WITHIN", "30min", "1min to 1d")
# What our columns are called there: address, name, department, identity, which never changes, and perhaps phone.
LDAP_ATTRIBUTES = env.ldap_attributes("LDAP_ATTRIBUTES", "address=mail,name=cn,department=ou,identity=entryUUID")
# From when on people of these departments have to begin two-step with the phone that the directory has for them.
LDAP_PHONES_TRUSTED_SINCE = env.day("LDAP_PHONES_TRUSTED_SINCE")
LDAP_PHONES_TRUSTED_FOR = env.names("LDAP_PHONES_TRUSTED_FOR")
LDAP_SYNC = env.boolean("LDAP_SYNC", "off")  # every hour, people as the directory has them
LDAP_CHANGES_EVERY = env.duration("LDAP_CHANGES_EVERY", "5min", "0s to 1h")  # and between, who has changed; 0s: not
# Of a hundred people, who may have left since the last time without an administrator's word.
LDAP_LEAVERS_LIMIT = env.number("LDAP_LEAVERS_LIMIT", "2", "0 to 100")
# Whether people change their password there through the portal, and how it is said to the directory.
LDAP_PASSWORD_CHANGE = env.choice("LDAP_PASSWORD_CHANGE", ("off", "rfc3062", "ad"), "off")
if LDAP_URLS:
    env.need("LDAP_URLS", "LDAP_BASE")
    env.need_package("LDAP_URLS", "ldap", "requirements-ldap.txt")
if LDAP_PHONES_TRUSTED_SINCE:
    env.need("LDAP_PHONES_TRUSTED_SINCE", "LDAP_PHONES_TRUSTED_FOR")
if LDAP_PHONES_TRUSTED_FOR and "phone" not in LDAP_ATTRIBUTES:
    env.faults.append("LDAP_PHONES_TRUSTED_FOR needs phone=… in LDAP_ATTRIBUTES, for example phone=mobile.")
if LDAP_BIND_DN:
    env.need("LDAP_BIND_DN", "LDAP_BIND_PASSWORD")
# Mailbox passwords are checked through these and nowhere else, so that a directory can take over.
AUTHENTICATION_BACKENDS = env.dotted("AUTHENTICATION_BACKENDS", "django.contrib.auth.backends.ModelBackend")
if LDAP_URLS:
    AUTHENTICATION_BACKENDS = ["accounts.directory.backend.Directory"]
# True: nothing here makes or sets one.
PASSWORDS_IN_DIRECTORY = env.boolean("PASSWORDS_IN_DIRECTORY", "off") or bool(LDAP_URLS)
# Who has it there may change it here nevertheless.
HAS_PASSWORD_PAGE = not PASSWORDS_IN_DIRECTORY or bool(LDAP_URLS and LDAP_PASSWORD_CHANGE != "off")
PASSWORD_HASHERS = [
    "accounts.users.hashers.Argon2id",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    # Of the mail server that was replaced (manage.py takeover); hashed as the first at the next sign-in.
    "accounts.users.foreign_hashers.Crypt",
    "accounts.users.foreign_hashers.SaltedSha",
    "accounts.users.foreign_hashers.DovecotPbkdf2",
    "accounts.users.foreign_hashers.ForeignArgon2",
    "accounts.users.hashers.ClientSecret",  # of applications
]
# The database of the mail server that is replaced, and what is asked there: address, hash and perhaps name (manage.py
# takeover --from-database, docs/moving.md).
TAKEOVER_DATABASE = env.foreign_database("TAKEOVER_DATABASE_URL")
TAKEOVER_QUERY = env.query("TAKEOVER_QUERY")
if TAKEOVER_DATABASE:
    env.need("TAKEOVER_DATABASE_URL", "TAKEOVER_QUERY")
    if TAKEOVER_DATABASE["ENGINE"].endswith("mysql"):
        env.need_package("TAKEOVER_DATABASE_URL=mysql://…", "pymysql", "requirements-mysql.txt")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
     "OPTIONS": {"user_attributes": ("username", "name")}},
    {"NAME": "accounts.users.mailbox_passwords.MinimumLength", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.users.mailbox_passwords.NotOurWords"},
]  # fmt: skip
# With the institution's names and domains, what no password may consist of: abbreviations, Pinyin, places.
PASSWORD_WORDS = {
    word.casefold()
    for names in (INSTITUTION, INSTITUTION_ENGLISH, *MAIL_DOMAINS, "mailkey", *env.names("PASSWORD_WORDS"))
    for word in re.findall(r"\w{3,}", names)
}
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"

SESSION_LIFETIME = env.duration("SESSION_LIFETIME", "12h", "1min to 30d")  # from sign-in, however busy
# 临时登录: on a computer that others use.
TEMPORARY_SESSION_LIFETIME = env.duration("TEMPORARY_SESSION_LIFETIME", "30min", "1min to 12h")
# Nothing is done for so long: out; and the administration asks for a second step anew. 0s: however long.
IDLE_LIFETIME = env.duration("IDLE_LIFETIME", "2h", "0s to 30d")
IDLE_LIFETIME_OF_STAFF = env.duration("IDLE_LIFETIME_OF_STAFF", "30min", "0s to 30d")
SESSION_ENGINE = "accounts.sessions.storage.store"
SESSION_COOKIE_AGE = int(SESSION_LIFETIME.total_seconds())
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
# Between the right password and the right code.
HALFWAY_LIFETIME = env.duration("HALFWAY_LIFETIME", "10min", "1min to 1h")
# How long a code opens the pages that ask for one.
FRESH_CODE_LIFETIME = env.duration("FRESH_CODE_LIFETIME", "10min", "1min to 12h")
TRUSTED_BROWSER_LIFETIME = env.duration("TRUSTED_BROWSER_LIFETIME", "30d", "1min to 365d")

# --- Ways to take the second step (docs/second-steps.md) --------------------------------------------------------------

_ways = ("phone", "app", "passkey", "recovery")
SECOND_STEPS = env.choices("SECOND_STEPS", _ways, ",".join(_ways))  # that there are


def _among(*named: str) -> str:
    """By default what is left of it, for who takes one out."""
    return ",".join(way for way in named if way in SECOND_STEPS)


# Of these, what somebody may have and nothing else; and what is offered where two-step begins, or all is lost.
SECOND_STEPS_ALONE = env.choices("SECOND_STEPS_ALONE", ("phone", "app", "passkey"), _among("phone", "app"))
SECOND_STEPS_TO_BEGIN = env.choices("SECOND_STEPS_TO_BEGIN", ("phone", "app"), _among("phone", "app"))
# Of these, what opens the administration.
SECOND_STEPS_OF_STAFF = env.choices("SECOND_STEPS_OF_STAFF", _ways, _among(*_ways))
# The host of PUBLIC_URL, or a domain that it is in. Passkeys are bound to it: with another one all are void.
PASSKEY_DOMAIN = env.host("PASSKEY_DOMAIN", urlsplit(PUBLIC_URL).hostname or "localhost").lower()
# What is kept of authenticator apps is sealed with the first key, the others still open it.
FACTOR_KEYS = env.keys("FACTOR_KEYS", "only-for-development-" + "f" * 50 if DEBUG else None)

# --- OpenID Connect: other sites sign people in through the portal ---------------------------------------------------

# RSA keys (PEM), one after the other: the first signs, the others still verify what they signed.
OIDC_SIGNING_KEYS = env.pems(
    "OIDC_SIGNING_KEYS",
    PRIVATE_KEY,
    "one or several RSA keys in PEM, as openssl genrsa 3072 makes them",
    development_key(VAR) if DEBUG else None,
)
ACCESS_TOKEN_LIFETIME = env.duration("ACCESS_TOKEN_LIFETIME", "10min", "1min to 1d")
# A mail program that signed in by a token, from the sign-in; as long as nothing ends it before.
MAIL_PROGRAM_LIFETIME = env.duration("MAIL_PROGRAM_LIFETIME", "90d", "1h to 400d")
THUNDERBIRD_CLIENT = env.text(
    "THUNDERBIRD_CLIENT"
)  # the application that its add-on signs in to; empty: none is offered
MAIL_PROGRAM_REGISTRATION = env.boolean("MAIL_PROGRAM_REGISTRATION", "off")  # programs make themselves known (RFC 7591)
OAUTH2_PROVIDER_APPLICATION_MODEL = "openid.Application"
OAUTH2_PROVIDER_GRANT_MODEL = "openid.Grant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "openid.AccessToken"
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "openid.RefreshToken"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "openid.IDToken"
TOKEN_CLIENTS = ["client_secret_basic", "client_secret_post", "none"]
# What such programs ask for by names that are nobody's own (draft-ietf-mailmaint-oauth-public).
SCOPES_OF_THE_DRAFT = {
    "urn:ietf:params:oauth:scope:mail": _("read and send your mail"),
    "offline_access": _("stay signed in"),
}
OAUTH2_PROVIDER: dict[str, Any] = {
    "OIDC_ENABLED": True,
    "OIDC_ISS_ENDPOINT": PUBLIC_URL,
    "OIDC_RSA_PRIVATE_KEY": next(iter(OIDC_SIGNING_KEYS), ""),
    "OIDC_RSA_PRIVATE_KEYS_INACTIVE": OIDC_SIGNING_KEYS[1:],
    "OIDC_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OAUTH2_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OAUTH2_GRANT_TYPES_SUPPORTED": ["authorization_code", "refresh_token"],  # and no other is taken
    # Programs on people's own computers have no secret.
    "OIDC_TOKEN_ENDPOINT_AUTH_METHODS_SUPPORTED": TOKEN_CLIENTS,
    "OAUTH2_TOKEN_ENDPOINT_AUTH_METHODS_SUPPORTED": TOKEN_CLIENTS,
    "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
    "OIDC_RP_INITIATED_LOGOUT_ALWAYS_PROMPT": False,
    "OAUTH2_VALIDATOR_CLASS": "accounts.openid.validator.Validator",
    "SCOPES_BACKEND_CLASS": "accounts.openid.validator.Scopes",
    "SCOPES": {
        "openid": _("know who you are"),
        "email": _("see your mailbox address"),
        "profile": _("see your name"),
        "mail": _("read and send your mail"),
        **(SCOPES_OF_THE_DRAFT if MAIL_PROGRAM_REGISTRATION else {}),
    },
    "DCR_ENABLED": MAIL_PROGRAM_REGISTRATION,  # the addresses that are published name it
    "DEFAULT_SCOPES": ["openid"],
    "ACCESS_TOKEN_EXPIRE_SECONDS": int(ACCESS_TOKEN_LIFETIME.total_seconds()),
    "ID_TOKEN_EXPIRE_SECONDS": int(ACCESS_TOKEN_LIFETIME.total_seconds()),
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "CLIENT_SECRET_HASHER": "client_secret",
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http"] if DEBUG else ["https"],
    # What RFC 9700 asks for; django-oauth-toolkit's defaults from 4.0 on.
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_SCHEME": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
}

# --- Sign-in elsewhere: the password is compared by the institution's own service (docs/single-sign-on.md) ------------

CAS_URL = next(iter(env.own_urls("CAS_URL")), "").rstrip("/")
CAS_PROTOCOL = env.choice("CAS_PROTOCOL", ("2", "3"), "3")
CAS_MAILBOX = env.text("CAS_MAILBOX", "mail")  # the attribute that is the mailbox; user: the user name itself
CAS_LABEL = env.text("CAS_LABEL")
OIDC_UPSTREAM_ISSUER = next(iter(env.own_urls("OIDC_UPSTREAM_ISSUER")), "")  # letter by letter as it calls itself
OIDC_UPSTREAM_CLIENT_ID = env.text("OIDC_UPSTREAM_CLIENT_ID")
OIDC_UPSTREAM_CLIENT_SECRET = env.secret("OIDC_UPSTREAM_CLIENT_SECRET")
OIDC_UPSTREAM_SCOPE = env.text("OIDC_UPSTREAM_SCOPE", "openid email")
OIDC_UPSTREAM_MAILBOX = env.text("OIDC_UPSTREAM_MAILBOX", "email")  # the claim; email only if it is verified
OIDC_UPSTREAM_LABEL = env.text("OIDC_UPSTREAM_LABEL")
# The form of the mailbox password: before the buttons, folded away behind them, or not there (manage.py signinform).
SIGN_IN_FORM = env.choice("SIGN_IN_FORM", ("first", "folded", "hidden"), "first")
if SIGN_IN_FORM == "hidden" and not (CAS_URL or OIDC_UPSTREAM_ISSUER):
    env.faults.append("SIGN_IN_FORM=hidden needs CAS_URL or OIDC_UPSTREAM_ISSUER: nobody could sign in.")
# From this day on it counts as both steps, where one of the pairs is among what it says; without pairs, always.
CAS_BOTH_STEPS_SINCE = env.day("CAS_BOTH_STEPS_SINCE")  # empty: never
CAS_BOTH_STEPS_WHEN = env.pairs("CAS_BOTH_STEPS_WHEN")
OIDC_UPSTREAM_BOTH_STEPS_SINCE = env.day("OIDC_UPSTREAM_BOTH_STEPS_SINCE")
OIDC_UPSTREAM_BOTH_STEPS_WHEN = env.pairs("OIDC_UPSTREAM_BOTH_STEPS_WHEN")
# Of these domains somebody who comes for the first time is given an account; empty: is refused.
SIGN_IN_ELSEWHERE_CREATES = env.domains("SIGN_IN_ELSEWHERE_CREATES")
SIGN_OUT_ELSEWHERE = env.boolean("SIGN_OUT_ELSEWHERE", "on")  # who signs out here is led to sign out there
if OIDC_UPSTREAM_ISSUER:
    env.need("OIDC_UPSTREAM_ISSUER", "OIDC_UPSTREAM_CLIENT_ID")
    env.need("OIDC_UPSTREAM_ISSUER", "OIDC_UPSTREAM_CLIENT_SECRET")

# --- What other programs may say (docs/operations.md) -----------------------------------------------------------------

# With it a rate limiter or a spam filter stops an account that is misused; empty: none may.
STOLEN_HOOK_KEY = env.secret("STOLEN_HOOK_KEY", least=32)
STOLEN_HOOK_LIMIT = env.number("STOLEN_HOOK_LIMIT", "20", "1 to 10000")  # accounts an hour

# --- Codes and SMS --------------------------------------------------------------------------------------------------

# Codes are derived from this key and are stored nowhere.
SMS_CODE_KEY = env.key("SMS_CODE_KEY", "only-for-development-" + "y" * 50 if DEBUG else None)
SMS_CODE_LIFETIME = env.duration("SMS_CODE_LIFETIME", "5min", "30s to 1h")
SMS_CODE_TRIES = env.number("SMS_CODE_TRIES", "5", "1 to 20")  # guesses at one code
# Wrong codes of an account in a row, any code.
SMS_CODE_WRONG_LIMIT = env.number("SMS_CODE_WRONG_LIMIT", "20", "1 to 1000")
SMS_CODE_PAUSE = env.duration("SMS_CODE_PAUSE", "1h", "1min to 7d")  # how long the SMS step of that account then stops
SMS_RESEND_AFTER = env.duration("SMS_RESEND_AFTER", "60s", "0s to 1h")
SMS_HOURLY_LIMIT = env.number(
    "SMS_HOURLY_LIMIT", "5", "1 to 1000"
)  # codes an hour out of one purse: see accounts/codes/limits.py
# Codes in 24 hours out of one purse.
SMS_DAILY_LIMIT = env.number("SMS_DAILY_LIMIT", "10", "1 to 10000")
# Codes an hour for an address outside SHARED_NETWORKS.
SMS_ADDRESS_LIMIT = env.number("SMS_ADDRESS_LIMIT", "60", "1 to 1000000")
SMS_DAILY_BUDGET = env.number("SMS_DAILY_BUDGET", "20000", "0 to 100000000")  # codes a calendar day, the whole site
# Numbers that differ in the last four digits: if codes for so many were asked for and not entered, others get none.
SMS_RANGE_LIMIT = env.number("SMS_RANGE_LIMIT", "50", "1 to 1000000")
SMS_RANGE_WITHIN = env.duration("SMS_RANGE_WITHIN", "1h", "1min to 7d")
# Percent of the numbers that get codes in an hour, and enter one; if it is less, the office is told. 0: never.
SMS_ENTERED_SHARE = env.number("SMS_ENTERED_SHARE", "30", "0 to 100")
SMS_COUNTRIES = env.numbers("SMS_COUNTRIES", "86,852,853,886", "1 to 999")  # calling codes that get SMS
# Beginnings of mobile numbers, with the calling code, that are newer than the library of numbers: 86149,85270.
SMS_FURTHER_PREFIXES = env.numbers("SMS_FURTHER_PREFIXES", "", "11 to 999999999999999")
SMS_HISTORY_LIFETIME = env.duration("SMS_HISTORY_LIFETIME", "30d", "1d to 3650d")
# The sweep's interval, and what it leaves to the first delivery.
SMS_REQUEUE_AFTER = env.duration("SMS_REQUEUE_AFTER", "2s", "1s to 10min")
# How long a notice (SMS, mail) is worth sending.
SMS_NOTICE_LIFETIME = env.duration("SMS_NOTICE_LIFETIME", "1d", "1min to 7d")
HELP_CODE_LIFETIME = env.duration("HELP_CODE_LIFETIME", "10min", "1min to 7d")  # from the counter to a browser
HELP_CODE_TRIES = env.number("HELP_CODE_TRIES", "5", "1 to 20")  # guesses at one help-desk code
MAILBOXES_PER_PHONE = env.number("MAILBOXES_PER_PHONE", "5", "1 to 1000")  # mailboxes that may share one number

PHONENUMBER_DEFAULT_REGION = "CN"

# outbox (development: a file and a page) and memory (tests) show codes and need DEBUG
# Platforms that are reached by HTTP, a file each; the gateway is named like the file.
SMS_HTTP_FILES = env.toml_files("SMS_HTTP_FILES")
SMS_PLATFORMS: dict[str, Any] = {}
if SMS_HTTP_FILES:
    # Only where there are any: few processes need what reads them.
    from accounts.delivery.gateways.platforms import files as _files

    for _path in SMS_HTTP_FILES:
        SMS_PLATFORMS[_path.stem], _faults = _files.read(_path, env.secret)
        env.faults += [f"SMS_HTTP_FILES: {_path}: {_fault}" for _fault in _faults]
_providers = ("twilio", "alibaba", "tencent", *SMS_PLATFORMS)
_gateways = ("outbox", "memory", *_providers) if DEBUG else _providers
SMS_GATEWAYS = env.choices("SMS_GATEWAYS", _gateways)  # all that may be sent through
SMS_GATEWAY = env.choice("SMS_GATEWAY", _gateways, next(iter(SMS_GATEWAYS), "outbox" if DEBUG else None))  # the default
_named = (SMS_GATEWAY, *SMS_GATEWAYS)
# Which gateways the numbers of a country take, one after the other; what is not named takes all, in their order.
SMS_ROUTES = env.rules("SMS_ROUTES", routes.ROUTES, partial(routes.routes, gateways=_named))
SMS_PRICES = env.rules("SMS_PRICES", routes.PRICES, partial(routes.prices, gateways=_named))  # of one SMS
SMS_BUDGETS = env.rules("SMS_BUDGETS", routes.BUDGETS, partial(routes.budgets, gateways=_named))  # a calendar day
# So many different numbers in a row that a gateway failed: it is left out.
SMS_OUTAGE_AFTER = env.number("SMS_OUTAGE_AFTER", "5", "1 to 1000")
SMS_OUTAGE_REST = env.duration("SMS_OUTAGE_REST", "2s", "1s to 2min")  # then one SMS tries it; later each time
SMS_OUTBOX = VAR / "outbox.jsonl"
TWILIO_ACCOUNT_SID = env.text("TWILIO_ACCOUNT_SID")
TWILIO_AUTH_TOKEN = env.secret("TWILIO_AUTH_TOKEN")
TWILIO_MESSAGING_SERVICE_SID = env.text("TWILIO_MESSAGING_SERVICE_SID")  # or TWILIO_FROM
TWILIO_FROM = env.text("TWILIO_FROM")
# In front of each SMS as 【…】, as carriers of the mainland ask for; a provider has approved it under this name.
SMS_SIGNATURE = env.text("SMS_SIGNATURE", INSTITUTION).strip("【】")
# The last line of an SMS abroad names the portal: phones then fill in the code there and nowhere else. It costs a
# second SMS where there are Chinese characters.
SMS_AUTOFILL = env.boolean("SMS_AUTOFILL", "off")
# Stands in the address to which gateways report what became of an SMS; empty: they cannot.
SMS_RECEIPT_SECRET = env.secret("SMS_RECEIPT_SECRET", least=16)
# From where each may report; one that is not named, from anywhere.
SMS_RECEIPT_NETWORKS = env.rules("SMS_RECEIPT_NETWORKS", routes.NETWORKS, partial(routes.networks, gateways=_named))
SMS_CONNECT_TIMEOUT = env.seconds("SMS_CONNECT_TIMEOUT", "3", "0.1 to 60")  # seconds; of all gateways but Twilio
SMS_READ_TIMEOUT = env.seconds("SMS_READ_TIMEOUT", "8", "0.1 to 60")  # seconds
TWILIO_CONNECT_TIMEOUT = env.seconds("TWILIO_CONNECT_TIMEOUT", "3", "0.1 to 60")  # seconds
TWILIO_READ_TIMEOUT = env.seconds("TWILIO_READ_TIMEOUT", "8", "0.1 to 60")  # seconds
TWILIO_BASE_URL = env.url("TWILIO_BASE_URL")  # a stand-in for api.twilio.com; tests
if "twilio" in (SMS_GATEWAY, *SMS_GATEWAYS):
    env.need("SMS_GATEWAY=twilio", "TWILIO_ACCOUNT_SID")
    env.need("SMS_GATEWAY=twilio", "TWILIO_AUTH_TOKEN")
    env.need("SMS_GATEWAY=twilio", "TWILIO_MESSAGING_SERVICE_SID", "TWILIO_FROM")
ALIBABA_ACCESS_KEY_ID = env.text("ALIBABA_ACCESS_KEY_ID")
ALIBABA_ACCESS_KEY_SECRET = env.secret("ALIBABA_ACCESS_KEY_SECRET")
ALIBABA_TEMPLATES = env.sms_templates("ALIBABA_TEMPLATES")
ALIBABA_URL = env.url("ALIBABA_URL", "https://dysmsapi.aliyuncs.com")
if "alibaba" in (SMS_GATEWAY, *SMS_GATEWAYS):
    env.need("SMS_GATEWAY=alibaba", "ALIBABA_ACCESS_KEY_ID")
    env.need("SMS_GATEWAY=alibaba", "ALIBABA_ACCESS_KEY_SECRET")
    env.need("SMS_GATEWAY=alibaba", "ALIBABA_TEMPLATES")
    env.need_package("SMS_GATEWAY=alibaba", "alibabacloud_dysmsapi20170525", "requirements-alibaba.txt")
TENCENT_SECRET_ID = env.text("TENCENT_SECRET_ID")
TENCENT_SECRET_KEY = env.secret("TENCENT_SECRET_KEY")
TENCENT_APP_ID = env.text("TENCENT_APP_ID")
TENCENT_TEMPLATES = env.sms_templates("TENCENT_TEMPLATES")
TENCENT_REGION = env.text("TENCENT_REGION", "ap-guangzhou")
TENCENT_URL = env.url("TENCENT_URL", "https://sms.tencentcloudapi.com")
if "tencent" in (SMS_GATEWAY, *SMS_GATEWAYS):
    env.need("SMS_GATEWAY=tencent", "TENCENT_SECRET_ID")
    env.need("SMS_GATEWAY=tencent", "TENCENT_SECRET_KEY")
    env.need("SMS_GATEWAY=tencent", "TENCENT_APP_ID")
    env.need("SMS_GATEWAY=tencent", "TENCENT_TEMPLATES")
    env.need_package("SMS_GATEWAY=tencent", "tencentcloud", "requirements-tencent.txt")

# --- Failures and bans ----------------------------------------------------------------------------------------------

BAN_AFTER_FAILURES = env.number("BAN_AFTER_FAILURES", "10", "1 to 1000")  # wrong passwords in a row from one address
BAN_LIFETIME = env.duration("BAN_LIFETIME", "1h", "1s to 30d")
BAN_COUNTS_REPEATS = env.boolean("BAN_COUNTS_REPEATS", "on")  # off counts the same wrong password once
FAILURE_LIFETIME = env.duration("FAILURE_LIFETIME", "1d", "1min to 30d")  # an older failure no longer counts
# Of IPv6, where one customer has many addresses: different wrong passwords from a /56 and from a /48 that ban it.
BAN_AFTER_FAILURES_56 = env.number("BAN_AFTER_FAILURES_56", "30", "1 to 1000000")
BAN_AFTER_FAILURES_48 = env.number("BAN_AFTER_FAILURES_48", "100", "1 to 1000000")
# Accounts that got in from one address within a week: it is shared by many people, whoever they are.
GATEWAY_ACCOUNTS = env.number("GATEWAY_ACCOUNTS", "3", "2 to 1000")
# How long it is known from where an account got in.
PLACE_LIFETIME = env.duration("PLACE_LIFETIME", "90d", "1d to 3650d")
# Wrong mailbox passwords of one account from where it is not known, while that password opens mail by itself.
BRAKE_AFTER_FAILURES = env.number("BRAKE_AFTER_FAILURES", "50", "1 to 1000000")
BRAKE_WITHIN = env.duration("BRAKE_WITHIN", "1d", "1min to 30d")
# Networks that many people share (the campus): failures and bans are for one account at one address there.
SHARED_NETWORKS = env.networks("SHARED_NETWORKS")
# Different wrong passwords from one address of a shared network, any account, that ban the whole address.
SHARED_NETWORK_FAILURES = env.number("SHARED_NETWORK_FAILURES", "500", "1 to 1000000")

# --- Roll-out of two-step, import of people ---------------------------------------------------------------------------

# A mail program that used it so lately uses it.
MAILBOX_PASSWORD_SEEN = env.duration("MAILBOX_PASSWORD_SEEN", "30d", "1d to 365d")
# Of dry runs and files that led to nothing.
ROLLOUT_DRAFT_LIFETIME = env.duration("ROLLOUT_DRAFT_LIFETIME", "7d", "1h to 365d")
REMINDER_HOUR = env.number("REMINDER_HOUR", "9", "0 to 23")  # o'clock, at which a day's reminders begin to go out
REMINDERS_AT_ONCE = env.number("REMINDERS_AT_ONCE", "200", "1 to 100000")  # mails waiting; a sweep later come the next
IMPORT_ROWS_LIMIT = env.number("IMPORT_ROWS_LIMIT", "50000", "1 to 1000000")
IMPORT_SIZE_LIMIT = env.number("IMPORT_SIZE_LIMIT", "10485760", "1 to 1073741824")  # bytes
# A worker that has said nothing for so long must have died.
JOB_LOST_AFTER = env.duration("JOB_LOST_AFTER", "60s", "1s to 1d")
JOB_TRIES = env.number("JOB_TRIES", "5", "1 to 100")  # workers that may die of one batch

# --- The security log -----------------------------------------------------------------------------------------------

# Events are signed: the first key is for new ones, the others still verify.
EVENT_LOG_KEYS = env.keys("EVENT_LOG_KEYS", "only-for-development-" + "e" * 50 if DEBUG else None)
EVENT_LIFETIME = env.duration("EVENT_LIFETIME", "730d", "1d to 36500d")
# Where a copy of each event goes; empty: nowhere.
EVENT_SYSLOG = env.checked("EVENT_SYSLOG", syslog.address, "a path such as /dev/log, or udp://host:514")

# --- App passwords and mail logins ------------------------------------------------------------------------------------

# Digests of app passwords: the first key is for new ones, the others still verify.
APP_PASSWORD_KEYS = env.keys("APP_PASSWORD_KEYS", "only-for-development-" + "z" * 50 if DEBUG else None)
APP_PASSWORDS_PER_USER = env.number("APP_PASSWORDS_PER_USER", "50", "1 to 1000")
# App passwords and QR codes that one person may ask for in a day: each name is compared with the mailbox password.
APP_PASSWORDS_DAILY = env.number("APP_PASSWORDS_DAILY", "100", "1 to 10000")
# What mail servers show the mail login service (apppasswords/maillogin/service.py) to be let in.
MAIL_AUTH_TOKEN = env.secret("MAIL_AUTH_TOKEN", "only-for-development-" + "t" * 50 if DEBUG else None, least=16)
# How long it is known who logged in, and how.
MAIL_LOGIN_LIFETIME = env.duration("MAIL_LOGIN_LIFETIME", "184d", "1d to 3650d")
# After how long without a sign-in and a mail program an account is disabled; 0: never.
DORMANT_AFTER = env.duration("DORMANT_AFTER", "0s", "0s to 3650d")
# How long before that, and before its last day, its owner is told.
CLOSING_TOLD_BEFORE = env.duration("CLOSING_TOLD_BEFORE", "14d", "1d to 90d")
if DORMANT_AFTER and not CLOSING_TOLD_BEFORE < DORMANT_AFTER <= MAIL_LOGIN_LIFETIME:
    env.faults.append(
        "DORMANT_AFTER must be longer than CLOSING_TOLD_BEFORE, and no longer than MAIL_LOGIN_LIFETIME: "
        "else nobody knows who still reads mail by a mail program."
    )
# How long after an account was disabled it is erased with all that is kept of it; 0: never.
ERASE_AFTER = env.duration("ERASE_AFTER", "0s", "0s to 3650d")
if ERASE_AFTER and ERASE_AFTER < MAIL_LOGIN_LIFETIME:
    env.faults.append(
        "ERASE_AFTER must be no shorter than MAIL_LOGIN_LIFETIME: else logins of mail programs go before their time."
    )
# Which algorithms new keys are made for (manage.py keys --renew): SHA-256 and AES, or SM3 and SM4. A key says itself in
# which it is used.
KEY_ALGORITHMS = env.choice("KEY_ALGORITHMS", ("international", "sm"), "international")
# Phone numbers in the database are sealed under the first key, and the others still open them; none: they are in clear.
NUMBER_KEYS = env.keys_or("plain", "NUMBER_KEYS")
_sm_keys = [
    key for key in (SMS_CODE_KEY, *APP_PASSWORD_KEYS, *FACTOR_KEYS, *EVENT_LOG_KEYS, *NUMBER_KEYS) if macs.is_sm(key)
]
if (_sm_keys or KEY_ALGORITHMS == "sm") and (_lacking := macs.lacking()):
    env.faults.append(
        f"A key begins with sm3:, or KEY_ALGORITHMS is sm, and OpenSSL on this machine has no {_lacking}: "
        "Debian 12 and later have it, or take the packages of requirements.txt."
    )
# Servers that can only bind ask by LDAP (docs/mail-servers/ldap.md): what each stands for, and from where it asks.
LDAP_FRONT_SERVERS = env.rules("LDAP_FRONT_SERVERS", askers.SERVERS, askers.servers)
LDAP_FRONT_LISTEN = env.endpoint("LDAP_FRONT_LISTEN", "127.0.0.1:1389")
# With both it speaks TLS; without, it listens on this machine only.
LDAP_FRONT_CERTIFICATE = env.file("LDAP_FRONT_CERTIFICATE", (".pem", ".crt"), 1_000_000)
LDAP_FRONT_KEY = env.file("LDAP_FRONT_KEY", (".pem", ".key"), 100_000)
if LDAP_FRONT_CERTIFICATE:
    env.need("LDAP_FRONT_CERTIFICATE", "LDAP_FRONT_KEY")
elif not ip_address(LDAP_FRONT_LISTEN.rpartition(":")[0].strip("[]")).is_loopback:
    env.faults.append("LDAP_FRONT_LISTEN is open to other machines: passwords need LDAP_FRONT_CERTIFICATE there.")
# Where everybody seems to come from whom such a server asks about: one account at a time is counted and banned there.
ASKERS_NETWORKS = [
    network for server in LDAP_FRONT_SERVERS.values() if not server.tells_addresses for network in server.networks
]
# After how many seconds a mail program is refused, whatever it took to find out; 0: at once.
MAIL_REFUSED_AFTER = env.seconds("MAIL_REFUSED_AFTER", "0.4", "0 to 0.8")
MAIL_ANSWER_WITHIN = env.seconds("MAIL_ANSWER_WITHIN", "0.8", "0.1 to 10")  # seconds; then "cannot tell"

# Dovecot's HTTP API (doveadm), on each mail server: what is connected ends with what opened it. Empty: it stays.
DOVEADM_URLS = env.own_urls("DOVEADM_URLS")
DOVEADM_API_KEY = env.secret("DOVEADM_API_KEY", least=16)
if DOVEADM_URLS:
    env.need("DOVEADM_URLS", "DOVEADM_API_KEY")

# What people enter into their mail programs; shown beside a new app password.
MAIL_SERVERS = {
    protocol: (env.host(f"{protocol}_HOST", f"{protocol.lower()}.{MAIL_DOMAIN}"), port, "SSL/TLS")
    for protocol, port in (
        ("IMAP", env.number("IMAP_PORT", "993", "1 to 65535")),
        ("POP", env.number("POP_PORT", "995", "1 to 65535")),
        ("SMTP", env.number("SMTP_PORT", "465", "1 to 65535")),
    )
}
# The server of calendars and contacts (CalDAV, CardDAV) that asks Mailkey about its logins (deploy/nginx/dav.conf).
DAV_HOST = env.host("DAV_HOST", "")
# Where nginx sends a login that was allowed (auth_http): address:port, the address an IP.
NGINX_BACKENDS = {
    "imap": env.endpoint("NGINX_IMAP_BACKEND", "127.0.0.1:10143"),
    "pop3": env.endpoint("NGINX_POP3_BACKEND", "127.0.0.1:10110"),
    "smtp": env.endpoint("NGINX_SMTP_BACKEND", "127.0.0.1:10587"),
}

# Profiles that set up the mail program of an iPhone, iPad or Mac are signed if both are set (docs/apple-profiles.md).
PROFILE_SIGNING_KEY = "\n".join(env.pems("PROFILE_SIGNING_KEY", PRIVATE_KEY, "a private key in PEM"))
PROFILE_SIGNING_CERTIFICATES = "\n".join(  # the signer's first, then its chain
    env.pems("PROFILE_SIGNING_CERTIFICATES", CERTIFICATE, "certificates in PEM, one after the other")
)
# Of the QR code that takes a phone to its profile.
PROFILE_LINK_LIFETIME = env.duration("PROFILE_LINK_LIFETIME", "5min", "10s to 1d")

# --- Queue ----------------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = env.broker("CELERY_BROKER_URL", "filesystem://localhost" if DEBUG else None)
_master = env.text("CELERY_BROKER_MASTER", "mymaster")  # as the sentinels call it
if CELERY_BROKER_URL.startswith("filesystem:"):
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "data_folder_in": str(VAR / "queue"),
        "data_folder_out": str(VAR / "queue"),
        "control_folder": str(VAR / "queue-control"),
        "polling_interval": 0.1,  # seconds; the default of 1 s is the delay before each SMS
    }
else:
    # A frozen broker must cost a page less than three seconds, and never a code: the sweep sends what was not queued.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "socket_timeout": 0.7,  # seconds; a page waits for up to three of them
        "socket_connect_timeout": 0.7,  # seconds
        "health_check_interval": 1,  # seconds; who listens to a broker that is gone without a word finds out in three
        "visibility_timeout": 120,  # seconds; longer than a task can take
        "queue_order_strategy": "priority",  # as a worker names its queues: SMS, then mails, then all else
    }
    if CELERY_BROKER_URL.startswith("sentinel:"):
        CELERY_BROKER_TRANSPORT_OPTIONS["master_name"] = _master
CELERY_BROKER_CONNECTION_TIMEOUT = 1  # seconds
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker for ever
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # nor does it end where the broker has no memory
CELERY_BROKER_POOL_ACQUIRE_TIMEOUT = 1  # seconds
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.1}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 20  # seconds
CELERY_TASK_SOFT_TIME_LIMIT = 15  # seconds
# A claim whose worker must have died.
SMS_LOST_AFTER = env.duration("SMS_LOST_AFTER", f"{CELERY_TASK_TIME_LIMIT + 10}s", "1s to 1d")
# Work waits, the broker answers, and a worker takes none for so long: it ends, to be started again.
WORKER_STUCK_AFTER = env.duration("WORKER_STUCK_AFTER", "30s", "2s to 1h")
CELERY_TASK_DEFAULT_QUEUE = "upkeep"
CELERY_TASK_ROUTES = {
    "imports.work": {"queue": "files"},  # of a worker of its own: SMS do not wait for it, nor suffer from it
    "delivery.send_sms": {"queue": "sms"},
    "delivery.send_mail": {"queue": "mail"},
    "mailsessions.end": {"queue": "sms"},  # as urgent: somebody is in who should be out
    "rollouts.send_reminder": {"queue": "mail"},
    "rollouts.send_preview": {"queue": "mail"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = TIME_ZONE
# Nothing on disk: what a clock that was killed leaves there has kept the next one from starting (Python 3.13 keeps it
# in SQLite). What a night missed is made up for by the next one.
CELERY_BEAT_SCHEDULER = "portal.beat:Scheduler"
FIGURES_EVERY = env.duration("FIGURES_EVERY", "10min", "1s to 1d")  # how old the dashboard's figures of today may be

# --- Mail -----------------------------------------------------------------------------------------------------------

_mailer = env.mailer("EMAIL_URL", f"filemail:///{VAR / 'mail'}" if DEBUG else "smtp://localhost:25")
if _mailer.get("EMAIL_BACKEND") == "django.core.mail.backends.smtp.EmailBackend":
    _mailer["EMAIL_BACKEND"] = "accounts.delivery.smtp.EmailBackend"
vars().update(_mailer)
EMAIL_TIMEOUT = 4  # seconds, for each answer; a worker that waits for it sends no SMS
DEFAULT_FROM_EMAIL = env.address("DEFAULT_FROM_EMAIL", f"mailkey@{MAIL_DOMAIN}")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
ADMINS = [("", address) for address in env.addresses("ADMINS")]

# --- Static files ---------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = env.folder("STATIC_ROOT", VAR / "static")
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("bootstrap", bootstrap_wrapper.get_bootstrap_dir()),
    ("handbook", BASE_DIR / "docs" / "pictures"),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# --- Headers and cookies --------------------------------------------------------------------------------------------

_COOKIE_PREFIX = "" if DEBUG else "__Host-"  # which a browser accepts only if secure, for this host and for every path
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}session"
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}csrf"
LANGUAGE_COOKIE_NAME = f"{_COOKIE_PREFIX}language"
TRUSTED_BROWSER_COOKIE_NAME = f"{_COOKIE_PREFIX}browser"
KNOWN_BROWSER_COOKIE_NAME = f"{_COOKIE_PREFIX}known"
KNOWN_BROWSER_LIFETIME = 180 * 86400  # seconds
ELSEWHERE_COOKIE_NAME = f"{_COOKIE_PREFIX}elsewhere"  # who has left for a sign-in there
PROFILE_LINK_COOKIE_NAME = f"{_COOKIE_PREFIX}profile"
PRESS_COOKIE_NAME = f"{_COOKIE_PREFIX}press"  # tells browsers apart that send the same form twice
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 86400  # seconds
CSRF_FAILURE_VIEW = "accounts.signin.pages.csrf_views.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SECURE_SSL_REDIRECT = not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^health/"]  # asked over plain http by what watches the service
HSTS_SECONDS = env.number("HSTS_SECONDS", "31536000", "0 to 3155760000")
SECURE_HSTS_SECONDS = 0 if DEBUG else HSTS_SECONDS
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
# Preloading is a promise for a whole domain, which is not the portal's to make.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Bootstrap's icons
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- Logs -----------------------------------------------------------------------------------------------------------

DEFAULT_EXCEPTION_REPORTER_FILTER = "portal.error_reports.SilentFilter"
LOG_LEVEL = env.choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "accounts.lib.loglines.Lines",
            "format": "{asctime} {levelname} [{request_id}] {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
        # To ADMINS, by the queue: of every logger, what nobody sees on a page too.
        "errors": {"class": "accounts.faults.handler.Handler", "level": "ERROR"},
        **(
            {"syslog": {"class": "accounts.log.syslog.SyslogHandler", "address": syslog.address(EVENT_SYSLOG)}}
            if EVENT_SYSLOG
            else {}
        ),
    },
    "root": {"handlers": ["stderr", "errors"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "level": "INFO"},
        # One line of JSON for each event of the security log, and nowhere else.
        "mailkey.log": {"handlers": ["syslog"] if EVENT_SYSLOG else [], "level": "INFO", "propagate": False},
        # Anybody can ask for a host that is not ours, or send what is malformed; that is no error of ours to be mailed.
        "django.security": {"handlers": ["stderr"], "propagate": False},
        # These write what passes through them: SQL with its values, the body of a request to the gateway.
        "django.db.backends": {"level": "INFO"},
        "twilio.http_client": {"level": "WARNING"},
        "kombu": {"level": "INFO"},
        "amqp": {"level": "INFO"},
        # A line for every sweep would hide the others.
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}

env.finish()
