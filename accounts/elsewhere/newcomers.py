"""People whom a source vouches for and nobody knows here: refused, or given an account by a rule of the office."""

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.elsewhere.answers import Proof
from accounts.log import events
from accounts.users import usernames
from accounts.users.models import User


def make(source: str, proof: Proof, address: str) -> bool:
    """Whether there is one now who was not there before. As always, only the case of Latin letters may differ."""
    name = usernames.canonical(proof.address)
    if name is None or not proof.address.isascii() or proof.address.lower() != name:
        return False
    if name.rpartition("@")[2] not in settings.SIGN_IN_ELSEWHERE_CREATES:
        return False
    user = User(username=name)
    user.set_unusable_password()
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            events.record(events.Kind.PERSON_ARRIVED, user, address=address, source=source)
    except IntegrityError:
        return False
    return True
