"""The mailbox password of a user: whether it is right, and how long it must be."""

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import MinimumLengthValidator
from django.utils.translation import gettext as _

from accounts.users.keeper import Asker
from accounts.users.models import User


def check_password(name: str, password: str, asker: Asker = Asker.SIGN_IN) -> User | None:
    """Through Django's authentication backends, as everywhere. A directory raises what accounts/users/keeper.py has.
    None opens a department mailbox: whoever learns it would be in after leaving."""
    said = {"asker": asker} if settings.LDAP_URLS else {}
    user = authenticate(None, username=name, password=password, **said)
    return user if isinstance(user, User) and not user.is_shared else None


class MinimumLength(MinimumLengthValidator):
    """Django's own, whose words are not translated into Chinese."""

    def get_error_message(self) -> str:
        return _("This password is too short: %(least)s characters at least.") % {"least": self.min_length}
