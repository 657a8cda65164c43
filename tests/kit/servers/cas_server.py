"""django-cas-server as an institution runs it: a process of its own, one person, one service.

`python -m tests.kit.servers.cas_server PORT FOLDER SERVICE MAILBOX`
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import django
from django.conf import settings
from django.core.management import call_command

from tests.kit.servers import free_port
from tests.kit.servers.service import ROOT, Service

NAME, PASSWORD = "u20260001", "of the institution's own"
STYLES, SCRIPTS = ("bootstrap3_css", "bootstrap4_css"), ("bootstrap3_js", "bootstrap4_js", "html5shiv", "respond")
# Instead of what it would load from the network.
COMPONENTS = {
    **dict.fromkeys(STYLES, "data:text/css,"),
    **dict.fromkeys(SCRIPTS, "data:text/javascript,"),
    "jquery": "data:text/javascript,var jQuery=()=>{},$=jQuery",
}


@contextmanager
def running(service: str, mailbox: str) -> Iterator[str]:
    """Its address, as CAS_URL has it. It knows the services whose address begins with this one."""
    with TemporaryDirectory(prefix="mailkey-cas-") as folder:
        port = free_port()
        command = [sys.executable, "-m", "tests.kit.servers.cas_server", str(port), folder, service, mailbox]
        server = Service("cas", command, Path(folder), {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)})
        server.start(port)
        try:
            yield f"http://127.0.0.1:{port}/cas"
        finally:
            server.stop()


def main(port: str, folder: str, service: str, mailbox: str) -> None:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        CAS_AUTH_CLASS="cas_server.auth.TestAuthUser",
        CAS_COMPONENT_URLS=COMPONENTS,
        CAS_NEW_VERSION_HTML_WARNING=False,
        CAS_NEW_VERSION_EMAIL_WARNING=False,
        CAS_TEST_ATTRIBUTES={"mail": mailbox},
        CAS_TEST_PASSWORD=PASSWORD,
        CAS_TEST_USER=NAME,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/cas.sqlite3"}},
        DEBUG=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
                        "django.contrib.messages", "django.contrib.staticfiles", "cas_server"],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.csrf.CsrfViewMiddleware",
                    "django.contrib.auth.middleware.AuthenticationMiddleware",
                    "django.contrib.messages.middleware.MessageMiddleware"],
        ROOT_URLCONF="tests.kit.servers.cas_urls",
        SECRET_KEY="of the tests",
        SESSION_COOKIE_NAME="cas_session",  # cookies know no ports
        CSRF_COOKIE_NAME="cas_csrf",
        STATIC_URL="/static/",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {
            "context_processors": ["django.template.context_processors.request",
                                   "django.contrib.messages.context_processors.messages"]}}],
        USE_TZ=True,
    )  # fmt: skip
    sys.modules.setdefault("crypt", ModuleType("crypt"))  # gone with Python 3.13; only its SQL side uses it
    django.setup()
    call_command("migrate", verbosity=0)
    from cas_server.models import ServicePattern  # noqa: PLC0415 - it needs the settings

    pattern = f"^{re.escape(service)}"
    known = ServicePattern.objects.create(pos=1, name="Mailkey", pattern=pattern, single_log_out=True)
    known.attributs.create(name="mail")
    call_command("runserver", f"127.0.0.1:{port}", use_reloader=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
