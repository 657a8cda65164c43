"""What may be an app password is asked about first, by one plain statement: nine of ten logins are right, and end here.

It is what the function looks at before anything is counted (function.py), at two thirds of its cost. No row: it opens
nothing, and what that means is for the function to say.
"""

from datetime import datetime

from accounts.bans.models import Ban, Failure, KnownNetwork, Place
from accounts.bans.where import addresses, places
from accounts.lib import prepared
from accounts.lib.prepared import Row, Steps
from accounts.users.models import User
from apppasswords import secrets
from apppasswords.limits import Limits
from apppasswords.maillogin.facts import Facts
from apppasswords.models import AppPassword


def question(address: str, name: str, secret: str, at: datetime) -> Steps:
    """`name` is canonical."""
    networks, place, digests = addresses.networks(address), addresses.place_of(address), secrets.digests(secret)
    network = networks[0]
    values = [prepared.array(networks), at, name, network, name, network, place, place, prepared.array(digests), name]
    return ((STATEMENT, values),)


BAN, FAILURE, USER, PASSWORD, PLACE, KNOWN = (
    model._meta.db_table for model in (Ban, Failure, User, AppPassword, Place, KnownNetwork)
)
# Of a department mailbox there is more to look at: not here. What is known of the address matters where it is banned.
STATEMENT = prepared.Statement(
    "mailkey_app_password",
    f"""SELECT
            (SELECT MAX(until) FROM {BAN} WHERE network = ANY (%s::text[]) AND until > %s AND lifted_at IS NULL
             AND account IN ('', %s)) AS banned_until,
            EXISTS (SELECT 1 FROM {FAILURE} WHERE network = %s AND account = %s
                    AND cleared_at IS NULL AND ban_id IS NULL),
            (SELECT last_at FROM {PLACE} WHERE user_id = u.id AND network = %s),
            (SELECT cidr || ' ' || kind FROM {KNOWN} WHERE first <= %s AND last >= %s
             ORDER BY first DESC, last LIMIT 1),
            u.id, u.two_step_from, p.id, p.created_at, p.last_used_at, p.scope, p.networks, p.ends_at, p.idle_days
        FROM {USER} AS u JOIN {PASSWORD} AS p ON p.user_id = u.id AND p.digest = ANY (%s::text[])
        WHERE u.username = %s AND u.is_active AND p.ownership_id IS NULL""",  # noqa: S608 (our own tables)
)


def read(row: Row, address: str) -> Facts:
    until, has_failures, place_at, network, user_id, two_step_from, password_id, made_at, last_used_at, *limits = row
    cidr, kind = (network or " ").split(" ")
    return Facts(
        until, has_failures, user_id, True, two_step_from, password_id, made_at, last_used_at,
        Limits(*limits), place_at, places.read(address, cidr, kind, 0),
    )  # fmt: skip
