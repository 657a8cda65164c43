"""Every address of the site, as the URL resolver knows them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address
from uuid import UUID

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.aliases.models import Alias
from accounts.bans.models import Ban, Failure, KnownNetwork
from accounts.bans.where.addresses import sortable
from accounts.browsers.models import TrustedBrowser
from accounts.delivery.models import Mail, Sms
from accounts.directory.models import Sync
from accounts.factors.models import Authenticator, Passkey
from accounts.imports.models import Roster
from accounts.log.models import SecurityEvent
from accounts.maillogins.models import MailLogin
from accounts.openid.models import Application
from accounts.owners.models import Ownership
from accounts.phones.models import Phone
from accounts.rollouts.models import Exemption, Reminder, ReminderMail, Rollout
from accounts.users.models import User
from apppasswords.models import AppPassword, Machine, ProfileLink
from portal.office.models import Role


def admin_list(name: str) -> str:
    """Of a model by its name: where its list is in the administration."""
    model = next(model for model in apps.get_models() if model._meta.model_name == name)
    return f"/admin/{model._meta.app_label}/{name}/"


@dataclass(frozen=True)
class Place:
    route: str  # as it stands in urls.py: admin/accounts/user/<path:object_id>/change/
    name: str


def places(resolver: URLResolver | None = None, before: str = "") -> Iterator[Place]:
    for pattern in (resolver or get_resolver()).url_patterns:
        # Which apps are there, and in which order, is Django's business.
        route = before + re.sub(r"\^\(\?P<app_label>.*\)/\$", "<app_label>/", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from places(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield Place(route, pattern.name or "")


class Addresses:
    """Addresses that lead to something: each model of the admin has a row, which belongs to `owner`."""

    def __init__(self, owner: User, phone: Phone) -> None:
        now = timezone.now()
        event = SecurityEvent.objects.create(kind="signed_in", user=owner, username=owner.username, address="192.0.2.7")
        soon = now + timedelta(minutes=5)
        sms = Sms.objects.create(
            user=owner, number=str(phone.number), purpose="sign_in", nonce="n", session="elsewhere", expires_at=soon
        )
        rollout = Rollout.objects.create(start=soon, choice={"people": [owner.pk]}, made_by=owner)
        reminder = Reminder.objects.create(rollout=rollout, days=7, due_at=now)
        self.rows = {
            "accounts/user": owner.pk,
            "delivery/sms": sms.pk,
            "delivery/mail": Mail.objects.create(user=owner, event=event, expires_at=soon).pk,
            "rollouts/remindermail": ReminderMail.objects.create(user=owner, reminder=reminder, expires_at=soon).pk,
            "browsers/trustedbrowser": TrustedBrowser.objects.create(
                user=owner, phone=phone, digest="d", browser="Firefox", system="Linux", address="192.0.2.7",
                expires_at=now + timedelta(days=30),
            ).pk,
            "openid/application": Application.objects.create(client_id="wiki", name="Wiki").pk,
            "bans/ban": Ban.objects.create(network="192.0.2.7", until=soon).pk,
            "bans/failure": Failure.objects.create(
                network="192.0.2.7", account=owner.username, password_digest="d", channel="imap"
            ).pk,
            "bans/knownnetwork": KnownNetwork.objects.create(
                cidr="198.51.100.0/24", kind="shared", first=sortable(IPv4Address("198.51.100.0")),
                last=sortable(IPv4Address("198.51.100.255")),
            ).pk,
            "aliases/alias": Alias.objects.create(address="press@example.edu", user=owner).pk,
            "owners/ownership": Ownership.objects.create(
                mailbox=User.objects.create_user("office@example.edu", is_shared=True), owner=owner
            ).pk,
            "office/role": Role.objects.create(name="desk").pk,
            "log/securityevent": event.pk,
            "maillogins/maillogin": MailLogin.objects.create(
                user=owner, day=timezone.localdate(now), protocol="imap", method="app", count=1, address="192.0.2.7"
            ).pk,
            "rollouts/rollout": rollout.pk,
            "rollouts/exemption": Exemption.objects.create(user=owner, until=soon, reason="abroad").pk,
            "directory/sync": Sync.objects.create().pk,
            "imports/roster": Roster.objects.create(name="people.csv", language="en").pk,
            "apppasswords/apppassword": AppPassword.objects.create(user=owner, name="Mail", digest="d").pk,
            "apppasswords/machine": Machine.objects.create(
                password=AppPassword.objects.create(user=owner, name="Mail", digest="m"), owner=owner, purpose="desk"
            ).pk,
            "apppasswords/profilelink": ProfileLink.objects.create(
                user=owner, phone=phone, name="Mail", digest="d", expires_at=soon
            ).pk,
            "factors/authenticator": Authenticator.objects.create(user=owner, name="手机", key=b"", last_step=0).pk,
            "factors/passkey": Passkey.objects.create(
                user=owner, name="电脑", credential_id="id", public_key=b"", sign_count=0, backup_eligible=False,
                backed_up=False, aaguid=UUID(int=0),
            ).pk,
        }  # fmt: skip

    def of(self, place: Place) -> str:
        address = place.route.replace("gateway/<slug:name>", "gateway/memory")
        if model := re.match(r"admin/(\w+/\w+)/<", address):
            address = re.sub(r"<(path:object_id|(int:)?id|int:pk)>", str(self.rows[model[1]]), address)
        address = address.replace("link/<int:pk>", f"link/{self.rows['apppasswords/profilelink']}")
        address = address.replace("app-passwords/<int:pk>", f"app-passwords/{self.rows['apppasswords/apppassword']}")
        address = address.replace("factors/app/<int:pk>", f"factors/app/{self.rows['factors/authenticator']}")
        address = address.replace("factors/passkeys/<int:pk>", f"factors/passkeys/{self.rows['factors/passkey']}")
        address = address.replace("<slug:token>", "-" * 43)
        address = address.replace("<int:attempt>", str(self.rows["delivery/sms"]))
        address = address.replace("<slug:gateway>/<str:secret>", "twilio/not-the-secret")
        address = address.replace("<slug:program>", "iphone").replace("elsewhere/<slug:slug>", "elsewhere/cas")
        address = address.replace("<path:content_type_id>", str(ContentType.objects.get_for_model(User).pk))
        address = address.replace("<path:object_id>", str(self.rows["accounts/user"]))
        address = address.replace("<app_label>", "accounts")
        address = re.sub(r"\(\?P<url>\.\*\)\$$", "nowhere", address)
        assert not re.search(r"[<>^$]", address), f"how is {place.route} filled in?"
        return f"/{address}"
