"""What the database of a release holds."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.test import override_settings
from django.utils import timezone

from accounts.aliases import aliases
from accounts.aliases.models import Alias
from accounts.audit import audit
from accounts.bans import bans, networks
from accounts.bans.models import Ban, KnownNetwork
from accounts.closures import closures
from accounts.codes import guesses
from accounts.delivery.gateways import memory
from accounts.factors import authenticators, recoverycodes
from accounts.factors.models import Authenticator
from accounts.log import chain
from accounts.maillogins import maillogins
from accounts.owners import owners
from accounts.owners.models import Ownership
from accounts.phones import helpcodes, phones
from accounts.rollouts import exemptions, reminders, rollouts
from accounts.rollouts.models import Reminder
from accounts.users.models import User
from apppasswords import last_use, machines, passwords, sharing
from apppasswords.maillogin import decision
from apppasswords.models import FirstUse
from apppasswords.setup import links
from portal.office import roles
from portal.office.overview import figures
from tests.kit.files_of_people import hand_in
from tests.kit.filled.fill_servers import (
    come_from_elsewhere,
    go_to_webmail,
    lose_a_gateway,
    take_from_the_directory,
    wait_for_servers,
)
from tests.kit.filled.people import (
    BANNED,
    CLERKS,
    DEPARTMENT,
    ELSEWHERE,
    IN_SHARED,
    LATER,
    LIFTED,
    NINE,
    PEOPLE,
    SHARED,
    SUPERUSER,
    Secrets,
    address,
    cookies_of,
    person,
    user,
)  # fmt: skip
from tests.kit.paperwork import edit
from tests.kit.passkeys import add_passkey
from tests.kit.people import PASSWORD


def fill() -> Secrets:
    for name, about in PEOPLE.items():
        _add(name, **about)
    for number, role in enumerate(CLERKS):
        _add_clerk(role, f"1370013700{number}")
    sessions = {name: _come_in(name) for name in ("inside", "webmail")}
    secrets: Secrets = {
        "clerks": {role: _come_in(role) for role in CLERKS},
        "sessions": sessions,
        "browser": _trust_browser(),
        "app_passwords": _make_app_passwords(),
        "machine": _make_machine(),
        "department": _share(),
        "tokens": go_to_webmail(sessions["webmail"]),
        "help_code": _give_help_code(),
        "app": _add_app(),
        "recovery_code": _make_recovery_codes(),
        "passkey": _add_passkey(),
        "half_way": _begin("half-way"),
        "elsewhere": come_from_elsewhere(),
        "qr": _show_qr_code(),
    }
    _pause()
    _plan()
    _remind()
    _know_networks()
    _grant_addresses()
    _ban()
    _import(secrets["clerks"][SUPERUSER])
    _edit(secrets["clerks"][SUPERUSER])
    _read_mail()
    wait_for_servers()
    lose_a_gateway()
    take_from_the_directory()
    _end()
    figures.sum_up(timezone.localdate())
    chain.seal_all()
    return secrets | {"log_end": audit.end()}


def _add(name: str, *, two_step: bool = False, phone: str = "", **fields: Any) -> User:
    start = timezone.now() if two_step else None
    user = User.objects.create_user(address(name), PASSWORD, two_step_from=start, **fields)
    if phone:
        bound = phones.bind(user, f"+86{phone}", address=ELSEWHERE)
        assert not isinstance(bound, phones.Refusal), bound
    return user


def _add_clerk(role: str, phone: str) -> None:
    clerk = _add(role, two_step=True, phone=phone, is_staff=True, is_superuser=role == SUPERUSER)
    roles.make()
    clerk.groups.set(Group.objects.filter(name=role))


def _come_in(name: str) -> dict[str, str]:
    """By password and code; the cookies of the browser."""
    browser = person(name)
    browser.sign_in()
    assert browser.is_in(), name
    return cookies_of(browser)


def _trust_browser() -> dict[str, str]:
    browser = person("browser")
    browser.sign_in(trust_browser="on")
    browser.post("/sign-out/")
    return cookies_of(browser)


def _make_app_passwords() -> dict[str, str]:
    owner = user("mail")
    made = {}
    for name in ("kept", "removed"):
        row = passwords.create(owner, name, address=ELSEWHERE)
        assert isinstance(row, tuple), row
        made[name] = row[1]
    assert passwords.remove(owner, passwords.of(owner).get(name="removed").pk)
    return made


def _share() -> str:
    sharing.share(user("press"), by=user(SUPERUSER))
    owners.appoint(user("press"), user("mail"), by=user(SUPERUSER))
    made = passwords.create(Ownership.objects.get(), "Foxmail")
    assert isinstance(made, tuple), made
    return made[1]


def _make_machine() -> str:
    ends_at = timezone.now() + timedelta(days=365)
    plan = machines.Plan(user("off"), user("mail"), "Printer", "scans", f"{ELSEWHERE}/32", ends_at)
    made = machines.make(plan, by=user(SUPERUSER), address=ELSEWHERE)
    assert isinstance(made, tuple), made
    return made[1]


def _plan() -> None:
    clerk = user(SUPERUSER)
    later = timezone.now() + LATER
    row = rollouts.draft({"departments": [DEPARTMENT]}, later, clerk)
    outcome, changed = rollouts.carry_out(row, clerk, version=row.total)
    assert outcome is rollouts.Outcome.DONE, changed
    excepted = user("excepted")
    exemptions.make(excepted, later, "on a journey", actor=clerk)


def _remind() -> None:
    """The first reminder of the roll-out is due."""
    first = Reminder.objects.order_by("due_at").first()
    assert first
    Reminder.objects.filter(pk=first.pk).update(due_at=timezone.now() - timedelta(minutes=1))
    assert reminders.write_due()


def _give_help_code() -> str:
    phone = phones.of(user("lost-phone"))
    assert phone
    made = helpcodes.issue(user("lost-phone"), (phone.pk, 0), actor=user(SUPERUSER), reason="lost")
    assert isinstance(made, tuple), made
    return made[1]


def _make_recovery_codes() -> str:
    """One of ten, of who has an app."""
    made = recoverycodes.make(user("app"))
    assert isinstance(made, list)
    return made[0]


def _add_app() -> str:
    """Its key. The code of a step before proves it: that of now is still good."""
    offered = authenticators.offer(user("app"), "filled")
    step = int(timezone.now().timestamp()) // authenticators.STEP
    assert isinstance(authenticators.add(offered, step - 1, "FreeOTP"), Authenticator)
    return offered.typed


def _add_passkey() -> dict[str, Any]:
    """Of a security key, which counts its uses."""
    browser = person("passkey")
    browser.sign_in()
    return add_passkey(browser).kept()


def _begin(name: str) -> dict[str, Any]:
    """Somebody waits for the code, which is on its way."""
    browser = person(name)
    browser.enter_password()
    return {"cookies": cookies_of(browser), "code": memory.outbox[-1].code}


def _pause() -> None:
    browser = person("paused")
    browser.enter_password()
    wrong = f"{(int(str(memory.outbox[-1].code)) + 1) % 1_000_000:06}"
    with override_settings(SMS_CODE_TRIES=100):
        while guesses.paused(user("paused")) is None:
            browser.post("/sign-in/code/", {"code": wrong})


def _show_qr_code() -> str:
    made = links.make(user("qr"), "iPhone")
    assert isinstance(made, tuple), made
    return made[1]


def _grant_addresses() -> None:
    for name, receives in (("press", True), ("off", False)):
        aliases.grant(Alias(address=address(name), user=user("mail"), receives=receives), by=user(SUPERUSER))


def _know_networks() -> None:
    known = KnownNetwork(cidr=SHARED, kind=KnownNetwork.Kind.SHARED, note="a reading room")
    networks.keep(known, by=user(SUPERUSER))


def _fail(name: str, where: str, times: int) -> None:
    for _ in range(times):
        decision.verify(decision.Login(address(name), "wrong", "imap", where))


def _ban() -> None:
    for where in (BANNED, LIFTED):
        _fail("mail", where, settings.BAN_AFTER_FAILURES)
    assert bans.lift(Ban.objects.get(network__startswith=LIFTED), user(SUPERUSER), reason="an old phone")
    _fail("mail", NINE, settings.BAN_AFTER_FAILURES - 1)
    _fail("shared", IN_SHARED, settings.BAN_AFTER_FAILURES)


def _import(cookies: dict[str, str]) -> None:
    """A file that was checked and waits for its clerk."""
    file = "mailbox address,name,department\nimported@example.edu,李一,历史系\n"
    row = hand_in(person(SUPERUSER, cookies), file.encode())
    assert row.version, row.report


def _edit(cookies: dict[str, str]) -> None:
    edit(person(SUPERUSER, cookies), person("planned"), name="王五")


def _read_mail() -> None:
    """With an app password, which the write-behind notes later in a real process."""
    owner, kept = user("mail"), passwords.of(user("mail")).get(name="kept")
    last_use.note([last_use.Use(kept.pk, "imap", ELSEWHERE, timezone.now())])
    FirstUse.objects.create(password=kept, protocol="imap", at=timezone.now(), address=ELSEWHERE)
    maillogins.note(owner.pk, "imap", str(maillogins.Method.APP_PASSWORD), ELSEWHERE, timezone.now())


def _end() -> None:
    """The last day of somebody is over."""
    yesterday = timezone.localdate() - timedelta(days=1)
    User.objects.filter(pk=user("left").pk).update(last_day=yesterday)
    closures.run()
