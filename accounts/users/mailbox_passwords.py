"""The mailbox password of a user: whether it is right, and what a new one must be like."""

from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import CommonPasswordValidator, MinimumLengthValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.users.keeper import Asker
from accounts.users.models import User

LEAST_BESIDE_WORDS = 8  # characters


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


class NotOurWords(CommonPasswordValidator):
    """What everybody here would try first, as the institution's name and a year. Within a longer one they may stand."""

    def validate(self, password: str, user: object = None) -> None:
        left = password.casefold()
        for word in sorted(settings.PASSWORD_WORDS, key=len, reverse=True):
            left = left.replace(word, "")
        if left != password.casefold() and len(left) < LEAST_BESIDE_WORDS:
            raise ValidationError(self.get_error_message(), code="our_words")
