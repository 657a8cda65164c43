"""Sessions in the database, found by the digest of their key: who reads a copy of it can open none of them.

Django's own store in all else. The key is random (165 bits), so a plain digest is enough; it fills the column.
"""

import hashlib
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, UpdateError
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts.lib import expired
from accounts.lib.compiled import Change, Query

OF_A_KEY = Query(lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now)[:1])


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[: Session._meta.pk.max_length]


class SessionStore(db.SessionStore):
    """Used without `async`, whose methods would go by the key itself: they are not there."""

    _former: str | None = None  # under which the row still stands

    def _get_session_from_db(self) -> Session | None:
        session = OF_A_KEY.first(digest(self.session_key or ""), timezone.now())
        if session is None:
            self._session_key = None  # a key that was planted does not stay
        return session

    def _get_new_session_key(self) -> str:
        """Nobody has it: that it is one of 2^165, and unique in the database, need not be asked before."""
        return get_random_string(32, VALID_KEY_CHARS)

    def exists(self, session_key: str) -> bool:
        return super().exists(digest(session_key))

    def cycle_key(self) -> None:
        """The row gets the new key when the answer is there, with all that was changed until then."""
        data = dict(self.items())
        self._former = self._former or self.session_key
        self._session_key, self._session_cache, self.modified = None, data, True

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        session = super().create_model_instance(data)
        session.session_key = digest(session.session_key)
        return session

    def save(self, must_create: bool = False) -> None:
        """One statement, which needs no transaction around it."""
        if self.session_key is None:
            if not self._move():
                self.create()
            return
        row = self._row(no_load=must_create)
        if must_create:
            row.save(force_insert=True)
        elif not _write(row.session_key, row):
            raise UpdateError  # it was ended meanwhile

    def _row(self, *, no_load: bool = False) -> AbstractBaseSession:
        return self.create_model_instance(self._get_session(no_load=no_load))  # type: ignore[attr-defined]  # Django's

    def _move(self) -> bool:
        """Whether there is a former key, and its session was not ended meanwhile."""
        former, self._former = self._former, None
        if former is None:
            return False
        self._session_key = self._get_new_session_key()
        if _write(digest(former), self._row()):
            return True
        self._session_key = None
        return False

    def delete(self, session_key: str | None = None) -> None:
        keys = [session_key] if session_key else [self.session_key, self._former]
        if session_key is None:
            self._former = None
        if found := [digest(key) for key in keys if key]:
            Session.objects.filter(session_key__in=found).delete()

    async def _without(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    _aget_session_from_db = aexists = acreate_model_instance = adelete = _without


def _write(key: str, row: AbstractBaseSession) -> bool:
    """Over the session of this key. False: there is none."""
    return bool(WRITE_OVER.run(key, row.session_key, row.session_data, row.expire_date))


WRITE_OVER = Change(
    lambda key, new, data, expires: (
        Session.objects.filter(session_key=key),
        {"session_key": new, "session_data": data, "expire_date": expires},
    )
)


def delete_expired() -> None:
    expired.delete(Session.objects.filter(expire_date__lt=timezone.now()))
