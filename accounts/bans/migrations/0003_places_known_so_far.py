"""From where accounts got in lately is known from the count of mail logins: nobody is a stranger on the day of an
upgrade. What is kept of wrong passwords until now has the old key and is longer than it should be: it goes."""

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.db import migrations

BATCH = 1000


def names(address, shared):
    try:
        address = ip_address(address)
    except ValueError:
        return set()
    around = max((one for one in shared if address in one), key=lambda one: one.prefixlen, default=None)
    if address.version == 4:
        return {str(address), str(around or ip_network((address, 24), strict=False))}
    wide = {str(ip_network((address, bits), strict=False)) for bits in (64, 56, 48)}
    return wide | ({str(around)} if around else set())


def carry_over(apps, schema_editor):
    Failure, KnownNetwork, Place = (apps.get_model("bans", name) for name in ("Failure", "KnownNetwork", "Place"))
    Failure.objects.exclude(password_digest="").update(password_digest="")
    shared = [ip_network(cidr) for cidr in KnownNetwork.objects.filter(kind="shared").values_list("cidr", flat=True)]
    shared += settings.SHARED_NETWORKS
    last = {}
    rows = apps.get_model("maillogins", "MailLogin").objects.order_by("last_at")
    for user, address, at in rows.values_list("user_id", "address", "last_at").iterator():
        for name in names(address, shared):
            last[user, name] = at
    places = [Place(user_id=user, network=name, last_at=at) for (user, name), at in last.items()]
    Place.objects.bulk_create(places, batch_size=BATCH, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("bans", "0002_places_and_brakes"), ("maillogins", "0001_initial")]
    operations = [migrations.RunPython(carry_over, migrations.RunPython.noop, elidable=True)]
