"""A button that is pressed twice sends its form twice. The first one counts; its twin gets the same answer.

One row a browser: a twin is what comes again before the browser sends anything else.
"""

import time
from dataclasses import dataclass
from datetime import timedelta
from secrets import token_bytes

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from accounts.presses.models import Press

KEPT = timedelta(seconds=30)  # an answer that a twin gets
PATIENCE = timedelta(seconds=8)  # what is not answered by then has died, and its twin counts
LOOK_EVERY = 0.03  # seconds
NONCE = 12  # bytes
# By the clock of the database. The ORM would take longer to build these than the database to do them.
TABLE = Press._meta.db_table
IN = {  # seconds; as Now() + timedelta(...) is written
    "postgresql": "STATEMENT_TIMESTAMP() + INTERVAL '{} seconds'",
    "sqlite": "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW', '+{} seconds')",
}
CLAIM = f"""INSERT INTO {TABLE} AS held (browser, digest, answer, until) VALUES (%s, %s, NULL, {{until}})
            ON CONFLICT (browser) DO UPDATE SET digest = excluded.digest, answer = NULL, until = excluded.until
            WHERE held.digest <> excluded.digest OR held.until <= {{now}}"""  # noqa: S608 (our own table)
KEEP = f"UPDATE {TABLE} SET answer = %s, until = {{until}} WHERE browser = %s AND digest = %s"  # noqa: S608


@dataclass(frozen=True)
class Sent:
    """What a browser sent: who recognises it again, and what its answer is sealed with."""

    browser: str
    digest: str
    key: bytes


def sent(cookie: str, content: str) -> Sent:
    """`content`: all of it, with the token that the form has by itself. So nobody makes the same key who has not the
    very form, what was entered into it, and the cookie."""
    all_of_it = f"{cookie}\n{content}"
    return Sent(
        _browser(cookie),
        salted_hmac("accounts.presses.digest", all_of_it, algorithm="sha256").hexdigest(),
        salted_hmac("accounts.presses.key", all_of_it, algorithm="sha256").digest(),
    )


def _browser(cookie: str) -> str:
    return salted_hmac("accounts.presses.browser", cookie, algorithm="sha256").hexdigest()


def claim(form: Sent) -> bool:
    """Whether this one counts. If not, it is a twin."""
    return _changed(CLAIM.format(until=_in(PATIENCE), now=_in(timedelta(0))), form.browser, form.digest)


def keep(form: Sent, answer: bytes, *, lasting: bool) -> None:
    """For twins that wait already, or, `lasting`, for those that are still to come."""
    nonce = token_bytes(NONCE)
    sealed = nonce + AESGCM(form.key).encrypt(nonce, answer, None)
    _changed(KEEP.format(until=_in(KEPT if lasting else timedelta(0))), sealed, form.browser, form.digest)


def _in(time: timedelta) -> str:
    return IN[connection.vendor].format(time.seconds)


def _changed(sql: str, *values: str | bytes) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return bool(cursor.rowcount)


def drop(form: Sent) -> None:
    """It failed: its twin counts."""
    _rows(form).delete()


def forget(cookie: str) -> None:
    """Whatever this browser sent last is answered no more."""
    Press.objects.filter(browser=_browser(cookie)).delete()


def answer(form: Sent) -> bytes | None:
    """What the first was answered, waited for. None: it came to nothing."""
    last = time.monotonic() + PATIENCE.total_seconds()
    while (row := _rows(form).values_list("answer").first()) and time.monotonic() < last:
        if sealed := row[0]:
            return AESGCM(form.key).decrypt(bytes(sealed[:NONCE]), bytes(sealed[NONCE:]), None)
        time.sleep(LOOK_EVERY)
    return None


def _rows(form: Sent) -> QuerySet[Press]:
    return Press.objects.filter(browser=form.browser, digest=form.digest)


def delete_expired() -> None:
    Press.objects.filter(until__lt=Now()).delete()
