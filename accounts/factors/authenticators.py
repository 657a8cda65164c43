"""Authenticator apps: codes of six digits that a phone makes by itself, without a network (RFC 6238, SHA-1, 30 s)."""

import hmac
from base64 import b32encode
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import quote, urlencode

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django_otp.oath import hotp

from accounts.codes import guesses
from accounts.factors import changes, keyring
from accounts.factors.keyring import Unreadable
from accounts.factors.models import NAME_LENGTH, Authenticator
from accounts.lib import institution, invisible
from accounts.users import ways
from accounts.users.models import User

STEP = 30  # seconds
DIGITS = 6
KEY_SIZE = 20  # bytes, as RFC 4226 recommends
AROUND = 1  # steps before and after: who types takes a while, and clocks differ
FARTHEST_DRIFT = 10  # steps that are learned, little by little
SEARCHED = 120  # steps (an hour), to tell somebody that a phone's clock is off
AT_MOST = 10  # of one person


class Refusal(Enum):
    TOO_MANY = auto()
    GONE = auto()  # it was changed in another browser meanwhile
    NEEDED = auto()  # the only way in that is left


def of(user: User) -> QuerySet[Authenticator]:
    return Authenticator.objects.filter(user=user)


@dataclass(frozen=True)
class Offer:
    """What an app that is to be added is given. The same in one session until it is added, so that a page which is
    loaded again, or in two tabs, shows one key; and it is kept nowhere."""

    user: User
    key: bytes

    @property
    def typed(self) -> str:
        """Base32 in groups of four, for who cannot take a picture of the screen."""
        text = b32encode(self.key).decode()
        return " ".join(text[at : at + 4] for at in range(0, len(text), 4))

    @property
    def address(self) -> str:
        """As apps read it from the QR code."""
        issuer, label = institution.name(), self.user.username
        query = urlencode({"secret": b32encode(self.key).decode(), "issuer": issuer}, quote_via=quote)
        return f"otpauth://totp/{quote(issuer)}:{quote(label)}?{query}"


def offer(user: User, session: str) -> Offer:
    """`session`: a random value of this sign-in. After one is added the next offer is another."""
    bound = f"{user.pk} {session} {user.ways_version}"
    return Offer(user, keyring.derived("authenticator", bound)[:KEY_SIZE])


# --- Added, renamed, removed ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Off:
    """The code is right, but of another time: the phone's clock is off by so many minutes (ahead, or behind)."""

    minutes: int


def matches(offered: Offer, text: str) -> int | Off | None:
    """The time step that a first code is of."""
    code = guesses.normalised(text, DIGITS)
    now = _now()
    for distance in range(SEARCHED + 1):
        for step in {now - distance, now + distance}:
            if code and hmac.compare_digest(code_of(offered.key, step), code):
                return step if distance <= AROUND else Off(round((step - now) * STEP / 60))
    return None


def add(
    offered: Offer, step: int, name: str, *, address: str = "", replaces_all: bool = False
) -> Authenticator | Refusal:
    """From now on it counts. The code that has proven it is spent. `replaces_all`: the others go."""
    user = offered.user
    with transaction.atomic():
        user.hold()
        if not User.objects.filter(pk=user.pk, ways_version=user.ways_version).exists():
            return Refusal.GONE  # so of one form that comes twice, one counts
        if not replaces_all and Authenticator.objects.filter(user=user).count() >= AT_MOST:
            return Refusal.TOO_MANY
        app = Authenticator.objects.create(
            user=user,
            name=tidy(name),
            key=keyring.seal(offered.key, owner=user.pk),
            last_step=step,
            drift=step - _now(),
            last_used_at=timezone.now(),
        )
        changes.added(app, address=address)
    return app


def tidy(name: str) -> str:
    return " ".join(invisible.dropped(name).split())[:NAME_LENGTH]


def rename(user: User, pk: int, name: str) -> bool:
    return bool(Authenticator.objects.filter(user=user, pk=pk).update(name=tidy(name)))


def remove(
    user: User, pk: int, *, actor: User | None = None, address: str = "", reason: str = "", by_sms: bool = True
) -> Authenticator | Refusal:
    """By its owner, or by a clerk (`actor`), who may take the last one away: the owner is then asked to bind anew."""
    with transaction.atomic():
        user.hold()
        app = Authenticator.objects.filter(user=user, pk=pk).first()
        if app is None:
            return Refusal.GONE
        app.user = user
        if actor is None and ways.is_needed(app):
            return Refusal.NEEDED
        Authenticator.objects.filter(pk=pk).delete()
        changes.removed(app, actor=actor, address=address, reason=reason, by_sms=by_sms)
    return app


# --- Codes ------------------------------------------------------------------------------------------------------------


def check(user: User, text: str, *, address: str = "") -> tuple[guesses.Outcome, Authenticator | None]:
    """Whether it is the present code of one of this person's apps, and of which."""
    shown = Shown(user)
    outcome = guesses.check(user, guesses.normalised(text, DIGITS), shown, address=address)
    return outcome, shown.won if outcome is guesses.Outcome.RIGHT else None


class Shown(guesses.Code):
    """The codes that the apps of one person show about now. None of them counts its own guesses: an account does."""

    kind = "app"

    def __init__(self, user: User) -> None:
        self.user = user
        self.won: Authenticator | None = None
        self._apps = {app.pk: app for app in Authenticator.objects.filter(user=user)}
        self._steps: dict[str, list[tuple[int, int]]] = {}  # code: of which app, of which step
        for app in self._apps.values():
            for step in _steps(app):
                self._steps.setdefault(code_of(_key(app), step), []).append((app.pk, step))

    def expected(self) -> list[str]:
        return list(self._steps)

    def use_up(self, right: str) -> bool:
        """A step of time counts once. The one that is taken says how far the phone's clock is off."""
        for pk, step in self._steps[right]:
            app = self._apps[pk]
            fresh = Authenticator.objects.filter(pk=pk, user=self.user, last_step__lt=step)
            if fresh.update(last_step=step, drift=_learned(app, step), last_used_at=timezone.now()):
                _reseal(app)
                self.won = app
                return True
        return False


def under_old_keys() -> int:
    """How many are not sealed under the first of FACTOR_KEYS."""
    return sum(1 for app in Authenticator.objects.iterator() if not _is_current(app))


def reseal_all() -> Iterator[bool]:
    """Each as if it were used: whether it is under the first key then. One whose key is lost is left alone."""
    for app in Authenticator.objects.order_by("pk").iterator():
        yield _reseal(app)


def _reseal(app: Authenticator) -> bool:
    """Each use brings a key under the first of FACTOR_KEYS."""
    if _is_current(app):
        return True
    if not (key := _key(app)):
        return False
    unchanged = Authenticator.objects.filter(pk=app.pk, key=app.key)
    unchanged.update(key=keyring.seal(key, owner=app.user_id))
    return True


def _is_current(app: Authenticator) -> bool:
    return keyring.is_current(bytes(app.key), owner=app.user_id)


def _steps(app: Authenticator) -> Iterator[int]:
    centre = _now() + app.drift
    yield from (step for step in range(centre - AROUND, centre + AROUND + 1) if step > app.last_step)


def _learned(app: Authenticator, step: int) -> int:
    return max(-FARTHEST_DRIFT, min(FARTHEST_DRIFT, step - _now()))


def _key(app: Authenticator) -> bytes:
    try:
        return keyring.unseal(bytes(app.key), owner=app.user_id)
    except Unreadable:
        return b""


def _now() -> int:
    return int(timezone.now().timestamp()) // STEP


def code_of(key: bytes, step: int) -> str:
    return f"{hotp(key, step, DIGITS):0{DIGITS}}" if key else ""
