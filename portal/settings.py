"""Every setting and every limit, read from the environment (see .env.example).

Limits that are times are given in seconds in the environment and are timedeltas here.
`DEBUG=on` fills in what a development machine needs. Without it nothing secret has a default.
"""

import os
import re
import tempfile
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import bootstrap_wrapper
import django_stubs_ext
import environ
from celery.schedules import crontab
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from portal import syslog

django_stubs_ext.monkeypatch()  # lets generic classes of Django be written with their types

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.FileAwareEnv()  # NAME_FILE names a file that holds the value of NAME
environ.Env.read_env(BASE_DIR / ".env")


def seconds(name: str, default: int) -> timedelta:
    return timedelta(seconds=env.int(name, default=default))


def required(name: str, development: str) -> str:
    """A setting without a default outside of DEBUG."""
    try:
        value: str = env.str(name, default=development if DEBUG else "")
    except OSError as error:  # NAME_FILE
        raise ImproperlyConfigured(f"{name}: {error.strerror}: {error.filename}") from None
    if not value:
        raise ImproperlyConfigured(f"set {name} in the environment or in .env (see .env.example).")
    return value


def optional_pem(name: str) -> str:
    try:
        value: str = env.str(name, default="")
    except OSError as error:  # NAME_FILE
        raise ImproperlyConfigured(f"{name}: {error.strerror}: {error.filename}") from None
    return value.replace("\\n", "\n")


def development_key(folder: Path) -> str:
    """Made once; whoever of several processes is first makes it for all."""
    path, draft = folder / "openid-key.pem", folder / f"openid-key.{os.getpid()}"
    if not path.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        draft.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
    return path.read_text()


# --- The site -------------------------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
VAR = Path(env.str("VAR", default=str(BASE_DIR / "var")))  # development: database, queue, outbox, mail
if DEBUG:
    (VAR / "queue").mkdir(parents=True, exist_ok=True)

SECRET_KEY = required("SECRET_KEY", "only-for-development-" + "x" * 50)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
if not DEBUG and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("set ALLOWED_HOSTS to the host names of the portal, separated by commas.")
ALLOWED_HOSTS.append("127.0.0.1")  # what watches the service asks the machine itself; no link is built from this name
# The portal's own address as people type it; links in mails and callbacks are built from it, never from a request.
PUBLIC_URL = required("PUBLIC_URL", f"http://localhost:{env.int('PORT', default=8000)}").rstrip("/")
# How many proxies stand in front of the portal. The client's address is taken from X-Forwarded-For at this place
# from the right; 0 takes it from the connection.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

MAIL_DOMAIN = required("MAIL_DOMAIN", "example.edu").lower()  # completes a name that was typed without its @ part
# Where mail programs look for the servers' settings (portal/autoconfig.py). These hosts answer that and nothing else.
AUTOCONFIG_HOSTS = env.list(
    "AUTOCONFIG_HOSTS", default=[f"autoconfig.{MAIL_DOMAIN}", f"autodiscover.{MAIL_DOMAIN}", MAIL_DOMAIN]
)
SETUP_HOSTS = {host.lower() for host in AUTOCONFIG_HOSTS} - set(ALLOWED_HOSTS)  # the portal's own name stays its own
ALLOWED_HOSTS += sorted(SETUP_HOSTS)
INSTITUTION = env.str("INSTITUTION", default="示例大学" if DEBUG else MAIL_DOMAIN)
INSTITUTION_ENGLISH = env.str("INSTITUTION_ENGLISH", default="Example University" if DEBUG else INSTITUTION)
# The look: one colour (#rrggbb), of which readable shades are made, and a picture (.svg, .png or .webp, about square).
INSTITUTION_COLOR = env.str("INSTITUTION_COLOR", default="").lower()
if INSTITUTION_COLOR and not re.fullmatch("#[0-9a-f]{6}", INSTITUTION_COLOR):
    raise ImproperlyConfigured("INSTITUTION_COLOR is a colour as #rrggbb, for example #8c1515.")
LOGO_SIZE_LIMIT = 50_000  # bytes; it is loaded with the first page
INSTITUTION_LOGO = env.str("INSTITUTION_LOGO", default="")
if INSTITUTION_LOGO and not Path(INSTITUTION_LOGO).is_file():
    raise ImproperlyConfigured(f"INSTITUTION_LOGO: there is no file {INSTITUTION_LOGO}.")
if INSTITUTION_LOGO and Path(INSTITUTION_LOGO).suffix.lower() not in (".svg", ".png", ".webp"):
    raise ImproperlyConfigured("INSTITUTION_LOGO must be a .svg, .png or .webp file.")
if INSTITUTION_LOGO and Path(INSTITUTION_LOGO).stat().st_size > LOGO_SIZE_LIMIT:
    raise ImproperlyConfigured(f"INSTITUTION_LOGO must not be larger than {LOGO_SIZE_LIMIT} bytes.")
MAILBOX_URL = env.str("MAILBOX_URL", default="")  # where "进入邮箱" leads; empty hides it
SUPPORT_CONTACT = env.str("SUPPORT_CONTACT", default="010-6233-0000" if DEBUG else "")  # the IT office

INSTALLED_APPS = [
    "oauth2_provider",
    "accounts",
    "apppasswords",
    "portal.apps.PortalConfig",
    "portal.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_otp",
    "phonenumber_field",
    "django_htmx",
    "import_export",
]

MIDDLEWARE = [
    "portal.autoconfig.mail_settings",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "apppasswords.middleware.hide_token",
    "accounts.middleware.no_store",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.middleware.SecondStepMiddleware",
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
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"  # templates/django/forms/field.html shapes every field

# --- Languages and time ---------------------------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="Asia/Shanghai")
USE_TZ = True

# --- Database -------------------------------------------------------------------------------------------------------

_database_url = env.str("DATABASE_URL", default=f"sqlite:///{VAR / 'mailkey.sqlite3'}" if DEBUG else "")
if not _database_url:
    raise ImproperlyConfigured("set DATABASE_URL, for example postgres://mailkey:password@localhost/mailkey.")
DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url_config(_database_url)}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # The web server, the worker and the mail login service share the file. WAL lets them read while one writes;
    # a transaction takes the write lock at its beginning, where waiting for it can still help.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds to wait for another process's write
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 600  # seconds
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)  # seconds

# --- Passwords and sessions -----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
# Mailbox passwords are checked through these and nowhere else, so that a directory (LDAP) can take over.
AUTHENTICATION_BACKENDS = env.list("AUTHENTICATION_BACKENDS", default=["django.contrib.auth.backends.ModelBackend"])
PASSWORDS_IN_DIRECTORY = env.bool("PASSWORDS_IN_DIRECTORY", default=False)  # True hides the mailbox password page
PASSWORD_HASHERS = [
    "accounts.hashers.Argon2id",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "accounts.hashers.ClientSecret",  # of applications
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
     "OPTIONS": {"user_attributes": ("username", "name")}},
    {"NAME": "accounts.passwords.MinimumLength", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]  # fmt: skip
LOGIN_URL = "sign_in"
LOGIN_REDIRECT_URL = "home"

SESSION_LIFETIME = seconds("SESSION_LIFETIME", 12 * 3600)  # from sign-in, however busy
SESSION_COOKIE_AGE = int(SESSION_LIFETIME.total_seconds())
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
HALFWAY_LIFETIME = seconds("HALFWAY_LIFETIME", 600)  # between the right password and the right code
FRESH_CODE_LIFETIME = seconds("FRESH_CODE_LIFETIME", 600)  # how long a code opens the pages that ask for one
TRUSTED_BROWSER_LIFETIME = seconds("TRUSTED_BROWSER_LIFETIME", 30 * 86400)

# --- OpenID Connect: other sites sign people in through the portal ---------------------------------------------------

# RSA keys (PEM), one after the other: the first signs, the others still verify what they signed.
OIDC_SIGNING_KEYS = re.findall(
    r"-----BEGIN [A-Z ]+-----.+?-----END [A-Z ]+-----",
    required("OIDC_SIGNING_KEYS", development_key(VAR) if DEBUG else "").replace("\\n", "\n"),
    flags=re.DOTALL,
)
if not OIDC_SIGNING_KEYS:
    raise ImproperlyConfigured("OIDC_SIGNING_KEYS holds no key: openssl genrsa 3072")
ACCESS_TOKEN_LIFETIME = seconds("ACCESS_TOKEN_LIFETIME", 600)
OAUTH2_PROVIDER_APPLICATION_MODEL = "accounts.Application"
OAUTH2_PROVIDER_GRANT_MODEL = "accounts.Grant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "accounts.AccessToken"
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "accounts.RefreshToken"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "accounts.IDToken"
OAUTH2_PROVIDER: dict[str, Any] = {
    "OIDC_ENABLED": True,
    "OIDC_ISS_ENDPOINT": PUBLIC_URL,
    "OIDC_RSA_PRIVATE_KEY": OIDC_SIGNING_KEYS[0],
    "OIDC_RSA_PRIVATE_KEYS_INACTIVE": OIDC_SIGNING_KEYS[1:],
    "OIDC_RESPONSE_TYPES_SUPPORTED": ["code"],
    "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
    "OIDC_RP_INITIATED_LOGOUT_ALWAYS_PROMPT": False,
    "OAUTH2_VALIDATOR_CLASS": "accounts.openid.Validator",
    "SCOPES_BACKEND_CLASS": "accounts.openid.Scopes",
    "SCOPES": {
        "openid": _("know who you are"),
        "email": _("see your mailbox address"),
        "profile": _("see your name"),
        "mail": _("read and send your mail"),
    },
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

# --- Codes and SMS --------------------------------------------------------------------------------------------------

# Codes are derived from this key and are stored nowhere.
SMS_CODE_KEY = required("SMS_CODE_KEY", "only-for-development-" + "y" * 50)
SMS_CODE_LIFETIME = seconds("SMS_CODE_LIFETIME", 300)
SMS_CODE_TRIES = env.int("SMS_CODE_TRIES", default=5)  # guesses at one code
SMS_CODE_WRONG_LIMIT = env.int("SMS_CODE_WRONG_LIMIT", default=20)  # wrong codes of an account in a row, any code
SMS_CODE_PAUSE = seconds("SMS_CODE_PAUSE", 3600)  # how long the SMS step of that account then stops
SMS_RESEND_AFTER = seconds("SMS_RESEND_AFTER", 60)
SMS_HOURLY_LIMIT = env.int("SMS_HOURLY_LIMIT", default=5)  # codes an hour, for a number and for an account
SMS_DAILY_LIMIT = env.int("SMS_DAILY_LIMIT", default=10)  # codes in 24 hours, for a number and for an account
SMS_ADDRESS_LIMIT = env.int("SMS_ADDRESS_LIMIT", default=60)  # codes an hour for an address outside SHARED_NETWORKS
SMS_DAILY_BUDGET = env.int("SMS_DAILY_BUDGET", default=20000)  # codes a calendar day, the whole site
SMS_COUNTRIES = env.list("SMS_COUNTRIES", cast=int, default=[86, 852, 853, 886])  # calling codes that get SMS
SMS_HISTORY_LIFETIME = seconds("SMS_HISTORY_LIFETIME", 30 * 86400)
SMS_REQUEUE_AFTER = seconds("SMS_REQUEUE_AFTER", 5)  # the sweep's interval, and what it leaves to the first delivery
SMS_NOTICE_LIFETIME = seconds("SMS_NOTICE_LIFETIME", 86400)  # how long a notice (SMS, mail) is worth sending
HELP_CODE_LIFETIME = seconds("HELP_CODE_LIFETIME", 600)  # from the counter to a browser
HELP_CODE_TRIES = env.int("HELP_CODE_TRIES", default=5)  # guesses at one help-desk code
MAILBOXES_PER_PHONE = env.int("MAILBOXES_PER_PHONE", default=5)  # mailboxes that may share one number

PHONENUMBER_DEFAULT_REGION = "CN"
PHONENUMBER_DB_FORMAT = "E164"

# outbox (development: a file and a page), memory (tests), twilio
SMS_GATEWAY = env.str("SMS_GATEWAY", default="outbox" if DEBUG else "")
if SMS_GATEWAY not in ({"outbox", "memory", "twilio"} if DEBUG else {"twilio"}):
    raise ImproperlyConfigured("set SMS_GATEWAY=twilio; outbox and memory show codes and need DEBUG.")
SMS_OUTBOX = VAR / "outbox.jsonl"
TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", default="")
TWILIO_MESSAGING_SERVICE_SID = env.str("TWILIO_MESSAGING_SERVICE_SID", default="")  # or TWILIO_FROM
TWILIO_FROM = env.str("TWILIO_FROM", default="")
TWILIO_CONNECT_TIMEOUT = env.float("TWILIO_CONNECT_TIMEOUT", default=3)  # seconds
TWILIO_READ_TIMEOUT = env.float("TWILIO_READ_TIMEOUT", default=8)  # seconds
TWILIO_BASE_URL = env.str("TWILIO_BASE_URL", default="")  # a stand-in for api.twilio.com; tests
if SMS_GATEWAY == "twilio":
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        if not globals()[name]:
            raise ImproperlyConfigured(f"SMS_GATEWAY=twilio needs {name}.")
    if not (TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM):
        raise ImproperlyConfigured("SMS_GATEWAY=twilio needs TWILIO_MESSAGING_SERVICE_SID or TWILIO_FROM.")

# --- Failures and bans ----------------------------------------------------------------------------------------------

BAN_AFTER_FAILURES = env.int("BAN_AFTER_FAILURES", default=10)  # wrong passwords in a row from one address
BAN_LIFETIME = seconds("BAN_LIFETIME", 3600)
BAN_COUNTS_REPEATS = env.bool("BAN_COUNTS_REPEATS", default=True)  # False counts the same wrong password once
FAILURE_LIFETIME = seconds("FAILURE_LIFETIME", 86400)  # an older failure no longer counts
# Networks that many people share (the campus): failures and bans are for one account at one address there.
SHARED_NETWORKS = [ip_network(text) for text in env.list("SHARED_NETWORKS", default=[])]
# Different wrong passwords from one address of a shared network, any account, that ban the whole address.
SHARED_NETWORK_FAILURES = env.int("SHARED_NETWORK_FAILURES", default=500)

# --- Roll-out of two-step, import of people ---------------------------------------------------------------------------

MAILBOX_PASSWORD_SEEN = seconds("MAILBOX_PASSWORD_SEEN", 30 * 86400)  # a mail program that used it so lately uses it
ROLLOUT_DRAFT_LIFETIME = seconds("ROLLOUT_DRAFT_LIFETIME", 7 * 86400)  # of dry runs and files that led to nothing
REMINDER_HOUR = env.int("REMINDER_HOUR", default=9)  # o'clock, at which a day's reminders begin to go out
REMINDERS_AT_ONCE = env.int("REMINDERS_AT_ONCE", default=200)  # mails waiting; a sweep later come the next
IMPORT_ROWS_LIMIT = env.int("IMPORT_ROWS_LIMIT", default=50_000)
IMPORT_SIZE_LIMIT = env.int("IMPORT_SIZE_LIMIT", default=10 * 1024 * 1024)  # bytes
JOB_LOST_AFTER = seconds("JOB_LOST_AFTER", 60)  # a worker that has said nothing for so long must have died
JOB_TRIES = env.int("JOB_TRIES", default=5)  # workers that may die of one batch
# --- The security log -----------------------------------------------------------------------------------------------

# Events are signed: the first key is for new ones, the others still verify.
EVENT_LOG_KEYS = env.list("EVENT_LOG_KEYS", default=["only-for-development-" + "e" * 50] if DEBUG else [])
if not EVENT_LOG_KEYS:
    raise ImproperlyConfigured("set EVENT_LOG_KEYS in the environment or in .env (see .env.example).")
EVENT_LIFETIME = seconds("EVENT_LIFETIME", 2 * 365 * 86400)
EVENT_SYSLOG = env.str("EVENT_SYSLOG", default="")  # /dev/log, or udp://host:514; empty: no copy goes there

# --- App passwords and mail logins ------------------------------------------------------------------------------------

# Digests of app passwords: the first key is for new ones, the others still verify.
APP_PASSWORD_KEYS = env.list("APP_PASSWORD_KEYS", default=["only-for-development-" + "z" * 50] if DEBUG else [])
if not APP_PASSWORD_KEYS:
    raise ImproperlyConfigured("set APP_PASSWORD_KEYS in the environment or in .env (see .env.example).")
APP_PASSWORDS_PER_USER = env.int("APP_PASSWORDS_PER_USER", default=50)
# What mail servers show the mail login service (portal/mail.py) to be let in.
MAIL_AUTH_TOKEN = required("MAIL_AUTH_TOKEN", "only-for-development-" + "t" * 50)
MAIL_LOGIN_LIFETIME = seconds("MAIL_LOGIN_LIFETIME", 90 * 86400)  # how long it is known who logged in, and how
MAIL_ANSWER_WITHIN = env.float("MAIL_ANSWER_WITHIN", default=0.8)  # seconds; then "cannot tell"

# What people enter into their mail programs; shown beside a new app password.
MAIL_SERVERS = {
    protocol: (env.str(f"{protocol}_HOST", default=f"{protocol.lower()}.{MAIL_DOMAIN}"), port, "SSL/TLS")
    for protocol, port in (
        ("IMAP", env.int("IMAP_PORT", default=993)),
        ("POP", env.int("POP_PORT", default=995)),
        ("SMTP", env.int("SMTP_PORT", default=465)),
    )
}
# Where nginx sends a login that was allowed (auth_http): address:port, the address an IP.
NGINX_BACKENDS = {
    "imap": env.str("NGINX_IMAP_BACKEND", default="127.0.0.1:10143"),
    "pop3": env.str("NGINX_POP3_BACKEND", default="127.0.0.1:10110"),
    "smtp": env.str("NGINX_SMTP_BACKEND", default="127.0.0.1:10025"),
}

# Profiles that set up the mail program of an iPhone, iPad or Mac are signed if both are set (docs/apple-profiles.md).
PROFILE_SIGNING_KEY = optional_pem("PROFILE_SIGNING_KEY")
PROFILE_SIGNING_CERTIFICATES = optional_pem("PROFILE_SIGNING_CERTIFICATES")  # the signer's first, then its chain
PROFILE_LINK_LIFETIME = seconds("PROFILE_LINK_LIFETIME", 300)  # of the QR code that takes a phone to its profile

# --- Queue ----------------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="filesystem://localhost" if DEBUG else "")
if not CELERY_BROKER_URL:
    raise ImproperlyConfigured("set CELERY_BROKER_URL, for example redis://localhost:6379/0.")
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
        "visibility_timeout": 120,  # seconds; longer than a task can take
    }
CELERY_BROKER_CONNECTION_TIMEOUT = 1  # seconds
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker for ever
CELERY_BROKER_POOL_ACQUIRE_TIMEOUT = 1  # seconds
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.1}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 20  # seconds
CELERY_TASK_SOFT_TIME_LIMIT = 15  # seconds
SMS_LOST_AFTER = seconds("SMS_LOST_AFTER", CELERY_TASK_TIME_LIMIT + 10)  # a claim whose worker must have died
CELERY_TASK_DEFAULT_QUEUE = "upkeep"
CELERY_TASK_ROUTES = {
    "delivery.send_sms": {"queue": "sms"},
    "delivery.send_mail": {"queue": "mail"},
    "rollouts.send_reminder": {"queue": "mail"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = (
    str(VAR / "beat-schedule") if DEBUG else str(Path(tempfile.gettempdir()) / "mailkey-beat")
)
FIGURES_EVERY = seconds("FIGURES_EVERY", 600)  # how old the dashboard's figures of today may be
SWEPT = {"schedule": SMS_REQUEUE_AFTER, "options": {"expires": SMS_REQUEUE_AFTER.total_seconds()}}
CELERY_BEAT_SCHEDULE = {
    "jobs-sweep": {"task": "jobs.sweep", **SWEPT},
    "rollouts-write-reminders": {"task": "rollouts.write_reminders", **SWEPT},
    "delivery-sweep": {"task": "delivery.sweep", **SWEPT},
    "log-seal": {"task": "log.seal", **SWEPT},
    "office-sum-up-today": {
        "task": "office.sum_up_today",
        "schedule": FIGURES_EVERY,
        "options": {"expires": FIGURES_EVERY.total_seconds()},
    },
    # Before what it counts is deleted; after the last receipt of the day.
    "office-sum-up-yesterday": {"task": "office.sum_up_yesterday", "schedule": crontab(hour=0, minute=20)},
    "log-verify": {"task": "log.verify", "schedule": crontab(hour=4, minute=40)},
}
# Each subject deletes what has expired of it, a minute after the other.
EXPIRING = ("apppasswords", "bans", "browsers", "delivery", "imports", "log", "maillogins", "openid", "phones",
            "rollouts", "signin")  # fmt: skip
CELERY_BEAT_SCHEDULE |= {
    f"{subject}-delete-expired": {
        "task": f"{subject}.delete_expired",
        "schedule": crontab(hour=4, minute=10 + minutes),
    }
    for minutes, subject in enumerate(EXPIRING)
}

# --- Mail -----------------------------------------------------------------------------------------------------------

if DEBUG and "EMAIL_URL" not in env.ENVIRON:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR / "mail"
else:
    vars().update(env.email_url("EMAIL_URL", default="smtp://localhost:25"))
EMAIL_TIMEOUT = 10  # seconds
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default=f"mailkey@{MAIL_DOMAIN}")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
ADMINS = [("", address) for address in env.list("ADMINS", default=[])]

# --- Static files ---------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static", ("bootstrap", bootstrap_wrapper.get_bootstrap_dir())]
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
PROFILE_LINK_COOKIE_NAME = f"{_COOKIE_PREFIX}profile"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_AGE = 365 * 86400  # seconds
CSRF_FAILURE_VIEW = "portal.pages.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SECURE_SSL_REDIRECT = not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^health/"]  # asked over plain http by what watches the service
SECURE_HSTS_SECONDS = 0 if DEBUG else env.int("HSTS_SECONDS", default=365 * 86400)
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

DEFAULT_EXCEPTION_REPORTER_FILTER = "portal.reports.SilentFilter"
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
        "mail_admins": {"class": "django.utils.log.AdminEmailHandler", "level": "ERROR"},
        **(
            {"syslog": {"class": "portal.syslog.SyslogHandler", "address": syslog.address(EVENT_SYSLOG)}}
            if EVENT_SYSLOG
            else {}
        ),
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"handlers": ["mail_admins"], "level": "INFO"},
        # One line of JSON for each event of the security log, and nowhere else.
        "mailkey.log": {"handlers": ["syslog"] if EVENT_SYSLOG else [], "level": "INFO", "propagate": False},
        # Anybody can ask for a host that is not ours; that is no error of ours to be mailed.
        "django.security.DisallowedHost": {"handlers": ["stderr"], "propagate": False},
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
