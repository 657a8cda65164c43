"""What somebody had for the second step is lost, and the help desk gave a code: something else is bound in its place.

All that was bound goes. Who has another way at hand signs in by it and needs no help desk; and what is on a lost phone
(SMS, and as a rule the authenticator app too) must open nothing for who finds it.
"""

from django.db import transaction

from accounts.factors import authenticators, passkeys, recoverycodes
from accounts.factors.authenticators import Offer
from accounts.factors.models import Authenticator
from accounts.mailsessions import mailsessions
from accounts.owners import owners
from accounts.phones import helpcodes, phones
from accounts.phones.models import Phone
from accounts.phones.notice import Agreement
from accounts.users.models import User


def bind_phone(
    help_code: int, user: User, number: str, *, agreement: Agreement | None = None, address: str = ""
) -> Phone | phones.Refusal:
    with transaction.atomic():
        user.hold()
        if not helpcodes.spend(help_code, user):
            return phones.Refusal.GONE
        old = phones.of(user)
        if old:
            new = phones.change(old, number, agreement=agreement, address=address)
        else:
            new = phones.bind(user, number, agreement=agreement, address=address)
        if isinstance(new, phones.Refusal):
            transaction.set_rollback(True)
            return new
        _remove_others(user, address, but=None)
        _end(user)
    return new


def add_app(
    help_code: int, offered: Offer, step: int, name: str, *, address: str = ""
) -> Authenticator | authenticators.Refusal:
    user = offered.user
    with transaction.atomic():
        user.hold()
        if not helpcodes.spend(help_code, user):
            return authenticators.Refusal.GONE
        app = authenticators.add(offered, step, name, address=address, replaces_all=True)
        if isinstance(app, authenticators.Refusal):
            transaction.set_rollback(True)
            return app
        _remove_others(user, address, but=app)
        if phone := phones.of(user):
            phones.unbind(phone, address=address)
        _end(user)
    app.user = user
    return app


def _remove_others(user: User, address: str, *, but: Authenticator | None) -> None:
    recoverycodes.remove(user, address=address, by_sms=False)
    for app in Authenticator.objects.filter(user=user).exclude(pk=but.pk if but else None):
        authenticators.remove(user, app.pk, address=address, by_sms=False)  # of what took its place there is one
    for passkey in passkeys.of(user):
        passkeys.remove(user, passkey.pk, address=address, by_sms=False)


def _end(user: User) -> None:
    """Whoever is signed in, perhaps on what is lost, is out."""
    user.end_sessions()
    mailsessions.end(owners.mailboxes([user]), mailsessions.Why.PHONE)
