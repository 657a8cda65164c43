"""Who uses a department mailbox, as the office enters it."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lib.seen import Seen
from accounts.owners import owners
from accounts.rollouts import selection
from accounts.users import clerks, usernames
from accounts.users.models import User
from apppasswords import sharing


def told(of: str, what: object) -> str:
    """With the colon of the language."""
    return _("%(column)s: %(what)s") % {"column": of, "what": what}


class OwnersForm(Seen, forms.Form):
    mailbox = forms.CharField(
        label=gettext_lazy("department mailbox"),
        max_length=usernames.LONGEST,
        help_text=gettext_lazy("Its address. One that has no account here yet gets one."),
    )
    name = forms.CharField(label=gettext_lazy("name of the mailbox"), max_length=100, required=False)
    owners = forms.CharField(
        label=gettext_lazy("used by"),
        max_length=5000,
        help_text=gettext_lazy("Addresses of people, one a line. Each makes app passwords for it after signing in."),
        widget=forms.Textarea(attrs={"rows": 4, "cols": 50}),
    )
    converts = forms.BooleanField(
        label=gettext_lazy("It was signed in to as a person’s mailbox so far; from now on nobody does"),
        required=False,
        help_text=gettext_lazy("Its password and app passwords end, and who is in is out. This cannot be undone."),
    )

    def __init__(self, *args: Any, clerk: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.clerk = clerk

    def clean_mailbox(self) -> str:
        name = usernames.canonical(usernames.complete(self.cleaned_data["mailbox"], settings.MAIL_DOMAIN))
        if name is None or not usernames.is_ours(name):
            raise ValidationError(_("This is not a mailbox address of this institution."), code="mailbox")
        if self._account(name) and not self._touchable().filter(username=name).exists():
            raise ValidationError(_("Not this account."), code="colleague")
        return name

    def clean_owners(self) -> list[User]:
        """Nobody gives himself a mailbox to read."""
        reading = selection.read(self.cleaned_data["owners"], self.clerk)
        complaints = [told(complaint.text, complaint.what) for complaint in reading.complaints]
        people = list(self._touchable().filter(pk__in=reading.people, is_shared=False))
        if len(people) < len(reading.people):
            complaints.append(_("Not this account."))
        if complaints:
            raise ValidationError(complaints, code="owners")
        return people

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        account = self._account(data.get("mailbox", ""))
        if account and account in data.get("owners", []):
            self.add_error("owners", _("A mailbox does not use itself."))
        if account and not account.is_shared and not data.get("converts"):
            self.add_error("converts", _("This is a person’s mailbox so far."))
        return data

    def _account(self, name: str) -> User | None:
        return User.objects.filter(username=name).first()

    def _touchable(self) -> QuerySet[User]:
        return clerks.touchable(self.clerk).filter(is_active=True)

    def save(self, origin: str) -> int:
        """How many people use it now who did not."""
        asked, by = self.cleaned_data, self.clerk
        with transaction.atomic():
            mailbox = self._account(asked["mailbox"])
            if mailbox is None:
                mailbox = sharing.make(asked["mailbox"], asked["name"], by=by, origin=origin)
            else:
                sharing.share(mailbox, by=by, origin=origin)
            return sum(owners.appoint(mailbox, owner, by=by, address=origin) for owner in asked["owners"])
