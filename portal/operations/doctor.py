"""Everything about an installation that can be looked at, in sentences that say what to do. Nothing is changed, nothing
sent."""

import shutil
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

from django.conf import settings
from django.core.checks import run_checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.delivery import checks as sms
from accounts.delivery import gateways
from accounts.directory import diagnosis
from accounts.log import chain
from accounts.sealing import rotation
from accounts.users import ways
from accounts.users.models import User
from portal.operations import backups, health, ldap_front

BACKUPS = Path("/var/backups/mailkey")
BACKUP_IS_LATE_AFTER = timedelta(hours=26)
SEALED_WITHIN = timedelta(minutes=1)
LEAST_FREE = 2 * 10**9  # bytes
TIMEOUT = 3  # seconds
GIGABYTE = 10**9


TITLES: dict[str, Promise] = {
    "settings": gettext_lazy("settings"),
    "database": gettext_lazy("database"),
    "phone numbers": gettext_lazy("phone numbers"),
    "queue and clocks": gettext_lazy("queue and clocks"),
    "mail login service": gettext_lazy("mail login service"),
    "LDAP front": gettext_lazy("LDAP front"),
    "SMS": gettext_lazy("SMS"),
    "directory": gettext_lazy("directory"),
    "security log": gettext_lazy("security log"),
    "backups": gettext_lazy("backups"),
    "disk": gettext_lazy("disk"),
    "administrators": gettext_lazy("administrators"),
}


class Finding(NamedTuple):
    words: str
    is_trouble: bool = False


def examine(folder: Path = BACKUPS, only: Collection[str] = ()) -> Iterator[tuple[str, Finding]]:
    """What each subject says of itself. One whose look breaks says that, and the others go on. `folder`: of backups;
    `only`: these subjects."""
    looks: dict[str, Callable[[], Iterator[Finding]]] = {
        "settings": _settings,
        "database": _database,
        "phone numbers": _numbers,
        "queue and clocks": _queue,
        "mail login service": _mail_login_service,
        "LDAP front": _ldap_front,
        "SMS": _sms,
        "directory": _directory,
        "security log": _security_log,
        "backups": lambda: _backups(folder),
        "disk": _disk,
        "administrators": _administrators,
    }
    for subject, look in looks.items():
        if only and subject not in only:
            continue
        try:
            for finding in look():
                yield subject, finding
        except Exception as error:  # whatever is broken: it is why somebody asks
            words = _("could not be looked at: %(error)s") % {"error": f"{type(error).__name__}: {error}"}
            yield subject, Finding(words, is_trouble=True)


def _settings() -> Iterator[Finding]:
    found = run_checks(include_deployment_checks=not settings.DEBUG)
    for check in found:
        if not check.is_silenced():
            yield Finding(f"{check.msg} {check.hint or ''} ({check.id})", is_trouble=True)
    yield Finding(_("read; %(count)s remarks") % {"count": len(found)})


def _database() -> Iterator[Finding]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        words = _("%(count)s migrations are missing: manage.py migrate") % {"count": len(plan)}
        yield Finding(words, is_trouble=True)
    if connection.vendor != "postgresql" and not settings.DEBUG:
        words = _("SQLite is for trying things out: DATABASE_URL should name PostgreSQL")
        yield Finding(words, is_trouble=True)
    if connection.vendor == "postgresql" and not plan and not _has_index("people_by_part"):
        yield Finding(_("parts of addresses are looked for in every row: docs/performance.md, “Searches”"))
    name = f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}"
    yield Finding(_("%(name)s answers") % {"name": name})


def _numbers() -> Iterator[Finding]:
    found = rotation.standing()
    told = _("%(clear)s in clear, %(aes)s sealed with AES, %(sm4)s with SM4 (NUMBER_KEYS)") % found._asdict()
    yield Finding(told)
    if found.unreadable:
        words = _("%(count)s are sealed under a key that is not in NUMBER_KEYS: put it back behind the first")
        yield Finding(words % {"count": found.unreadable}, is_trouble=True)
    elif found.left:
        yield Finding(_("%(count)s are not written as new ones are: manage.py keys --reseal") % {"count": found.left})


def _has_index(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [name])
        return bool(cursor.fetchone()[0])


def _queue() -> Iterator[Finding]:
    missing = health.of_ours()
    for words in missing:
        yield Finding(f"{words}: systemctl status mailkey-worker mailkey-files mailkey-beat", is_trouble=True)
    if not missing:
        yield Finding(_("the broker answers, and somebody works at each queue"))


def _mail_login_service() -> Iterator[Finding]:
    address = f"http://127.0.0.1:{settings.MAIL_PORT}/health/ready"
    try:
        with urlopen(address, timeout=TIMEOUT) as answer:
            said = answer.read(100).decode().strip()
            yield Finding(_("%(name)s answers: %(said)s") % {"name": address, "said": said})
    except (URLError, OSError) as error:
        yield _away(address, str(error), "mailkey-mail")


def _ldap_front() -> Iterator[Finding]:
    if not settings.LDAP_FRONT_SERVERS:
        return
    if not (fault := ldap_front.fault()):
        told = {"name": settings.LDAP_FRONT_LISTEN, "servers": ", ".join(settings.LDAP_FRONT_SERVERS)}
        yield Finding(_("%(name)s answers; registered: %(servers)s") % told)
        return
    yield _away(settings.LDAP_FRONT_LISTEN, fault, "mailkey-ldap")


def _away(name: str, said: str, unit: str) -> Finding:
    words = _("%(name)s: %(said)s. If it should run here: systemctl status %(unit)s")
    return Finding(words % {"name": name, "said": said, "unit": unit}, is_trouble=True)


def _sms() -> Iterator[Finding]:
    yield from (Finding(found.words, found.is_trouble) for found in sms.of_site())
    for name in gateways.configured():
        yield from (Finding(f"{name}: {found.words}", found.is_trouble) for found in sms.of_gateway(name))


def _directory() -> Iterator[Finding]:
    if settings.LDAP_URLS:
        yield from (Finding(found.text, found.is_fault) for found in diagnosis.of_settings())


def _security_log() -> Iterator[Finding]:
    late = chain.waiting().filter(at__lt=timezone.now() - SEALED_WITHIN).count()
    if late:
        words = _("%(count)s events wait to be sealed: is the worker running?") % {"count": late}
        yield Finding(words, is_trouble=True)
    yield Finding(_("%(count)s events; manage.py verify_events reads them all") % {"count": chain.events().count()})


def _backups(folder: Path) -> Iterator[Finding]:
    if settings.DEBUG:
        return
    newest = max(folder.glob(backups.FILES), key=lambda file: file.stat().st_mtime, default=None)
    if newest is None:
        words = _("there is none in %(folder)s: systemctl enable --now mailkey-backup.timer") % {"folder": folder}
        yield Finding(words, is_trouble=True)
        return
    age = datetime.now(UTC) - datetime.fromtimestamp(newest.stat().st_mtime, UTC)
    hours = round(age.total_seconds() / 3600)
    words = _("the newest, %(file)s, is %(hours)s hours old") % {"file": newest, "hours": hours}
    yield Finding(words, is_trouble=age > BACKUP_IS_LATE_AFTER)
    if newest.suffix != backups.ENCRYPTED:
        yield Finding(_("they are not encrypted: docs/operations.md, “Backups”"))


def _disk() -> Iterator[Finding]:
    free = shutil.disk_usage(settings.VAR).free
    words = _("%(size)s GB are free at %(folder)s") % {"size": f"{free / GIGABYTE:.1f}", "folder": settings.VAR}
    yield Finding(words, is_trouble=free < LEAST_FREE)


def _administrators() -> Iterator[Finding]:
    found = [user for user in User.objects.filter(is_superuser=True, is_active=True) if ways.of(user)]
    if not found:
        words = _("none has a second step: manage.py createsuperuser, sign in and bind a phone (docs/locked-out.md)")
        yield Finding(words, is_trouble=True)
    elif len(found) == 1:
        yield Finding(_("only one can sign in: who helps when that phone is lost? (docs/locked-out.md)"))
    else:
        yield Finding(_("%(count)s can sign in") % {"count": len(found)})
