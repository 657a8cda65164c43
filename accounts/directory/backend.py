"""AUTHENTICATION_BACKENDS where LDAP_URLS is set."""

from typing import Any

from django.contrib.auth.backends import ModelBackend

from accounts.directory import passwords
from accounts.users import usernames
from accounts.users.keeper import Asker
from accounts.users.models import User


class Directory(ModelBackend):
    def authenticate(
        self,
        request: Any,
        username: str | None = None,
        password: str | None = None,
        *,
        asker: Asker = Asker.SIGN_IN,
        **kwargs: Any,
    ) -> User | None:
        name = usernames.canonical(username or "")
        if name is None or not password:
            return None
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            passwords.pretend(name)
            return None
        if not passwords.are_kept_of(user):
            own = super().authenticate(request, name, password)
            return own if isinstance(own, User) else None
        return user if passwords.is_right(user, password, asker) else None
