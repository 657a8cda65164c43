"""Who asks in the benchmark: mailboxes with 1, 10 and 50 app passwords among many others, and their secrets."""

import time
from datetime import timedelta
from secrets import token_hex

COUNTS = (1, 10, 50)  # app passwords a mailbox
EACH = 1_350  # mailboxes of each kind: in a round of the benchmark every login is another person's
OTHERS = 5_000  # mailboxes that are only there
FAILURES = 20_000
BANNED = "198.51.100.99"

_secrets: dict[int, list[tuple[str, str]]] = {}
_unused: list[tuple[str, str]] = []


def make(unused: int) -> None:
    """Fill the database; `unused` app passwords have never been used."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.utils import timezone

    from accounts.bans.models import Ban, Failure
    from accounts.users.models import User
    from apppasswords import secrets
    from apppasswords.models import AppPassword

    call_command("migrate", verbosity=0)
    now = timezone.now()
    names = [f"person{number}@example.edu" for number in range(EACH * len(COUNTS) + OTHERS)]
    users = User.objects.bulk_create([User(username=name, password="!", two_step_from=now) for name in names])
    rows: list[AppPassword] = []

    def give(user: User, used: bool, others: int = 0) -> str:
        """And others, that nobody knows."""
        secret = secrets.new()
        at = now + timedelta(hours=1) if used else None  # used: nothing is to be written for a while
        digests = [token_hex(32) for _ in range(others)]
        digests.insert(others // 2, secrets.digests(secret)[0])
        rows.extend(AppPassword(user=user, name="Mail", digest=digest, last_used_at=at) for digest in digests)
        return secret

    for place, count in enumerate(COUNTS):
        owners = users[place * EACH : (place + 1) * EACH]
        _secrets[count] = [(user.username, give(user, True, count - 1)) for user in owners]
    others = users[EACH * len(COUNTS) :]
    _unused.extend((user.username, give(user, False)) for user in (others[n % OTHERS] for n in range(unused)))
    AppPassword.objects.bulk_create(rows, batch_size=5_000)
    Ban.objects.create(network=BANNED, until=now + timedelta(hours=1))
    # Some days of failures, so that the database plans as it does in service.
    Failure.objects.bulk_create(
        Failure(network=network(99, n // 4), account=names[n % OTHERS], password_digest="0" * 16, channel="imap",
                at=now - timedelta(minutes=n % 10_000))
        for n in range(FAILURES)
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connection.close()


def owners(count: int) -> list[tuple[str, str]]:
    """Mailboxes with so many app passwords, and one of them each."""
    return _secrets[count]


def unused(count: int) -> list[tuple[str, str]]:
    return _unused[:count]


def network(kind: int, number: int) -> str:
    """One of many client addresses: nine failures each ban nobody."""
    return f"10.{kind}.{number // 250}.{number % 250}"


def loop_over_hashes() -> dict[int, float]:
    """µs to find that none of 1, 10, 50 hashed passwords is the one: what keeping them as hashes would cost."""
    from django.contrib.auth.hashers import check_password, make_password

    hashes = [make_password(f"secret {number}") for number in range(max(COUNTS))]
    costs = {}
    for count in COUNTS:
        start = time.process_time()
        assert not any(check_password("wrong", known) for known in hashes[:count])
        costs[count] = (time.process_time() - start) * 1e6
    return costs
