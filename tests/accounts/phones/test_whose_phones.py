"""What is bound, changed or unbound is one person's, and is said of nobody else."""

from collections.abc import Callable

import pytest
from pytest_django import Settings

from accounts.delivery.models import Sms
from accounts.factors.models import RecoverySet
from accounts.log.models import SecurityEvent
from accounts.mailsessions.models import Ending
from accounts.phones import phones
from accounts.phones.models import Phone
from accounts.users.models import User
from tests.conftest import MakeUser
from tests.kit.outgoing import make_sms
from tests.kit.people import NUMBER, OTHER_NUMBER, Person


@pytest.fixture
def neighbour(make_user: MakeUser) -> Phone:
    """Somebody else has one too."""
    phone: Phone = Phone.objects.get(user=make_user("zhaoliu", phone="13600136000"))
    return phone


def test_a_change_is_one_persons(wangwu: Person, neighbour: Phone) -> None:
    phone = Phone.objects.get(user=wangwu.user)
    new = phones.change(phone, f"+86{OTHER_NUMBER}", address="192.0.2.9")
    assert isinstance(new, Phone)
    assert set(Phone.objects.all()) == {new, neighbour}
    event = SecurityEvent.objects.get(kind="phone_changed")
    assert (event.user, event.address) == (wangwu.user, "192.0.2.9")
    assert (event.detail["number"], event.detail["old_number"]) == (new.masked, phone.masked)


def test_an_end_is_one_persons_too(wangwu: Person, neighbour: Phone, clerk: Person, settings: Settings) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:1"]
    phone = Phone.objects.get(user=wangwu.user)
    RecoverySet.objects.create(user=phone.user)
    before = dict(User.objects.values_list("pk", "sessions_ended"))
    assert phones.unbind(phone, actor=clerk.user, address="192.0.2.9", reason="lost")
    assert neighbour in Phone.objects.all()
    after = dict(User.objects.values_list("pk", "sessions_ended"))
    assert {pk for pk in after if after[pk] != before[pk]} == {phone.user.pk}
    assert [(list(ending.people), ending.why) for ending in Ending.objects.all()] == [
        (["wangwu@example.edu"], Ending.Why.PHONE)
    ]
    event = SecurityEvent.objects.get(kind="phone_unbound")
    assert (event.user, event.actor, event.address) == (phone.user, clerk.user, "192.0.2.9")
    assert event.detail == {"old_number": phone.masked, "recovery_gone": True, "reason": "lost"}


def test_a_number_is_offered_the_first_slot_that_is_free(make_user: MakeUser, settings: Settings) -> None:
    settings.MAILBOXES_PER_PHONE = 3
    bound = [phones.bind(make_user(f"user{n}"), f"+86{NUMBER}") for n in range(3)]
    assert [phone.slot for phone in bound if isinstance(phone, Phone)] == [1, 2, 3]
    assert not Phone.has_room(f"+86{NUMBER}")
    assert isinstance(bound[1], Phone)
    phones.unbind(bound[1])
    again = phones.bind(make_user("user3"), f"+86{NUMBER}", address="192.0.2.9")
    assert isinstance(again, Phone)
    assert again.slot == 2
    assert SecurityEvent.objects.filter(kind="phone_bound", address="192.0.2.9").count() == 1


@pytest.mark.parametrize("what", ["bound", "changed", "unbound"])
def test_what_the_former_ways_had_begun_ends(make_user: MakeUser, neighbour: Phone, what: str) -> None:
    user = make_user("sunqi") if what == "bound" else make_user("sunqi", phone=NUMBER)
    mine, theirs = make_sms(user), make_sms(neighbour.user)
    done: dict[str, Callable[[], object]] = {
        "bound": lambda: phones.bind(user, f"+86{OTHER_NUMBER}"),
        "changed": lambda: phones.change(Phone.objects.get(user=user), f"+86{OTHER_NUMBER}"),
        "unbound": lambda: phones.unbind(Phone.objects.get(user=user)),
    }
    assert done[what]()
    assert dict(User.objects.values_list("username", "ways_version")) == {
        user.username: 1, neighbour.user.username: 0,
    }  # fmt: skip
    voided = dict(Sms.objects.codes().values_list("pk", "voided_at"))
    assert (voided[mine.pk] is not None, voided[theirs.pk]) == (True, None)
