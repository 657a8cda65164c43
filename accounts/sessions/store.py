"""Sessions in the database, found by the digest of their key: who reads a copy of it can open none of them.

Django's own store in all else. The key is random (165 bits), so a plain digest is enough; it fills the column.
"""

import hashlib
from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS, UpdateError
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.db import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.crypto import get_random_string


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[: Session._meta.pk.max_length]


class SessionStore(db.SessionStore):
    """Used without `async`, whose methods would go by the key itself: they are not there."""

    def _get_session_from_db(self) -> Session | None:
        session = Session.objects.filter(
            session_key=digest(self.session_key or ""), expire_date__gt=timezone.now()
        ).first()
        if session is None:
            self._session_key = None  # a key that was planted does not stay
        return session

    def _get_new_session_key(self) -> str:
        """Nobody has it: that it is one of 2^165, and unique in the database, need not be asked before."""
        return get_random_string(32, VALID_KEY_CHARS)

    def exists(self, session_key: str) -> bool:
        return super().exists(digest(session_key))

    def cycle_key(self) -> None:
        """The new one is found when the answer is there, and what was changed until then is written once."""
        data = dict(self.items())
        self.delete()
        self._session_key, self._session_cache, self.modified = None, data, True

    def create_model_instance(self, data: dict[str, Any]) -> AbstractBaseSession:
        session = super().create_model_instance(data)
        session.session_key = digest(session.session_key)
        return session

    def save(self, must_create: bool = False) -> None:
        try:
            super().save(must_create)
        except UpdateError as error:
            # Django takes every error of the database for a session that was ended meanwhile.
            if isinstance(error.__context__, OperationalError | InterfaceError):
                raise error.__context__ from None
            raise

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            Session.objects.filter(session_key=digest(key)).delete()

    async def _without(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    _aget_session_from_db = aexists = acreate_model_instance = adelete = _without


def delete_expired() -> None:
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
