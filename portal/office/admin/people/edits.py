"""The form that edits an account. What it shows was read some time ago: if somebody edited the account meanwhile,
nothing is saved and the clerk is told, so no edit is lost without anybody noticing."""

from typing import Any

from django import forms
from django.contrib.auth.forms import UserChangeForm
from django.core import signing
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.lib import clock
from accounts.lib.seen import Seen
from accounts.log.models import SecurityEvent
from accounts.users.models import User
from portal.office.desk import acts

# `language` is not among them: each sign-in of its owner sets it.
COLUMNS = (
    "name", "department", "two_step_from", "is_active", "last_day", "must_change_password", "is_staff", "is_superuser"
)  # fmt: skip
Kind = SecurityEvent.Kind
OTHER_EDITS = (
    Kind.ACCOUNT_EDITED, Kind.TWO_STEP_SET, Kind.PASSWORD_CHANGED, Kind.LAST_DAY_SET, Kind.LAST_DAY_TAKEN_BACK
)  # fmt: skip
SALT = "portal.office.admin.edits"


def _version_of(user: User) -> dict[str, Any]:
    version: dict[str, Any] = {name: getattr(user, name) for name in COLUMNS}
    if version["two_step_from"]:
        version["two_step_from"] = clock.iso(version["two_step_from"])
    if version["last_day"]:
        version["last_day"] = clock.day(version["last_day"])
    return version | {"groups": _groups(user)}


def _groups(user: User) -> list[int]:
    return sorted(user.groups.values_list("pk", flat=True))


class AccountForm(Seen, UserChangeForm[User]):
    """`version` holds what the clerk was shown. It is signed, so that it stays what it was."""

    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and not self.is_bound:
            token = {"pk": self.instance.pk, **_version_of(self.instance)}
            self.fields["version"].initial = signing.dumps(token, salt=SALT, compress=True)

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's, not in its types
        if self.instance.pk and not self.errors and not self._is_as_seen():
            self.add_error(None, ValidationError(self._who_was_faster(), code="edited"))

    def _is_as_seen(self) -> bool:
        """A conditional update that changes nothing: until the commit, other edits of this row wait."""
        try:
            version = signing.loads(self.cleaned_data["version"], salt=SALT)
        except signing.BadSignature:
            return False
        groups: list[int] = version.pop("groups")
        rows = User.objects.filter(**version)
        if version["pk"] != self.instance.pk or not rows.update(username=self.instance.username):
            return False
        return groups == _groups(self.instance)

    def _who_was_faster(self) -> str:
        event = acts.last(self.instance, *OTHER_EDITS)
        if event is None:
            return _("Nothing was saved: the account was changed while this page was open. Open it again.")
        told = {"who": event.actor_name or _("the owner"), "time": clock.briefly(event.at)}
        return (
            _("Nothing was saved: %(who)s changed this account at %(time)s, while this page was open. Open it again.")
            % told
        )
